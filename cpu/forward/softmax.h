// One step of the online softmax for a group of rows: from scores to weights, maxima and sums.
#pragma once

#include "exp2.h"
#include "tile.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

// Keys of a tile that one row sees, counted from the tile's first key.
struct Visible {
  Visible() = default;
  Visible(const Mask& mask, int32_t query, KeyRange tile)
      : end(tile.end - tile.begin),
        sink_end(mask.sink_end(query) - tile.begin),
        window_begin(mask.window_begin(query) - tile.begin),
        window_end(mask.window_end(query) - tile.begin) {
    if (sink_end > end) sink_end = end;
    if (window_end > end) window_end = end;
  }

  bool contains(int32_t key) const {
    return key < sink_end || (key >= window_begin && key < window_end);
  }

  // Keys [first, last). False, too, where the sinks show one part and the window the other.
  bool contains_all(int32_t first, int32_t last) const {
    return last <= sink_end || (first >= window_begin && last <= window_end);
  }

  VecI lanes(int32_t key) const {
    const VecI index = kLaneIndex + splat(key);
    return (index < sink_end) | ((index >= window_begin) & (index < window_end));
  }

  int32_t end = 0;
  int32_t sink_end = 0;
  int32_t window_begin = 0;
  int32_t window_end = 0;
};

// Keys [begin, end) of a tile; begin is a multiple of kPanel, end of kLanes.
struct Columns {
  int32_t begin;
  int32_t end;
};

// Scores of a group in, weights out, in place; rows kMaxBlockN apart. Units of two elements leave
// the weights in the first half of each row.
struct Softmax {
  Vec row_max(const float* scores, const Columns& columns, Vec best) const {
    for (int32_t key = columns.begin; key < columns.end; key += kLanes) {
      best = max(load(scores + key), best);
    }
    return best;
  }

  // Exponentials of the scores less `shift`; returns their sum.
  template <class Unit>
  float weigh(float* scores, const Columns& columns, float shift) const {
    const Vec factor = splat(scale_log2);
    const Vec offset = splat(shift);
    Vec sum = {};
    const auto weight = [&](int32_t key) {
      const Vec w = exp2((load(scores + key) - offset) * factor);
      sum += w;
      return w;
    };
    if constexpr (Unit::kPack == 1) {
      for (int32_t key = columns.begin; key < columns.end; key += kLanes) {
        store(scores + key, weight(key));
      }
    } else {
      for (int32_t key = columns.begin; key < columns.end; key += kPanel) {
        const Vec first = weight(key);
        const Vec second = key + kLanes < columns.end ? weight(key + kLanes) : Vec{};
        store(scores + key / 2, Unit::pack(first, second));
      }
    }
    return reduce_add(sum);
  }

  // `rescale`: what the rows' earlier sums and results must be multiplied by. Each step is done for
  // all rows before the next, so that no row waits for its own maximum.
  template <class Unit, int kR>
  void advance(float* scores, const Columns& columns, float* maxima, float* sums,
               float (&rescale)[kR]) const {
    constexpr int kPadded = (kR + kLanes - 1) / kLanes * kLanes;
    float shift[kR];
    float power[kPadded] = {};
    for (int r = 0; r < kR; ++r) {
      const float max = reduce_max(row_max(scores + r * kMaxBlockN, columns, splat(maxima[r])));
      shift[r] = max == -kInfinity ? 0.0f : max;
      power[r] = max == maxima[r] ? 0.0f : (maxima[r] - max) * scale_log2;
      maxima[r] = max;
    }
    for (int r = 0; r < kPadded; r += kLanes) store(power + r, exp2(load(power + r)));
    for (int r = 0; r < kR; ++r) {
      rescale[r] = power[r];
      sums[r] = sums[r] * rescale[r] + weigh<Unit>(scores + r * kMaxBlockN, columns, shift[r]);
    }
  }

  const float scale_log2;
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
