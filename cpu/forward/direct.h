// A block of few rows, as in decoding: bound by memory, so keys and values are read once and where
// they lie, in the order of the memory: a tile's keys of all kv heads of the block, then its
// values. What that costs is a trip of every result through the first-level cache for each few
// keys. Each row meets exactly the keys it sees.
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
        queries_(scratch + 2 * block.kv_heads * row_count_ * kTile) {}

  static size_t scratch_floats(const ForwardParams& p, const Tiling& tiling) {
    const int64_t rows = 2 * int64_t{tiling.kv_heads} * tiling.block_m;
    return static_cast<size_t>(rows * (kTile + round_up(p.head_dim, kLanes)));
  }

  void run() {
    for (int32_t head = 0; head < block_.kv_heads; ++head) {
      state(head).clear();
      for (int map = 0; map < 2; ++map) {
        for (int64_t row = 0; row < row_count_; ++row) load_query(head, map, row);
      }
    }
    const Rows<T> rows = rows_of(0);
    const KeyRange limits = {block_.key_begin, block_.key_end};
    const KeyRanges ranges =
        seen_by_any(p_.mask, rows.query(0), rows.query(row_count_ - 1), limits);
    for (int i = 0; i < ranges.count; ++i) {
      const int32_t end = ranges.range[i].end;
      for (tile_ = next_tile(ranges.range[i].begin, end); !is_empty(tile_);
           tile_ = next_tile(tile_.end, end)) {
        for (int64_t row = 0; row < row_count_; ++row) {
          visible_[row] = Visible(p_.mask, rows.query(row), tile_);
        }
        score();
        weigh();
        attend();
      }
    }
  }

 private:
  static constexpr int kTile = 64;                      // keys
  static constexpr int kAhead = 16;                     // keys between what is used and fetched
  static constexpr int kTogether = kLanes > 8 ? 8 : 4;  // keys met at a time

  static KeyRange next_tile(int32_t begin, int32_t end) {
    return {begin, end - begin < kTile ? end : begin + kTile};
  }

  Rows<T> rows_of(int32_t head) const { return Rows<T>(p_, block_, block_.kv_head + head); }
  State state(int32_t head) const {
    return State(p_, row_count_, states_ + head * State::floats(p_, row_count_));
  }
  float* scores(int32_t head, int map, int64_t row) const {
    return scores_ + ((2 * head + map) * row_count_ + row) * kTile;
  }
  float* query(int32_t head, int map, int64_t row) const {
    return queries_ + ((2 * head + map) * row_count_ + row) * dim_;
  }
  // A row of keys or values.
  const T* at(const void* base, const Strides& strides, int32_t head, int32_t key) const {
    return static_cast<const T*>(base) + block_.batch * strides.batch + key * strides.seq +
           (block_.kv_head + head) * strides.head;
  }

  void load_query(int32_t head, int map, int64_t row) const {
    float* to = query(head, map, row);
    std::memset(to, 0, static_cast<size_t>(dim_) * sizeof(float));
    widen_all(rows_of(head).q(map, row), to, p_.head_dim);
    for (int64_t i = 0; i < dim_; ++i) to[i] *= scale_.sign;
  }

  // Calls step(head, first key, number of keys) for all heads and keys, in the order of the memory.
  template <class Step>
  void for_each_place(const Strides& strides, const Step& step) const {
    const bool head_by_head = strides.head > strides.seq;
    const int32_t heads = head_by_head ? 1 : block_.kv_heads;
    for (int32_t head = 0; head < block_.kv_heads; head += heads) {
      for (int32_t key = tile_.begin; key < tile_.end; key += kTogether) {
        const int32_t count = tile_.end - key < kTogether ? tile_.end - key : kTogether;
        for (int32_t i = 0; i < heads; ++i) step(head + i, key, count);
      }
    }
  }

  // Calls step(integral_constant, which of the keys) for those of `count` keys that the row sees:
  // once for kTogether, or key by key.
  template <class Step>
  void for_each_seen(int64_t row, int32_t column, int32_t count, const Step& step) const {
    const Visible& visible = visible_[row];
    if (count == kTogether && visible.contains_all(column, column + count)) {
      step(std::integral_constant<int, kTogether>(), 0);
      return;
    }
    for (int32_t i = 0; i < count; ++i) {
      if (visible.contains(column + i)) step(std::integral_constant<int, 1>(), i);
    }
  }

  // The machine does not guess beyond a page.
  void fetch_ahead(const T* rows, int64_t stride, int32_t key, int32_t count) const {
    for (int32_t i = 0; i < count && key + i + kAhead < block_.key_end; ++i) {
      fetch(rows + (i + kAhead) * stride, row_bytes_);
    }
  }

  void score() const {
    const int64_t stride = p_.k_strides.seq;
    for_each_place(p_.k_strides, [this, stride](int32_t head, int32_t key, int32_t count) {
      const int32_t column = key - tile_.begin;
      for (int map = 0; map < 2; ++map) {
        const T* keys = at(p_.k[map], p_.k_strides, head, key);
        fetch_ahead(keys, stride, key, count);
        for (int64_t row = 0; row < row_count_; ++row) {
          const float* query = this->query(head, map, row);
          float* to = scores(head, map, row) + column;
          for (int32_t i = 0; i < count; ++i) to[i] = -kInfinity;
          for_each_seen(row, column, count, [&](auto number, int32_t i) {
            score_keys<number>(query, keys + i * stride, to + i);
          });
        }
      }
    });
  }

  template <int kCount>
  void score_keys(const float* query, const T* keys, float* to) const {
    const int64_t stride = p_.k_strides.seq;
    Vec sums[kCount] = {};
    int64_t i = 0;
    for (; i + kLanes <= p_.head_dim; i += kLanes) {
      const Vec elements = load(query + i);
#pragma GCC unroll 8
      for (int n = 0; n < kCount; ++n) sums[n] += elements * widen(keys + n * stride + i);
    }
    if (const int64_t left = p_.head_dim - i; left > 0) {
      const Vec elements = load(query + i);
#pragma GCC unroll 8
      for (int n = 0; n < kCount; ++n)
        sums[n] += elements * widen_some(keys + n * stride + i, left);
    }
    reduce_add(sums, to);
  }

  // From scores to weights; results are rescaled where a maximum has moved.
  void weigh() const {
    const Softmax softmax{scale_.log2};
    const int32_t count = tile_.end - tile_.begin;
    const Columns columns = {0, static_cast<int32_t>(round_up(count, kLanes))};
    for (int32_t head = 0; head < block_.kv_heads; ++head) {
      const State state = this->state(head);
      for (int map = 0; map < 2; ++map) {
        for (int64_t row = 0; row < row_count_; ++row) {
          float* weights = scores(head, map, row);
          for (int32_t i = count; i < columns.end; ++i) weights[i] = -kInfinity;
          float rescale[1];
          softmax.advance<FloatUnit>(weights, columns, state.row_max(map) + row,
                                     state.row_sum(map) + row, rescale);
          if (rescale[0] == 1) continue;
          float* result = state.result(map, row);
          for (int64_t i = 0; i < state.width; i += kLanes) {
            store(result + i, load(result + i) * splat(rescale[0]));
          }
        }
      }
    }
  }

  void attend() const {
    const int64_t stride = p_.v_strides.seq;
    for_each_place(p_.v_strides, [this, stride](int32_t head, int32_t key, int32_t count) {
      const int32_t column = key - tile_.begin;
      const State state = this->state(head);
      for (int half = 0; half < value_halves(p_); ++half) {
        const T* values = at(p_.v[half], p_.v_strides, head, key);
        fetch_ahead(values, stride, key, count);
        const int64_t first = half * state.half_width;
        for (int64_t row = 0; row < row_count_; ++row) {
          float* results[2] = {state.result(0, row) + first, state.result(1, row) + first};
          for_each_seen(row, column, count, [&](auto number, int32_t i) {
            const float* weights[2] = {scores(head, 0, row) + column + i,
                                       scores(head, 1, row) + column + i};
            add_values<number>(values + i * stride, weights, results);
          });
        }
      }
    });
  }

  // The weighted values of kCount keys, to both maps' results.
  template <int kCount>
  void add_values(const T* values, const float* const (&weights)[2],
                  float* const (&results)[2]) const {
    Vec factors[2][kCount];
#pragma GCC unroll 2
    for (int map = 0; map < 2; ++map) {
#pragma GCC unroll 8
      for (int i = 0; i < kCount; ++i) factors[map][i] = splat(weights[map][i]);
    }
    for (int64_t column = 0; column < p_.head_dim; column += kLanes) {
      const int64_t left = p_.head_dim - column;
      Vec sums[2] = {load(results[0] + column), load(results[1] + column)};
#pragma GCC unroll 8
      for (int i = 0; i < kCount; ++i) {
        const T* from = values + i * p_.v_strides.seq + column;
        const Vec value = left >= kLanes ? widen(from) : widen_some(from, left);
        sums[0] += factors[0][i] * value;
        sums[1] += factors[1][i] * value;
      }
      store(results[0] + column, sums[0]);
      store(results[1] + column, sums[1]);
    }
  }

  const ForwardParams& p_;
  const Block& block_;
  const int64_t row_count_;
  const int64_t dim_;
  const int64_t row_bytes_;
  const Scale scale_;
  float* const states_;   // a head after another
  float* const scores_;   // [head][map][row][kTile]
  float* const queries_;  // [head][map][row][dim_]
  KeyRange tile_ = {};
  Visible visible_[kFewRows];  // keys of the tile
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
