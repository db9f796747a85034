// Loads 8 x 8 matrices of 16-bit elements from shared memory into registers, sm_75 and later.
#pragma once

#include <cstdint>

namespace flashdiff::cuda::ptx {

// Lane i gives the address of row i % 8 of matrix i / 8 (16 bytes, aligned). Register j then holds,
// of matrix j, columns 2t and 2t + 1 of row g, with g = lane / 4 and t = lane % 4.
__device__ inline void ldmatrix_x4(uint32_t (&r)[4], uint32_t shared_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address)
               : "memory");
}

// The same of each matrix transposed.
__device__ inline void ldmatrix_x4_trans(uint32_t (&r)[4], uint32_t shared_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address)
               : "memory");
}

}  // namespace flashdiff::cuda::ptx
