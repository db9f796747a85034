// Operands in the order the product reads them, converted on the way: queries [unit][row], keys
// [panel][unit][key], values [panel][pair or key][column]. What is padded is zero.
#pragma once

#include "product.h"
#include "transpose.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

template <class Unit>
constexpr int64_t units(int64_t elements) {
  return (elements + Unit::kPack - 1) / Unit::kPack;
}
constexpr int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

// kLanes units of a row of `dim` elements, from unit `first` on.
template <class Unit, class T>
inline Vec load_units(const T* row, int64_t first, int64_t dim) {
  const int64_t begin = first * Unit::kPack;
  const int64_t count = dim - begin;
  if constexpr (Unit::kPack == 1) {
    return count >= kLanes ? widen(row + begin) : widen_some(row + begin, count);
  } else {
    if (count >= 2 * kLanes) return load_as<Vec>(row + begin);
    T elements[2 * kLanes] = {};
    std::memcpy(elements, row + begin, static_cast<size_t>(count) * sizeof(T));
    return load_as<Vec>(elements);
  }
}

// One query times `factor`, units kR apart. `row` has room for dim rounded up to 2 * kLanes.
template <class Unit, int kR, class T>
inline void pack_query(const T* query, int64_t dim, float factor, float* row, float* dst) {
  const int64_t padded = round_up(dim, 2 * kLanes);
  std::memset(row, 0, static_cast<size_t>(padded) * sizeof(float));
  widen_all(query, row, dim);
  for (int64_t i = 0; i < dim; ++i) row[i] *= factor;
  const int64_t count = units<Unit>(dim);
  for (int64_t u = 0; u < count; u += kLanes) {
    float packed[kLanes];
    const float* elements = row + u * Unit::kPack;
    store(packed, Unit::pack(load(elements), load(elements + (Unit::kPack - 1) * kLanes)));
    const int lanes = static_cast<int>(count - u < kLanes ? count - u : kLanes);
    for (int i = 0; i < lanes; ++i) std::memcpy(dst + (u + i) * kR, packed + i, sizeof(float));
  }
}

template <class Unit, class T>
void pack_keys(const T* keys, int64_t stride, int64_t count, int64_t dim, float* dst) {
  const int64_t depth = units<Unit>(dim);
  for (int64_t key = 0; key < count; key += kLanes) {
    float* column = dst + key / kPanel * kPanel * depth + key % kPanel;
    const int64_t present = count - key;
    for (int64_t unit = 0; unit < depth; unit += kLanes) {
      Vec square[kLanes];
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        square[i] = i < present ? load_units<Unit>(keys + (key + i) * stride, unit, dim) : Vec{};
      }
      transpose(square);
      const int64_t rows = depth - unit;
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        if (i < rows) store(column + (unit + i) * kPanel, square[i]);
      }
    }
  }
}

// kLanes columns of a unit of values: of the keys that are present, zero for the others.
template <class Unit, class T>
inline Vec load_values(const T* row, int64_t stride, int64_t column, int64_t dim,
                       const bool (&present)[Unit::kPack]) {
  const int64_t left = dim - column;
  const auto part = [&](int key) {
    if (!present[key]) return VecU{};
    const T* from = row + key * stride + column;
    return bits_of(left >= kLanes ? widen(from) : widen_some(from, left));
  };
  if constexpr (Unit::kPack == 1) {
    return from_bits(part(0));
  } else {
    return from_bits(part(0) >> 16 | part(1));
  }
}

// `capacity` is the number of keys a panel has room for. Returns whether every element is finite.
template <class Unit, class T>
inline bool pack_values(const T* values, int64_t stride, int64_t count, int64_t dim,
                        int64_t capacity, float* dst) {
  const int64_t panel_floats = capacity / Unit::kPack * kPanel;
  VecU largest = {};
  const auto note = [&largest](VecU bits) {
    const VecU magnitude = bits & 0x7fffffff;
    largest = magnitude > largest ? magnitude : largest;
  };
  for (int64_t key = 0; key < count; key += Unit::kPack) {
    bool present[Unit::kPack];
    for (int i = 0; i < Unit::kPack; ++i) present[i] = key + i < count;
    float* out = dst + key / Unit::kPack * kPanel;
    for (int64_t column = 0; column < dim; column += kLanes) {
      const Vec unit = load_values<Unit>(values + key * stride, stride, column, dim, present);
      store(out + column / kPanel * panel_floats + column % kPanel, unit);
      note(bits_of(unit));
      if constexpr (Unit::kPack == 2) note(bits_of(unit) << 16);
    }
  }
  uint32_t worst = 0;
  for (int i = 0; i < kLanes; ++i) worst = largest[i] > worst ? largest[i] : worst;
  return worst < 0x7f800000;
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
