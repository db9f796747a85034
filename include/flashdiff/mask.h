// Which keys a query sees: the definition. cuda/hopper/bounds.cuh restates it for a main loop.
//
// Query i stands at position p = i + seqlen_k - seqlen_q among the keys (bottom-right alignment).
// It sees key j when
//   causal        j <= p
//   and           p - window_left <= j <= p + window_right, or j < sinks
// so the visible keys of a row are at most two intervals: the sinks and the window.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define FLASHDIFF_HOST_DEVICE __host__ __device__
#else
#define FLASHDIFF_HOST_DEVICE
#endif

namespace flashdiff {

// Half-open interval of key positions; empty when end <= begin.
struct KeyRange {
  int32_t begin;
  int32_t end;
};

struct Mask {
  static constexpr int32_t kUnbounded = -1;

  int32_t seqlen_q = 0;
  int32_t seqlen_k = 0;
  bool causal = false;
  int32_t window_left = kUnbounded;
  int32_t window_right = kUnbounded;
  int32_t sinks = 0;

  // 64-bit: position plus window may pass 2^31.
  FLASHDIFF_HOST_DEVICE constexpr int64_t position(int32_t row) const {
    return int64_t{row} + seqlen_k - seqlen_q;
  }

  FLASHDIFF_HOST_DEVICE constexpr int32_t clamp(int64_t key) const {
    return key < 0 ? 0 : key > seqlen_k ? seqlen_k : static_cast<int32_t>(key);
  }

  // Keys before this are not cut by `causal`.
  FLASHDIFF_HOST_DEVICE constexpr int32_t causal_end(int32_t row) const {
    return causal ? clamp(position(row) + 1) : seqlen_k;
  }

  FLASHDIFF_HOST_DEVICE constexpr int32_t window_begin(int32_t row) const {
    return window_left == kUnbounded ? 0 : clamp(position(row) - window_left);
  }

  FLASHDIFF_HOST_DEVICE constexpr int32_t window_end(int32_t row) const {
    const int32_t causal_limit = causal_end(row);
    if (window_right == kUnbounded) return causal_limit;
    const int32_t window_limit = clamp(position(row) + window_right + 1);
    return window_limit < causal_limit ? window_limit : causal_limit;
  }

  FLASHDIFF_HOST_DEVICE constexpr int32_t sink_end(int32_t row) const {
    const int32_t causal_limit = causal_end(row);
    return sinks < causal_limit ? sinks : causal_limit;
  }

  FLASHDIFF_HOST_DEVICE constexpr bool visible(int32_t row, int32_t key) const {
    return key < sink_end(row) || (key >= window_begin(row) && key < window_end(row));
  }

  // Every bound above grows with the row, so the keys seen by some row of [first, last] are the
  // union of these two intervals, and those seen by every row their intersections.
  FLASHDIFF_HOST_DEVICE constexpr KeyRange sinks_of_any(int32_t /*first*/, int32_t last) const {
    return {0, sink_end(last)};
  }
  FLASHDIFF_HOST_DEVICE constexpr KeyRange window_of_any(int32_t first, int32_t last) const {
    return {window_begin(first), window_end(last)};
  }
  FLASHDIFF_HOST_DEVICE constexpr KeyRange sinks_of_all(int32_t first, int32_t /*last*/) const {
    return {0, sink_end(first)};
  }
  FLASHDIFF_HOST_DEVICE constexpr KeyRange window_of_all(int32_t first, int32_t last) const {
    return {window_begin(last), window_end(first)};
  }
};

}  // namespace flashdiff
