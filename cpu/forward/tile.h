// Where things of a block lie in its state and its scratch memory.
#pragma once

#include "../kernels.h"
#include "pack.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

constexpr int kMaxBlockN = 128;

inline int value_halves(const ForwardParams& p) { return p.value_dim == p.head_dim ? 1 : 2; }

// Online softmax of some rows. Map by map: [rows] maxima, [rows] sums, [rows][halves][width]
// results, not yet divided by the sums.
struct State {
  State(const ForwardParams& p, int64_t rows, float* memory)
      : rows(rows), half_width(round_up(p.head_dim, kLanes)), width(half_width * value_halves(p)) {
    stats_ = memory;
    results_ = memory + round_up(4 * rows, 16);
  }

  static size_t floats(const ForwardParams& p, int64_t rows) {
    const State state(p, rows, nullptr);
    return static_cast<size_t>(round_up(4 * rows, 16) + round_up(2 * rows * state.width, 16));
  }

  // In units of the scores: before the scale.
  float* row_max(int map) const { return stats_ + 2 * map * rows; }
  float* row_sum(int map) const { return stats_ + (2 * map + 1) * rows; }
  float* result(int map, int64_t row) const { return results_ + (map * rows + row) * width; }

  void clear() const {
    std::memset(stats_, 0, static_cast<size_t>(4 * rows) * sizeof(float));
    std::memset(results_, 0, static_cast<size_t>(2 * rows * width) * sizeof(float));
    for (int map = 0; map < 2; ++map) {
      for (int64_t row = 0; row < rows; ++row) row_max(map)[row] = -kInfinity;
    }
  }

  const int64_t rows;
  const int64_t half_width;
  const int64_t width;

 private:
  float* stats_;
  float* results_;
};

// Scores become exponents of 2 by `scale`; its sign and a zero went into the queries, so that the
// greatest score is the greatest logit.
struct Scale {
  explicit Scale(float softmax_scale)
      : sign(softmax_scale > 0   ? 1.0f
             : softmax_scale < 0 ? -1.0f
                                 : softmax_scale * 0.0f),
        magnitude(softmax_scale == 0  ? 1.0f
                  : softmax_scale < 0 ? -softmax_scale
                                      : softmax_scale),
        log2(magnitude * 1.44269504f) {}

  const float sign;
  const float magnitude;
  const float log2;
};

// The rows of a kv head, and where their queries are.
template <class T>
struct Rows {
  Rows(const ForwardParams& p, const Block& block, int32_t kv_head)
      : p(p), block(block), kv_head(kv_head), group(p.num_heads / p.num_kv_heads) {}

  int32_t query(int64_t row) const { return static_cast<int32_t>((block.row_begin + row) / group); }
  int32_t head(int64_t row) const {
    return kv_head * group + static_cast<int32_t>((block.row_begin + row) % group);
  }
  const T* q(int map, int64_t row) const {
    return static_cast<const T*>(p.q[map]) + block.batch * p.q_strides.batch +
           query(row) * p.q_strides.seq + head(row) * p.q_strides.head;
  }
  const T* k(int map, int32_t key) const {
    return static_cast<const T*>(p.k[map]) + block.batch * p.k_strides.batch +
           key * p.k_strides.seq + kv_head * p.k_strides.head;
  }
  const T* v(int half, int32_t key) const {
    return static_cast<const T*>(p.v[half]) + block.batch * p.v_strides.batch +
           key * p.v_strides.seq + kv_head * p.v_strides.head;
  }

  const ForwardParams& p;
  const Block& block;
  const int32_t kv_head;
  const int32_t group;
};

// Asks for `bytes` from memory, to be found in the second-level cache.
inline void fetch(const void* from, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) {
    __builtin_prefetch(static_cast<const char*>(from) + i, 0, 2);
  }
}

// Rows of keys and values to come, asked for a few at a time while the arithmetic goes on. Heads
// lie side by side, so that each row is on a page of its own and the machine does not guess it.
template <class T>
class Ahead {
 public:
  explicit Ahead(const Rows<T>& rows) : rows_(rows) {}

  // Keys to fetch within `calls` calls of some().
  void plan(KeyRange keys, int64_t calls) {
    keys_ = keys;
    step_ = static_cast<int32_t>((keys.end - keys.begin) / calls + 1);
  }

  void some() {
    const ForwardParams& p = rows_.p;
    const int64_t bytes = p.head_dim * static_cast<int64_t>(sizeof(T));
    for (int32_t i = 0; i < step_ && keys_.begin < keys_.end; ++i, ++keys_.begin) {
      fetch(rows_.k(0, keys_.begin), bytes);
      if (p.k[0] != p.k[1]) fetch(rows_.k(1, keys_.begin), bytes);
      for (int half = 0; half < value_halves(p); ++half) fetch(rows_.v(half, keys_.begin), bytes);
    }
  }

 private:
  const Rows<T>& rows_;
  KeyRange keys_ = {};
  int32_t step_ = 0;
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
