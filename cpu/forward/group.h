// The steps of a tile for a group of kR rows: scores, weights, results.
//
// A panel's product is a function of its own: inlined beside the softmax, it lost registers to that
// one's constants, and AVX2, which has 16, loaded each column again for every row.
#pragma once

#include "softmax.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

template <class Unit, int kR, int kV>
[[gnu::noinline]] void score_panel(const float* queries, const float* keys, int64_t depth,
                                   float* scores) {
  Vec sums[kR][kV] = {};
  multiply<Unit, 1, kR>(queries, keys, depth, sums);
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) store(scores + r * kMaxBlockN + v * kLanes, sums[r][v]);
  }
}

// scores = queries * keys; `ahead` gets its turns.
template <class Unit, int kR, class T>
inline void score(const float* queries, const float* keys, int64_t depth, const Columns& columns,
                  float* scores, Ahead<T>& ahead) {
  int32_t key = columns.begin;
  for (; key + kPanel <= columns.end; key += kPanel) {
    ahead.some();
    score_panel<Unit, kR, 2>(queries, keys + key * depth, depth, scores + key);
  }
  if (key < columns.end) {
    ahead.some();
    score_panel<Unit, kR, 1>(queries, keys + key * depth, depth, scores + key);
  }
}

template <int kV, class Unit, int kR>
[[gnu::noinline]] void attend_panel(const float* weights, const float* values, int64_t depth,
                                    const float (&rescale)[kR], float* results, int64_t width) {
  Vec sums[kR][kV];
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) {
      sums[r][v] = load(results + r * width + v * kLanes) * splat(rescale[r]);
    }
  }
  multiply<Unit, kMaxBlockN, 1>(weights, values, depth, sums);
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) store(results + r * width + v * kLanes, sums[r][v]);
  }
}

// results = results * rescale + weights * values, for one half of the value. Keys [begin, end).
template <class Unit, int kR>
inline void attend(const float* weights, const float* values, int64_t panel_floats, int32_t begin,
                   int32_t end, const float (&rescale)[kR], float* results, int64_t width,
                   int64_t half_width) {
  const int64_t first = begin / Unit::kPack;
  const int64_t depth = units<Unit>(end - begin);
  weights += first;
  values += first * kPanel;
  int64_t column = 0;
  for (; column + kPanel <= half_width; column += kPanel, values += panel_floats) {
    attend_panel<2, Unit>(weights, values, depth, rescale, results + column, width);
  }
  if (column < half_width) {
    attend_panel<1, Unit>(weights, values, depth, rescale, results + column, width);
  }
}

// Scores of keys that the row does not see become -infinity.
inline void hide(const Visible& visible, const Columns& columns, float* scores) {
  for (int32_t key = columns.begin; key < columns.end; key += kLanes) {
    store(scores + key, visible.lanes(key) ? load(scores + key) : splat(-kInfinity));
  }
}

// Calls step(integral_constant kR, first row) for groups that cover the rows.
template <class Step>
inline void for_each_group(int64_t rows, const Step& step) {
  int64_t row = 0;
  const auto take = [&]<int kR>(std::integral_constant<int, kR> size) {
    for (; rows - row >= kR; row += kR) step(size, row);
  };
  take(std::integral_constant<int, kRows>());
  if constexpr (kRows > 8) take(std::integral_constant<int, 8>());
  take(std::integral_constant<int, 4>());
  take(std::integral_constant<int, 2>());
  take(std::integral_constant<int, 1>());
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
