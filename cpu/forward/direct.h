// A block of few rows, as in decoding: bound by memory, so keys and values are read where they lie,
// once, and nothing is packed. Each row meets exactly the keys it sees.
#pragma once

#include "group.h"
#include "ranges.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

// Rows from which packing pays.
constexpr int64_t kDirectRows = 4;

template <class T>
class DirectBlock {
 public:
  DirectBlock(const ForwardParams& p, const Block& block, float* state, float* scratch)
      : p_(p),
        rows_(p, block),
        state_(p, block.row_end - block.row_begin, state),
        dim_(round_up(p.head_dim, kLanes)),
        row_bytes_(p.head_dim * static_cast<int64_t>(sizeof(T))),
        scale_(p.softmax_scale),
        scores_(scratch),
        queries_(scratch + 2 * kTile) {}

  static size_t scratch_floats(const ForwardParams& p) {
    return static_cast<size_t>(2 * kTile + 2 * kDirectRows * round_up(p.head_dim, kLanes));
  }

  void run() {
    state_.clear();
    for (int map = 0; map < 2; ++map) {
      for (int64_t row = 0; row < state_.rows; ++row) load_query(map, row);
    }
    const KeyRange limits = {rows_.block.key_begin, rows_.block.key_end};
    const KeyRanges ranges =
        seen_by_any(p_.mask, rows_.query(0), rows_.query(state_.rows - 1), limits);
    for (int i = 0; i < ranges.count; ++i) {
      const KeyRange& range = ranges.range[i];
      for (int32_t key = range.begin; key < range.end;) {
        const KeyRange tile = {key, range.end - key < kTile ? range.end : key + kTile};
        for (int64_t row = 0; row < state_.rows; ++row) advance(row, tile);
        key = tile.end;
      }
    }
  }

 private:
  static constexpr int kTile = 32;  // keys; while one tile is used, the next is fetched
  static constexpr int kColumns = kRows > 8 ? 8 : 4;  // vectors of both results in registers

  float* query(int map, int64_t row) const { return queries_ + (map * kDirectRows + row) * dim_; }

  void load_query(int map, int64_t row) {
    float* to = query(map, row);
    std::memset(to, 0, static_cast<size_t>(dim_) * sizeof(float));
    widen_all(rows_.q(map, row), to, p_.head_dim);
    for (int64_t i = 0; i < dim_; ++i) to[i] *= scale_.sign;
  }

  void advance(int64_t row, KeyRange tile) {
    const int32_t query = rows_.query(row);
    const KeyRanges seen = seen_by_any(p_.mask, query, query, tile);
    for (int i = 0; i < seen.count; ++i) step(row, seen.range[i]);
  }

  void step(int64_t row, KeyRange keys) {
    const int32_t count = keys.end - keys.begin;
    for (int32_t i = 0; i < count; ++i) {
      for (int map = 0; map < 2; ++map) {
        const T* key = rows_.k(map, keys.begin + i);
        if (row == 0) fetch(key + kTile * p_.k_strides.seq, row_bytes_);
        scores_[map * kTile + i] = dot(query(map, row), key);
      }
    }
    const Columns columns = {0, static_cast<int32_t>(round_up(count, kLanes))};
    const Softmax softmax{scale_.log2};
    float rescale[2];
    for (int map = 0; map < 2; ++map) {
      float* scores = scores_ + map * kTile;
      for (int32_t i = count; i < columns.end; ++i) scores[i] = -kInfinity;
      float factor[1];
      softmax.advance<FloatUnit>(scores, columns, state_.row_max(map) + row,
                                 state_.row_sum(map) + row, factor);
      rescale[map] = factor[0];
    }
    for (int half = 0; half < value_halves(p_); ++half) {
      int64_t column = half * state_.half_width;
      const T* values = rows_.v(half, keys.begin);
      int64_t left = p_.head_dim;
      for (; left >= kColumns * kLanes; left -= kColumns * kLanes) {
        attend<kColumns>(row, column, values, kColumns * kLanes, count, rescale);
        column += kColumns * kLanes;
        values += kColumns * kLanes;
      }
      for (; left > 0; left -= kLanes) {
        attend<1>(row, column, values, left < kLanes ? left : kLanes, count, rescale);
        column += kLanes;
        values += kLanes;
      }
    }
  }

  float dot(const float* query, const T* key) const {
    Vec sums[4] = {};
    int64_t i = 0;
    for (; i + 4 * kLanes <= p_.head_dim; i += 4 * kLanes) {
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        sums[v] += load(query + i + v * kLanes) * widen(key + i + v * kLanes);
      }
    }
    for (; i + kLanes <= p_.head_dim; i += kLanes) sums[0] += load(query + i) * widen(key + i);
    if (i < p_.head_dim) sums[1] += load(query + i) * widen_some(key + i, p_.head_dim - i);
    return reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
  }

  // Both maps' results of kV vectors, `left` elements; under kLanes only in the last of a value.
  template <int kV>
  void attend(int64_t row, int64_t column, const T* values, int64_t left, int32_t count,
              const float (&rescale)[2]) {
    float* results[2] = {state_.result(0, row) + column, state_.result(1, row) + column};
    Vec sums[2][kV];
    for (int map = 0; map < 2; ++map) {
#pragma GCC unroll 8
      for (int v = 0; v < kV; ++v) {
        sums[map][v] = load(results[map] + v * kLanes) * splat(rescale[map]);
      }
    }
    for (int32_t i = 0; i < count; ++i, values += p_.v_strides.seq) {
      if (row == 0)
        fetch(values + kTile * p_.v_strides.seq, left * static_cast<int64_t>(sizeof(T)));
      const Vec weights[2] = {splat(scores_[i]), splat(scores_[kTile + i])};
#pragma GCC unroll 8
      for (int v = 0; v < kV; ++v) {
        const Vec value = left >= kLanes ? widen(values + v * kLanes) : widen_some(values, left);
        sums[0][v] += weights[0] * value;
        sums[1][v] += weights[1] * value;
      }
    }
    for (int map = 0; map < 2; ++map) {
#pragma GCC unroll 8
      for (int v = 0; v < kV; ++v) store(results[map] + v * kLanes, sums[map][v]);
    }
  }

  const ForwardParams& p_;
  const Rows<T> rows_;
  const State state_;
  const int64_t dim_;
  const int64_t row_bytes_;
  const Scale scale_;
  float* const scores_;
  float* const queries_;
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
