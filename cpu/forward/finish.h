// From the state of a block's rows to out and lse; and the union of two states.
#pragma once

#include <cmath>

#include "exp2.h"
#include "tile.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

// Folds the softmax of the same rows over other keys into `state`.
inline void merge_states(const ForwardParams& p, int64_t rows, float* state, const float* other) {
  const State to(p, rows, state);
  const State from(p, rows, const_cast<float*>(other));
  const Scale scale(p.softmax_scale);
  for (int map = 0; map < 2; ++map) {
    for (int64_t row = 0; row < rows; ++row) {
      float& max = to.row_max(map)[row];
      const float other_max = from.row_max(map)[row];
      const float new_max = other_max > max ? other_max : max;
      const float shift = new_max == -kInfinity ? 0.0f : new_max;
      const auto weight = [&](float part_max) {
        return part_max == new_max ? 1.0f : exp2(splat((part_max - shift) * scale.log2))[0];
      };
      const float keep = weight(max);
      const float add = weight(other_max);
      float& sum = to.row_sum(map)[row];
      sum = sum * keep + from.row_sum(map)[row] * add;
      max = new_max;
      float* result = to.result(map, row);
      const float* addend = from.result(map, row);
      for (int64_t i = 0; i < to.width; i += kLanes) {
        store(result + i, load(result + i) * splat(keep) + load(addend + i) * splat(add));
      }
    }
  }
}

template <class T>
class Finish {
 public:
  Finish(const ForwardParams& p, const Block& block, int32_t kv_head, float* state)
      : p_(p), rows_(p, block, kv_head), state_(p, block.row_end - block.row_begin, state) {}

  void run() const {
    for (int64_t row = 0; row < state_.rows; ++row) {
      if (p_.lse != nullptr) store_lse(row);
      const bool empty = state_.row_sum(0)[row] == 0 && state_.row_sum(1)[row] == 0;
      if (empty) {  // 0, whatever values the weights of 0 met
        std::memset(state_.result(0, row), 0, static_cast<size_t>(state_.width) * sizeof(float));
      } else {
        subtract(row);
        scale(row);
      }
      store_out(row);
    }
  }

 private:
  int64_t index(int64_t row) const {
    return (int64_t{rows_.block.batch} * p_.seqlen_q + rows_.query(row)) * p_.num_heads +
           rows_.head(row);
  }

  float lambda(int64_t row) const {
    if (p_.lambda_data == nullptr) return p_.lambda;
    return p_.lambda_data[rows_.block.batch * p_.lambda_strides.batch +
                          rows_.query(row) * p_.lambda_strides.seq +
                          rows_.head(row) * p_.lambda_strides.head];
  }

  // Left in the result of map 1.
  void subtract(int64_t row) const {
    const auto divisor = [&](int map) {
      const float sum = state_.row_sum(map)[row];
      return splat(sum == 0 ? 1.0f : sum);
    };
    const Vec first = divisor(0);
    const Vec second = divisor(1);
    const Vec factor = splat(lambda(row));
    float* result = state_.result(0, row);
    const float* other = state_.result(1, row);
    for (int64_t i = 0; i < state_.width; i += kLanes) {
      store(result + i, load(result + i) / first - factor * (load(other + i) / second));
    }
  }

  // The norm and the output scale. Padding is zero, so it may be counted.
  void scale(int64_t row) const {
    float* result = state_.result(0, row);
    float factor = p_.output_scale;
    if (p_.subln) {
      Vec squares = {};
      for (int64_t i = 0; i < state_.width; i += kLanes) {
        squares += load(result + i) * load(result + i);
      }
      const float mean = reduce_add(squares) / static_cast<float>(p_.value_dim);
      factor /= __builtin_sqrtf(mean + p_.subln_eps);
    }
    for (int64_t i = 0; i < state_.width; i += kLanes) {
      store(result + i, load(result + i) * splat(factor));
    }
    if (p_.subln && p_.subln_weight != nullptr) {
      for (int half = 0; half < value_halves(p_); ++half) {
        const float* weight = p_.subln_weight + half * p_.head_dim;
        float* part = result + half * state_.half_width;
        for (int32_t i = 0; i < p_.head_dim; ++i) part[i] *= weight[i];
      }
    }
  }

  void store_out(int64_t row) const {
    T* out = static_cast<T*>(p_.out) + index(row) * p_.value_dim;
    for (int half = 0; half < value_halves(p_); ++half) {
      narrow_all(state_.result(0, row) + half * state_.half_width, out + half * p_.head_dim,
                 p_.head_dim);
    }
  }

  void store_lse(int64_t row) const {
    const float magnitude = Scale(p_.softmax_scale).magnitude;
    const int64_t heads = p_.num_heads;
    const int64_t of_map = int64_t{p_.batch_size} * heads * p_.seqlen_q;
    const int64_t at =
        (rows_.block.batch * heads + rows_.head(row)) * p_.seqlen_q + rows_.query(row);
    for (int map = 0; map < 2; ++map) {
      const float sum = state_.row_sum(map)[row];
      p_.lse[map * of_map + at] =
          sum == 0 ? -kInfinity : state_.row_max(map)[row] * magnitude + ::logf(sum);
    }
  }

  const ForwardParams& p_;
  const Rows<T> rows_;
  const State state_;
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
