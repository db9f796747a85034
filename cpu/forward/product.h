// The innermost loop: a few rows times a panel of columns, sums in registers.
//
// Both operands are streams of 32-bit units: a float, or where the machine multiplies bfloat16, a
// pair of them (neighbours in the dimension that is summed over). Units travel as float bits.
#pragma once

#include "half.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

constexpr int kPanel = 2 * kLanes;  // columns side by side in memory

struct FloatUnit {
  static constexpr int kPack = 1;  // elements a unit
  static Vec multiply_add(Vec a, Vec b, Vec sum) { return a * b + sum; }
  static Vec pack(Vec elements, Vec /*next*/) { return elements; }
};

#if defined(__AVX512BF16__)
struct BFloat16Unit {
  static constexpr int kPack = 2;
  static Vec multiply_add(Vec a, Vec b, Vec sum) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
  static Vec pack(Vec elements, Vec next) {
    return reinterpret_cast<Vec>(_mm512_cvtne2ps_pbh(next, elements));
  }
};
#endif

// sums[r][v] += a(r, k) * b(k, v) for k in [0, depth)
template <class Unit, int kRowStride, int kDepthStride, int kR, int kV>
inline void multiply(const float* a, const float* b, int64_t depth, Vec (&sums)[kR][kV]) {
#pragma GCC unroll 4
  for (int64_t k = 0; k < depth; ++k) {
    Vec columns[kV];
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) columns[v] = load(b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      const Vec row = splat(a[r * kRowStride]);
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) sums[r][v] = Unit::multiply_add(row, columns[v], sums[r][v]);
    }
    a += kDepthStride;
    b += kPanel;
  }
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
