// The tensor memory accelerator: boxes of a 4-D tensor into shared memory, completing on an
// mbarrier. Elements of a box that lie outside the tensor arrive as zeros and count as bytes.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "shared.cuh"

namespace flashdiff::cuda::ptx {

// c0 is the coordinate in the contiguous dimension.
__device__ __forceinline__ void tma_load(void* dst, const CUtensorMap* map, uint64_t* barrier,
                                         int32_t c0, int32_t c1, int32_t c2, int32_t c3) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      " [%0], [%1, {%3, %4, %5, %6}], [%2];" ::"r"(shared_address(dst)),
      "l"(map), "r"(shared_address(barrier)), "r"(c0), "r"(c1), "r"(c2), "r"(c3)
      : "memory");
}

}  // namespace flashdiff::cuda::ptx
