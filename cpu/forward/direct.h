// A block of few rows, as in decoding: bound by memory, so keys and values are read once and where
// they lie, tile by tile over all kv heads of the block. As heads lie side by side that is the
// order of the memory, and the next tile is fetched in it. Each row meets exactly the keys it sees.
#pragma once

#include "group.h"
#include "ranges.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

// Up to here packing does not pay.
constexpr int64_t kFewRows = 4;

template <class T>
class DirectBlock {
 public:
  DirectBlock(const ForwardParams& p, const Block& block, float* states, float* scratch)
      : p_(p),
        block_(block),
        row_count_(block.row_end - block.row_begin),
        dim_(round_up(p.head_dim, kLanes)),
        row_bytes_(p.head_dim * static_cast<int64_t>(sizeof(T))),
        scale_(p.softmax_scale),
        states_(states),
        scores_(scratch),
        queries_(scratch + 2 * kTile) {}

  static size_t scratch_floats(const ForwardParams& p, const Tiling& tiling) {
    const int64_t queries = 2 * int64_t{tiling.kv_heads} * tiling.block_m;
    return static_cast<size_t>(2 * kTile + queries * round_up(p.head_dim, kLanes));
  }

  void run() {
    for (int32_t h = 0; h < block_.kv_heads; ++h) {
      head(h).state.clear();
      for (int map = 0; map < 2; ++map) {
        for (int64_t row = 0; row < row_count_; ++row) load_query(head(h), map, row);
      }
    }
    const Rows<T> rows = head(0).rows;
    const KeyRange limits = {block_.key_begin, block_.key_end};
    const KeyRanges ranges =
        seen_by_any(p_.mask, rows.query(0), rows.query(row_count_ - 1), limits);
    for (int i = 0; i < ranges.count; ++i) {
      for (KeyRange tile = next_tile(ranges.range[i], ranges.range[i].begin); !is_empty(tile);
           tile = next_tile(ranges.range[i], tile.end)) {
        next_keys_ = next_values_ = {tile.end, 0};
        for (int32_t h = 0; h < block_.kv_heads; ++h) {
          for (int64_t row = 0; row < row_count_; ++row) advance(head(h), row, tile);
        }
      }
    }
  }

 private:
  static constexpr int kTile = 16;                    // keys
  static constexpr int kColumns = kRows > 8 ? 8 : 4;  // vectors of both results in registers

  struct Head {
    Rows<T> rows;
    State state;
    float* queries;  // [map][row][dim_]
  };

  // A row of keys or values that is yet to be fetched.
  struct Place {
    int32_t key;
    int32_t head;
  };

  Head head(int32_t h) const {
    return {Rows<T>(p_, block_, block_.kv_head + h),
            State(p_, row_count_, states_ + h * State::floats(p_, row_count_)),
            queries_ + h * 2 * row_count_ * dim_};
  }

  float* query(const Head& head, int map, int64_t row) const {
    return head.queries + (map * row_count_ + row) * dim_;
  }

  void load_query(const Head& head, int map, int64_t row) const {
    float* to = query(head, map, row);
    std::memset(to, 0, static_cast<size_t>(dim_) * sizeof(float));
    widen_all(head.rows.q(map, row), to, p_.head_dim);
    for (int64_t i = 0; i < dim_; ++i) to[i] *= scale_.sign;
  }

  static KeyRange next_tile(KeyRange range, int32_t begin) {
    return {begin, range.end - begin < kTile ? range.end : begin + kTile};
  }

  void advance_place(Place& place) const {
    if (++place.head < block_.kv_heads) return;
    place.head = 0;
    ++place.key;
  }

  void fetch_keys() {
    const Rows<T> rows(p_, block_, block_.kv_head + next_keys_.head);
    fetch(rows.k(0, next_keys_.key), row_bytes_);
    if (p_.k[0] != p_.k[1]) fetch(rows.k(1, next_keys_.key), row_bytes_);
    advance_place(next_keys_);
  }

  void fetch_values() {
    const Rows<T> rows(p_, block_, block_.kv_head + next_values_.head);
    for (int half = 0; half < value_halves(p_); ++half) {
      fetch(rows.v(half, next_values_.key), row_bytes_);
    }
    advance_place(next_values_);
  }

  void advance(const Head& head, int64_t row, KeyRange tile) {
    const int32_t query = head.rows.query(row);
    const KeyRanges seen = seen_by_any(p_.mask, query, query, tile);
    for (int i = 0; i < seen.count; ++i) step(head, row, seen.range[i]);
  }

  void step(const Head& head, int64_t row, KeyRange keys) {
    const int32_t count = keys.end - keys.begin;
    for (int32_t i = 0; i < count; ++i) {
      if (row == 0) fetch_keys();
      for (int map = 0; map < 2; ++map) {
        scores_[map * kTile + i] = dot(query(head, map, row), head.rows.k(map, keys.begin + i));
      }
    }
    const Columns columns = {0, static_cast<int32_t>(round_up(count, kLanes))};
    const Softmax softmax{scale_.log2};
    float rescale[2];
    for (int map = 0; map < 2; ++map) {
      float* scores = scores_ + map * kTile;
      for (int32_t i = count; i < columns.end; ++i) scores[i] = -kInfinity;
      float factor[1];
      softmax.advance<FloatUnit>(scores, columns, head.state.row_max(map) + row,
                                 head.state.row_sum(map) + row, factor);
      rescale[map] = factor[0];
    }
    for (int half = 0; half < value_halves(p_); ++half) {
      float* results[2];
      for (int map = 0; map < 2; ++map) {
        results[map] = head.state.result(map, row) + half * head.state.half_width;
      }
      const T* values = head.rows.v(half, keys.begin);
      int64_t column = 0;
      const auto take = [&]<int kV>(std::integral_constant<int, kV>) {
        for (; column + (kV > 1 ? kV * kLanes : 1) <= p_.head_dim; column += kV * kLanes) {
          attend<kV>(results, values, column, count, rescale, row == 0 && half + column == 0);
        }
      };
      if constexpr (kColumns > 4) take(std::integral_constant<int, kColumns>());
      take(std::integral_constant<int, 4>());
      take(std::integral_constant<int, 1>());
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

  // kV vectors of both maps' results from `column` on.
  template <int kV>
  void attend(float* const (&results)[2], const T* values, int64_t column, int32_t count,
              const float (&rescale)[2], bool fetches) {
    const int64_t left = p_.head_dim - column;
    values += column;
    Vec sums[2][kV];
#pragma GCC unroll 2
    for (int map = 0; map < 2; ++map) {
#pragma GCC unroll 8
      for (int v = 0; v < kV; ++v) {
        sums[map][v] = load(results[map] + column + v * kLanes) * splat(rescale[map]);
      }
    }
    for (int32_t i = 0; i < count; ++i, values += p_.v_strides.seq) {
      if (fetches) fetch_values();
      const Vec weights[2] = {splat(scores_[i]), splat(scores_[kTile + i])};
#pragma GCC unroll 8
      for (int v = 0; v < kV; ++v) {
        const Vec value = left >= kLanes ? widen(values + v * kLanes) : widen_some(values, left);
        sums[0][v] += weights[0] * value;
        sums[1][v] += weights[1] * value;
      }
    }
#pragma GCC unroll 2
    for (int map = 0; map < 2; ++map) {
#pragma GCC unroll 8
      for (int v = 0; v < kV; ++v) store(results[map] + column + v * kLanes, sums[map][v]);
    }
  }

  const ForwardParams& p_;
  const Block& block_;
  const int64_t row_count_;
  const int64_t dim_;
  const int64_t row_bytes_;
  const Scale scale_;
  float* const states_;   // a head after another
  float* const scores_;   // [map][kTile]
  float* const queries_;  // [head][map][row][dim_]
  Place next_keys_ = {};
  Place next_values_ = {};
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
