// A block of many rows: every tile of keys and values is packed once and then met by all groups of
// rows. What a tile holds stays in the second-level cache, a group's scores and queries in the
// first; per row remain two running maxima, sums and results.
#pragma once

#include "group.h"
#include "ranges.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

template <class T, class Unit>
class PackedBlock {
 public:
  PackedBlock(const ForwardParams& p, const Tiling& tiling, const Block& block, float* state,
              float* scratch)
      : p_(p),
        block_n_(tiling.block_n),
        rows_(p, block, block.kv_head),
        state_(p, block.row_end - block.row_begin, state),
        depth_(units<Unit>(p.head_dim)),
        panel_floats_(tiling.block_n / Unit::kPack * kPanel),
        half_floats_(round_up(p.head_dim, kPanel) / Unit::kPack * tiling.block_n),
        scale_(p.softmax_scale),
        ahead_(rows_) {
    float* at = scratch;
    const auto take = [&at](int64_t floats) {
      float* part = at;
      at += round_up(floats, 16);
      return part;
    };
    scores_ = take(kRows * kMaxBlockN);
    row_ = take(round_up(p.head_dim, 2 * kLanes));
    keys_[0] = take(block_n_ * depth_);
    keys_[1] = p.k[0] == p.k[1] ? keys_[0] : take(block_n_ * depth_);
    values_ = take(half_floats_ * value_halves(p));
    queries_ = take(2 * state_.rows * depth_);
    scratch_floats_ = static_cast<size_t>(at - scratch);
  }

  static size_t scratch_floats(const ForwardParams& p, const Tiling& tiling) {
    Block block;
    block.row_end = tiling.block_m;
    return PackedBlock(p, tiling, block, nullptr, nullptr).scratch_floats_;
  }

  void run() {
    const int32_t first = rows_.query(0);
    const int32_t last = rows_.query(state_.rows - 1);
    const KeyRange limits = {rows_.block.key_begin, rows_.block.key_end};
    const KeyRanges ranges = seen_by_any(p_.mask, first, last, limits);
    if (ranges.count > 0) {  // the first tile comes while queries are packed
      tile_.end = ranges.range[0].begin;
      ahead_.plan(tile_after(ranges.range[0]), 1);
      ahead_.some();
    }
    state_.clear();
    for_each_group(state_.rows, [this](auto size, int64_t row) { pack_queries<size()>(row); });
    const int64_t calls = 2 * (state_.rows / kRows + 1) * (block_n_ / kPanel);
    for (int i = 0; i < ranges.count; ++i) {
      const KeyRange& range = ranges.range[i];
      tile_ = {range.begin, range.begin};
      for (tile_ = tile_after(range); !is_empty(tile_); tile_ = tile_after(range)) {
        pack_tile();
        ahead_.plan(tile_after(range), calls);
        for_each_group(state_.rows, [this](auto size, int64_t row) { advance<size()>(row); });
      }
    }
  }

 private:
  template <int kR>
  void pack_queries(int64_t row) {
    for (int map = 0; map < 2; ++map) {
      for (int64_t next = row + kR; next < row + 2 * kR && next < state_.rows; ++next) {
        fetch(rows_.q(map, next), p_.head_dim * static_cast<int64_t>(sizeof(T)));
      }
      for (int r = 0; r < kR; ++r) {
        pack_query<Unit, kR>(rows_.q(map, row + r), p_.head_dim, scale_.sign, row_,
                             queries<kR>(map, row) + r);
      }
    }
  }

  template <int kR>
  float* queries(int map, int64_t row) const {
    return queries_ + (2 * row + map * kR) * depth_;
  }

  KeyRange tile_after(KeyRange range) const {
    const int32_t begin = tile_.end;
    return {begin, range.end - begin < block_n_ ? range.end : begin + block_n_};
  }

  void pack_tile() {
    const int32_t count = tile_.end - tile_.begin;
    for (int map = 0; map < (keys_[0] == keys_[1] ? 1 : 2); ++map) {
      pack_keys<Unit>(rows_.k(map, tile_.begin), p_.k_strides.seq, count, p_.head_dim, keys_[map]);
    }
    finite_ = true;
    for (int half = 0; half < value_halves(p_); ++half) {
      const bool finite = pack_values<Unit>(rows_.v(half, tile_.begin), p_.v_strides.seq, count,
                                            p_.head_dim, block_n_, values_ + half * half_floats_);
      finite_ = finite_ && finite;
    }
  }

  template <int kR>
  void advance(int64_t row) {
    const int32_t first = rows_.query(row);
    const int32_t last = rows_.query(row + kR - 1);
    const KeyRanges seen = seen_by_any(p_.mask, first, last, tile_);
    if (seen.count == 0) return;
    const int32_t begin = seen.range[0].begin - tile_.begin;
    const int32_t end = seen.range[seen.count - 1].end - tile_.begin;
    const Columns columns = {begin / kPanel * kPanel, static_cast<int32_t>(round_up(end, kLanes))};
    const KeyRange covered = {tile_.begin + columns.begin, tile_.begin + columns.end};
    const bool masked = covered.end > tile_.end || !seen_by_all(p_.mask, first, last, covered);

    const Softmax softmax{scale_.log2};
    for (int map = 0; map < 2; ++map) {
      score<Unit, kR>(queries<kR>(map, row), keys_[map], depth_, columns, scores_, ahead_);
      if (masked) {
        for (int r = 0; r < kR; ++r) hide(visible(row + r), columns, scores_ + r * kMaxBlockN);
      }
      float rescale[kR];
      softmax.advance<Unit>(scores_, columns, state_.row_max(map) + row, state_.row_sum(map) + row,
                            rescale);
      if (masked && !finite_) {
        for (int r = 0; r < kR; ++r) attend_visible(map, row + r, rescale[r], r);
        continue;
      }
      for (int half = 0; half < value_halves(p_); ++half) {
        attend<Unit>(scores_, values_ + half * half_floats_, panel_floats_, columns.begin, end,
                     rescale, state_.result(map, row) + half * state_.half_width, state_.width,
                     state_.half_width);
      }
    }
  }

  Visible visible(int64_t row) const { return Visible(p_.mask, rows_.query(row), tile_); }

  // A masked value that is not finite must meet no weight, not even 0: it is left out. The same
  // sums in the same order as the product's.
  void attend_visible(int map, int64_t row, float rescale, int r) {
    float* result = state_.result(map, row);
    for (int64_t i = 0; i < state_.width; i += kLanes) {
      store(result + i, load(result + i) * splat(rescale));
    }
    const Visible seen = visible(row);
    for (int32_t key = 0; key < tile_.end - tile_.begin; key += Unit::kPack) {
      bool present[Unit::kPack];
      bool any = false;
      for (int i = 0; i < Unit::kPack; ++i) any |= present[i] = seen.contains(key + i);
      if (!any) continue;
      const Vec weight = splat(scores_[r * kMaxBlockN + key / Unit::kPack]);
      for (int half = 0; half < value_halves(p_); ++half) {
        const T* values = rows_.v(half, tile_.begin + key);
        for (int64_t column = 0; column < p_.head_dim; column += kLanes) {
          float* at = result + half * state_.half_width + column;
          const Vec value =
              load_values<Unit>(values, p_.v_strides.seq, column, p_.head_dim, present);
          store(at, Unit::multiply_add(weight, value, load(at)));
        }
      }
    }
  }

  const ForwardParams& p_;
  const int32_t block_n_;
  const Rows<T> rows_;
  const State state_;
  const int64_t depth_;         // units of a query
  const int64_t panel_floats_;  // of kPanel columns of packed values
  const int64_t half_floats_;
  const Scale scale_;
  Ahead<T> ahead_;

  float* scores_;
  float* row_;
  float* keys_[2];
  float* values_;
  float* queries_;
  size_t scratch_floats_;

  KeyRange tile_ = {};
  bool finite_ = true;  // the tile's values
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
