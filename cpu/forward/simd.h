// The vector of the instruction set this file is compiled for, as the compilers' own vector type;
// intrinsics only where the compilers do not find the instruction.
//
// Everything in forward/ lives in a namespace named after the instruction set: one binary holds
// several builds of these files, and a function of one must never stand in for another's.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace flashdiff::cpu::FLASHDIFF_ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr int kRows = 12;  // of a product held in registers: 24 sums, 2 columns, 1 row of 32
#elif defined(__AVX2__)
constexpr int kLanes = 8;
constexpr int kRows = 6;  // 12 sums, 2 columns, 1 row of 16
#else
constexpr int kLanes = 4;
#if defined(__aarch64__)
constexpr int kRows = 12;
#else
constexpr int kRows = 6;
#endif
#endif

using Vec [[gnu::vector_size(kLanes * 4)]] = float;
using VecI [[gnu::vector_size(kLanes * 4)]] = int32_t;
using VecU [[gnu::vector_size(kLanes * 4)]] = uint32_t;
using VecH [[gnu::vector_size(kLanes * 2)]] = uint16_t;

constexpr float kInfinity = __builtin_inff();

// Vectors may start at any address.
template <class V>
inline V load_as(const void* from) {
  V value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class V>
inline void store_as(void* to, V value) {
  std::memcpy(to, &value, sizeof value);
}

inline Vec load(const float* from) { return load_as<Vec>(from); }
inline void store(float* to, Vec value) { store_as(to, value); }
inline VecU bits_of(Vec value) { return reinterpret_cast<VecU>(value); }
inline Vec from_bits(VecU bits) { return reinterpret_cast<Vec>(bits); }

using Lanes = std::make_integer_sequence<int, kLanes>;

template <int... kLane>
inline Vec splat(float value, std::integer_sequence<int, kLane...>) {
  return Vec{(static_cast<void>(kLane), value)...};
}
// Bit for bit.
inline Vec splat(float value) { return splat(value, Lanes()); }
inline VecI splat(int32_t value) { return VecI{} + value; }

template <int... kLane>
constexpr VecI count_lanes(std::integer_sequence<int, kLane...>) {
  return VecI{kLane...};
}
constexpr VecI kLaneIndex = count_lanes(Lanes());

// Where either is NaN, `b`.
inline Vec max(Vec a, Vec b) {
#if defined(__AVX512F__)
  return _mm512_max_ps(a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}

template <int kStep, int... kLane>
inline Vec exchange_lanes(Vec value, std::integer_sequence<int, kLane...>) {
  return __builtin_shufflevector(value, value, (kLane ^ kStep)...);
}

// Each group of 2 kStep lanes into all of them, halves onto halves.
template <int kStep = kLanes / 2, class Join>
inline Vec reduce(Vec value, const Join& join) {
  if constexpr (kStep == 0) {
    return value;
  } else {
    return reduce<kStep / 2>(join(value, exchange_lanes<kStep>(value, Lanes())), join);
  }
}

inline Vec add(Vec a, Vec b) { return a + b; }

inline float reduce_max(Vec value) { return reduce(value, max)[0]; }
inline float reduce_add(Vec value) { return reduce(value, add)[0]; }

// Folds groups of kGroup lanes, halves onto halves: those of `a`, and behind them those of `b`.
template <int kGroup, int... kLane>
inline Vec fold(Vec a, Vec b, std::integer_sequence<int, kLane...>) {
  constexpr int kHalf = kGroup / 2;
  const auto from = [](int lane) constexpr {
    const int within = lane % (kLanes / 2);
    const int source = lane < kLanes / 2 ? 0 : kLanes;
    return source + within / kHalf * kGroup + within % kHalf;
  };
  return __builtin_shufflevector(a, b, from(kLane)...) +
         __builtin_shufflevector(a, b, (from(kLane) + kHalf)...);
}

// to[i] = reduce_add(values[i]), bit for bit.
template <int kGroup = kLanes, int kCount>
inline void reduce_add(const Vec (&values)[kCount], float* to) {
  if constexpr (kCount == 1) {
    const Vec sums = reduce<kGroup / 2>(values[0], add);
    for (int i = 0; i < kLanes / kGroup; ++i) to[i] = sums[i * kGroup];
  } else {
    Vec folded[kCount / 2];
#pragma GCC unroll 8
    for (int i = 0; i < kCount / 2; ++i) {
      folded[i] = fold<kGroup>(values[2 * i], values[2 * i + 1], Lanes());
    }
    reduce_add<kGroup / 2>(folded, to);
  }
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
