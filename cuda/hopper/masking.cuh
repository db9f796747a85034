// Hides scores of keys that a row does not see, as bounds.cuh says.
#pragma once

#include <cstdint>

#include "bounds.cuh"

namespace flashdiff::cuda::hopper {

// Bits i with 8 i < limit.
__device__ __forceinline__ uint32_t octets_below(int32_t limit) {
  const int32_t count = min(max((limit + 7) >> 3, 0), 32);
  return count == 32 ? ~0u : (1u << count) - 1;
}

// `row`: the query of this thread's first row; `key`: that of its first column. A thread has every
// eighth column and its neighbour, so a word holds who is visible in a row. `hidden`: what scores
// of a row become.
template <int kCount>
__device__ __forceinline__ void apply_mask(float (&s)[kCount], const float (&hidden)[2],
                                           const Bounds& bounds, int32_t row, int32_t key) {
  static_assert(kCount / 4 <= 32);
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const int32_t sink_end = bounds.sink_end(row + 8 * r) - key;
    const int32_t window_begin = bounds.window_begin(row + 8 * r) - key;
    const int32_t window_end = bounds.window_end(row + 8 * r) - key;
#pragma unroll
    for (int c = 0; c < 2; ++c) {
      const uint32_t visible = (octets_below(window_end - c) & ~octets_below(window_begin - c)) |
                               octets_below(sink_end - c);
#pragma unroll
      for (int i = 0; i < kCount / 4; ++i) {
        if ((visible >> i & 1) == 0) s[4 * i + 2 * r + c] = hidden[r];
      }
    }
  }
}

}  // namespace flashdiff::cuda::hopper
