// 2^x for x <= 0 (and NaN, kept): within 2 ulp down to 2^-126, below that 0 or a subnormal.
#pragma once

#include "simd.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

// Minimax of the relative error of 2^r on [-1/2, 1/2], exact at 0: 2.6e-9 before rounding. The
// upper terms are summed in pairs, which wait for each other less than one after another; the last
// two steps are not, since their rounding shows.
inline Vec exp2_reduced(Vec r) {
  const Vec r2 = r * r;
  const Vec low = r * splat(5.55031055e-2f) + splat(2.40226528e-1f);
  const Vec high = r * splat(1.34066438e-3f) + splat(9.61769298e-3f);
  const Vec p = (r2 * splat(1.5594677e-4f) + high) * r2 + low;
  return (p * r + splat(6.93147215e-1f)) * r + splat(1.0f);
}

inline Vec exp2(Vec x) {
#if defined(__AVX512F__)
  const Vec n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  return _mm512_scalef_ps(exp2_reduced(x - n), n);
#else
  // Adding 1.5 * 2^23 leaves the nearest integer in the low bits. The scale 2^n is built from them,
  // and is 0 for -127.
  const Vec magic = splat(12582912.0f);
  const Vec clamped = max(splat(-127.0f), x);
  const Vec shifted = clamped + magic;
  const Vec n = shifted - magic;
  const Vec scale = from_bits((bits_of(shifted) + 127) << 23);
  return exp2_reduced(clamped - n) * scale;
#endif
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
