// A square of kLanes x kLanes 32-bit elements, transposed in registers.
#pragma once

#include "simd.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

// Exchanges the odd blocks of `a` with the even blocks of `b`, blocks of kWidth lanes.
template <int kWidth, int... kLane>
inline void exchange(Vec& a, Vec& b, std::integer_sequence<int, kLane...>) {
  const Vec even =
      __builtin_shufflevector(a, b, ((kLane & kWidth) == 0 ? kLane : kLane - kWidth + kLanes)...);
  const Vec odd =
      __builtin_shufflevector(a, b, ((kLane & kWidth) == 0 ? kLane + kWidth : kLane + kLanes)...);
  a = even;
  b = odd;
}

template <int kWidth = 1>
inline void transpose(Vec (&rows)[kLanes]) {
  if constexpr (kWidth < kLanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if ((i & kWidth) != 0) continue;
      exchange<kWidth>(rows[i], rows[i + kWidth], std::make_integer_sequence<int, kLanes>());
    }
    transpose<2 * kWidth>(rows);
  }
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
