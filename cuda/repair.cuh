// The cure for 0 x NaN. In a tile of keys that some rows see and others do not, a hidden key has
// weight 0, but the tensor core multiplies it with its value all the same, and 0 x NaN or
// 0 x Infinity would reach rows that never see that value. So a kernel
//   1. makes such elements 0 in the value tiles that it masks (clear_non_finite; full tiles need
//      nothing), before the tensor core reads them,
//   2. finishes as usual: rows that do not see them come out as if they had never been there, and
//   3. if any thread of the CTA cleared one, computes its rows again with recompute_rows, which
//      overwrites the rows that do see them. A barrier must lie between the two stores.
// Values like these are rare. The generic kernel looks for them ahead, which costs a masked tile
// one pass over shared memory; the Hopper kernels do so only when a result shows that it is needed.
#pragma once

#include <cstdint>

#include "base2.cuh"
#include "element.cuh"
#include "flashdiff/params.h"
#include "lambda.cuh"
#include "lanes.cuh"

namespace flashdiff::cuda {

// x * 0 is 0 but for NaN and Infinity.
template <typename Element>
__device__ inline bool is_finite(uint4 chunk) {
  using Pair = typename ElementPair<Element>::Type;
  const Pair zero = as_pair<Element>(0);
  Pair seen = __hmul2(as_pair<Element>(chunk.x), zero);
  seen = __hfma2(as_pair<Element>(chunk.y), zero, seen);
  seen = __hfma2(as_pair<Element>(chunk.z), zero, seen);
  seen = __hfma2(as_pair<Element>(chunk.w), zero, seen);
  const float2 sums = to_float2(seen);
  return !isnan(sums.x + sums.y);
}

template <typename Element>
__device__ inline uint32_t without_non_finite(uint32_t bits) {
  const float2 pair = unpack<Element>(bits);
  return (isfinite(pair.x) ? bits & 0xFFFF : 0) | (isfinite(pair.y) ? bits & 0xFFFF0000 : 0);
}

// True when there was something to clear.
template <typename Element>
__device__ inline bool clear_non_finite(uint4& chunk) {
  const uint4 c = chunk;
  if (is_finite<Element>(c)) return false;
  chunk = make_uint4(without_non_finite<Element>(c.x), without_non_finite<Element>(c.y),
                     without_non_finite<Element>(c.z), without_non_finite<Element>(c.w));
  return true;
}

// One row of one head by one warp, straight from the formula: a lane takes a key at a time for the
// scores, and every 32nd column for the values. The lse stands: it depends on no value.
template <typename Element>
class RowRepair {
  static constexpr int kColumns = 8;  // of a lane: value_dim is at most 256

 public:
  __device__ RowRepair(const ForwardParams& params, int32_t batch, int32_t head, int32_t row,
                       int lane)
      : p_(params), batch_(batch), head_(head), row_(row), lane_(lane) {}

  // If the row is finite, what the kernel stored stands.
  __device__ void run() {
    float difference[kColumns] = {};
    bool empty = true;
#pragma unroll 1
    for (int index = 0; index < 2; ++index) {
      const Map map = attend(index);
      const bool none = map.sum == 0;
      const float factor =
          none ? 0 : (index == 0 ? 1 : -lambda_of(p_, batch_, row_, head_)) / map.sum;
#pragma unroll
      for (int c = 0; c < kColumns; ++c) difference[c] += map.out[c] * factor;
      empty = empty && none;
    }
    if (!__any_sync(kFullWarp, !is_finite_row(difference))) return;
    if (!empty) store(difference);
  }

 private:
  struct Map {
    float max = -INFINITY;  // base 2, scaled
    float sum = 0;
    float out[kColumns] = {};
  };

  __device__ static bool is_finite_row(const float (&columns)[kColumns]) {
    float zeros = 0;
#pragma unroll
    for (const float x : columns) zeros += x * 0;
    return zeros == 0;
  }

  __device__ static float warp_max(float x) {
    for (int d = 16; d > 0; d /= 2) x = fmaxf(x, __shfl_xor_sync(kFullWarp, x, d));
    return x;
  }
  __device__ static float warp_sum(float x) {
    for (int d = 16; d > 0; d /= 2) x += __shfl_xor_sync(kFullWarp, x, d);
    return x;
  }

  __device__ int64_t kv_offset(const Strides& strides, int32_t key) const {
    const int32_t group = head_ / (p_.num_heads / p_.num_kv_heads);
    return batch_ * strides.batch + key * strides.seq + group * strides.head;
  }

  __device__ Map attend(int index) const {
    Map map;
    const int32_t sink_end = p_.mask.sink_end(row_);
    const KeyRange window{max(p_.mask.window_begin(row_), sink_end), p_.mask.window_end(row_)};
#pragma unroll 1
    for (int part = 0; part < 2; ++part) {
      const KeyRange keys = part == 0 ? KeyRange{0, sink_end} : window;
      for (int32_t key = keys.begin; key < keys.end; key += 32) add_keys(index, map, key, keys.end);
    }
    map.sum = warp_sum(map.sum);
    return map;
  }

  __device__ void add_keys(int index, Map& map, int32_t first, int32_t end) const {
    const bool visible = first + lane_ < end;
    const float logit = visible ? score(index, first + lane_) : -INFINITY;
    const float max = fmaxf(map.max, warp_max(logit));
    const float origin = max == -INFINITY ? 0 : max;
    const float rescale = exp2f(map.max - origin);
    const float weight = visible ? exp2f(logit - origin) : 0;
    map.max = max;
    map.sum = map.sum * rescale + weight;
#pragma unroll
    for (float& out : map.out) out *= rescale;
    for (int i = 0; i < min(32, end - first); ++i) {
      const float w = __shfl_sync(kFullWarp, weight, i);
      const int64_t offset = kv_offset(p_.v_strides, first + i);
#pragma unroll
      for (int c = 0; c < kColumns; ++c) {
        const int column = lane_ + 32 * c;
        if (column >= p_.value_dim) continue;
        const int half = column / p_.head_dim;
        const auto* v = static_cast<const Element*>(p_.v[half]) + offset;
        map.out[c] += w * static_cast<float>(v[column - half * p_.head_dim]);
      }
    }
  }

  __device__ float score(int map, int32_t key) const {
    const int64_t row_offset =
        batch_ * p_.q_strides.batch + row_ * p_.q_strides.seq + head_ * p_.q_strides.head;
    const auto* q =
        reinterpret_cast<const uint4*>(static_cast<const Element*>(p_.q[map]) + row_offset);
    const auto* k = reinterpret_cast<const uint4*>(static_cast<const Element*>(p_.k[map]) +
                                                   kv_offset(p_.k_strides, key));
    float sum = 0;
    for (int i = 0; i < p_.head_dim / 8; ++i) {
      const uint4 a = q[i];
      const uint4 b = k[i];
      sum = dot(a.x, b.x, dot(a.y, b.y, dot(a.z, b.z, dot(a.w, b.w, sum))));
    }
    return sum * p_.softmax_scale * kLog2E;
  }

  __device__ static float dot(uint32_t a, uint32_t b, float sum) {
    const float2 x = unpack<Element>(a);
    const float2 y = unpack<Element>(b);
    return fmaf(x.x, y.x, fmaf(x.y, y.y, sum));
  }

  __device__ void store(const float (&difference)[kColumns]) const {
    float squares = 0;
#pragma unroll
    for (float x : difference) squares += x * x;
    float gain = p_.output_scale;
    if (p_.subln) gain *= rsqrtf(warp_sum(squares) / p_.value_dim + p_.subln_eps);
    const int64_t index = (int64_t{batch_} * p_.seqlen_q + row_) * p_.num_heads + head_;
    auto* out = static_cast<Element*>(p_.out) + index * p_.value_dim;
#pragma unroll
    for (int c = 0; c < kColumns; ++c) {
      const int column = lane_ + 32 * c;
      if (column >= p_.value_dim) continue;
      const float weight = p_.subln && p_.subln_weight != nullptr ? p_.subln_weight[column] : 1;
      out[column] = static_cast<Element>(gain * difference[c] * weight);
    }
  }

  const ForwardParams& p_;
  const int32_t batch_;
  const int32_t head_;
  const int32_t row_;
  const int lane_;
};

// Rows [first, end) of a head, by `warps` warps of which this is number `warp`: those that saw what
// was cleared are no longer finite and are stored.
template <typename Element>
__device__ void recompute_rows(const ForwardParams& params, int32_t batch, int32_t head,
                               int32_t first, int32_t end, int warp, int warps) {
  for (int32_t row = first + warp; row < end; row += warps) {
    RowRepair<Element>(params, batch, head, row, threadIdx.x % 32).run();
  }
}

}  // namespace flashdiff::cuda
