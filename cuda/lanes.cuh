// What the lanes of a warp tell each other.
#pragma once

#include <cstdint>

namespace flashdiff::cuda {

inline constexpr uint32_t kFullWarp = 0xFFFFFFFF;

// Over four neighbouring lanes, which share a row of an accumulator.
__device__ __forceinline__ float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(kFullWarp, x, 1));
  return fmaxf(x, __shfl_xor_sync(kFullWarp, x, 2));
}

__device__ __forceinline__ float quad_sum(float x) {
  x += __shfl_xor_sync(kFullWarp, x, 1);
  return x + __shfl_xor_sync(kFullWarp, x, 2);
}

}  // namespace flashdiff::cuda
