// include/flashdiff/mask.h in 32-bit arithmetic that costs a main loop no registers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "flashdiff/mask.h"

namespace flashdiff::cuda::hopper {

// A row sees key j when j < sink_end(row), or window_begin(row) <= j < window_end(row). The bounds
// grow with the row; they may lie before key 0, and window_begin() after the last.
struct Bounds {
  int32_t seqlen_k;
  int32_t sinks;
  int32_t causal_offset;  // these three from the row
  int32_t begin_offset;
  int32_t end_offset;

  Bounds() = default;
  explicit Bounds(const Mask& mask) : seqlen_k(mask.seqlen_k), sinks(mask.sinks) {
    constexpr int64_t kFar = 1 << 30;
    const auto offset = [&](bool bounded, int64_t distance, int64_t unbounded) {
      const int64_t position = int64_t{mask.seqlen_k} - mask.seqlen_q;
      const int64_t value = bounded ? position + distance : unbounded;
      return static_cast<int32_t>(std::clamp(value, -kFar, kFar));
    };
    causal_offset = offset(mask.causal, 1, kFar);
    begin_offset = offset(mask.window_left != Mask::kUnbounded, -int64_t{mask.window_left}, -kFar);
    end_offset = std::min(causal_offset, offset(mask.window_right != Mask::kUnbounded,
                                                int64_t{mask.window_right} + 1, kFar));
  }

  __device__ __forceinline__ int32_t sink_end(int32_t row) const {
    return min(min(sinks, seqlen_k), row + causal_offset);
  }
  __device__ __forceinline__ int32_t window_begin(int32_t row) const {
    return max(row + begin_offset, 0);
  }
  __device__ __forceinline__ int32_t window_end(int32_t row) const {
    return min(row + end_offset, seqlen_k);
  }
};

}  // namespace flashdiff::cuda::hopper
