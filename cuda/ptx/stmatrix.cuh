// stmatrix: four 8x8 tiles of 16-bit elements from registers to shared memory.
#pragma once

#include <cstdint>

#include "shared.cuh"

namespace flashdiff::cuda::ptx {

// Lane l gives the address of row l % 8 of tile l / 8; register i holds this lane's two elements of
// tile i.
__device__ __forceinline__ void stmatrix_x4(void* row, uint32_t r0, uint32_t r1, uint32_t r2,
                                            uint32_t r3) {
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(shared_address(row)),
      "r"(r0), "r"(r1), "r"(r2), "r"(r3)
      : "memory");
}

}  // namespace flashdiff::cuda::ptx
