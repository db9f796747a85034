// Elements in memory and their float32 values. Rounding is to nearest even; a NaN stays a NaN and
// becomes quiet.
#pragma once

#include "simd.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

struct Float16 {
  uint16_t bits;
};
struct BFloat16 {
  uint16_t bits;
};

inline Vec widen(const float* from) { return load(from); }

inline Vec widen(const BFloat16* from) {
  const VecH half = load_as<VecH>(from);
#if defined(__AVX512F__)
  const auto wide = reinterpret_cast<VecU>(_mm512_cvtepu16_epi32(reinterpret_cast<__m256i>(half)));
#elif defined(__AVX2__)
  const auto wide = reinterpret_cast<VecU>(_mm256_cvtepu16_epi32(reinterpret_cast<__m128i>(half)));
#else
  const VecU wide = __builtin_convertvector(half, VecU);
#endif
  return from_bits(wide << 16);
}

inline Vec widen(const Float16* from) {
  const VecH half = load_as<VecH>(from);
#if defined(__AVX512F__)
  return _mm512_cvtph_ps(reinterpret_cast<__m256i>(half));
#elif defined(__AVX2__)
  return _mm256_cvtph_ps(reinterpret_cast<__m128i>(half));
#else
  // Exponent and mantissa as float32 bits are the value times 2^-112, exactly; subnormals too.
  const VecU wide = __builtin_convertvector(half, VecU);
  const VecU magnitude = (wide & 0x7fff) << 13;
  const VecU finite = bits_of(from_bits(magnitude) * 0x1p112f);
  const VecU special = magnitude | 0x7f800000;
  const VecU quiet = magnitude > 0x0f800000 ? special | 0x400000 : special;
  return from_bits((magnitude >= 0x0f800000 ? quiet : finite) | (wide & 0x8000) << 16);
#endif
}

inline void narrow(Vec value, float* to) { store(to, value); }

inline VecU to_bfloat16(Vec value) {
  const VecU bits = bits_of(value);
  const VecU rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded;
}

inline void narrow(Vec value, BFloat16* to) {
  store_as(to, __builtin_convertvector(to_bfloat16(value), VecH));
}

inline void narrow(Vec value, Float16* to) {
#if defined(__AVX512F__)
  store_as(to, _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#elif defined(__AVX2__)
  store_as(to, _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
#else
  const VecU bits = bits_of(value);
  const VecU magnitude = bits & 0x7fffffff;
  // Below 2^-14 the sum with 1/2 rounds at the last bit of a subnormal half.
  const VecU subnormal = bits_of(from_bits(magnitude) + 0.5f) - 0x3f000000;
  const VecU normal = (magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  const VecU nan = (magnitude >> 13 & 0x3ff) | 0x7e00;
  VecU half = magnitude < 0x38800000 ? subnormal : normal;
  half = magnitude >= 0x477ff000 ? VecU{} + 0x7c00 : half;  // 65520 and up round to infinity
  half = magnitude > 0x7f800000 ? nan : half;
  store_as(to, __builtin_convertvector(half | (bits >> 16 & 0x8000), VecH));
#endif
}

// The first `count` < kLanes elements; zeros behind them.
template <class T>
inline Vec widen_some(const T* from, int64_t count) {
  T elements[kLanes] = {};
  std::memcpy(elements, from, static_cast<size_t>(count) * sizeof(T));
  return widen(elements);
}

template <class T>
inline void narrow_some(Vec value, T* to, int64_t count) {
  T elements[kLanes];
  narrow(value, elements);
  std::memcpy(to, elements, static_cast<size_t>(count) * sizeof(T));
}

template <class T>
void widen_all(const T* src, float* dst, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(dst + i, widen(src + i));
  if (i < count) narrow_some(widen_some(src + i, count - i), dst + i, count - i);
}

template <class T>
void narrow_all(const float* src, T* dst, int64_t count) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) narrow(load(src + i), dst + i);
  if (i < count) narrow_some(widen_some(src + i, count - i), dst + i, count - i);
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
