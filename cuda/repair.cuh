// The cure for 0 x NaN. In a tile of keys that some rows see and others do not, a hidden key has
// weight 0, but the tensor core multiplies it with its value all the same, and 0 x NaN or
// 0 x Infinity would reach rows that never see that value. So a kernel
//   1. looks for such elements in the value tiles that it masks (NonFinite; full tiles need none),
//   2. finishes as usual, and
//   3. if any thread of the CTA found one, computes its rows again with recompute_rows and
//      overwrites what it stored. A barrier must lie between the two stores.
// Values like these are rare; a tile without them pays one pass over shared memory.
#pragma once

#include <cfloat>
#include <cstdint>

#include "element.cuh"
#include "flashdiff/params.h"

namespace flashdiff::cuda {

// Finds NaN and Infinity, two elements an instruction: x * 0 is 0 but for those.
template <typename Element>
class NonFinite {
  using Pair = typename ElementPair<Element>::Type;

 public:
  __device__ void look_at(uint4 chunk) {
    const Pair zero = as_pair<Element>(0);
    seen_ = __hfma2(as_pair<Element>(chunk.x), zero, seen_);
    seen_ = __hfma2(as_pair<Element>(chunk.y), zero, seen_);
    seen_ = __hfma2(as_pair<Element>(chunk.z), zero, seen_);
    seen_ = __hfma2(as_pair<Element>(chunk.w), zero, seen_);
  }

  __device__ bool found() const {
    const float2 seen = to_float2(seen_);
    return isnan(seen.x + seen.y);
  }

 private:
  Pair seen_ = as_pair<Element>(0);
};

// One row of one head by one warp, straight from the formula: a lane takes a key at a time for the
// scores, and every 32nd column for the values.
template <typename Element>
class RowRepair {
  static constexpr uint32_t kFullWarp = 0xFFFFFFFF;
  static constexpr int kColumns = 8;  // of a lane: value_dim is at most 256

 public:
  __device__ RowRepair(const ForwardParams& params, int32_t batch, int32_t head, int32_t row)
      : p_(params), batch_(batch), head_(head), row_(row), lane_(threadIdx.x % 32) {}

  __device__ void run() {
    float difference[kColumns] = {};
    bool empty = true;
#pragma unroll 1
    for (int index = 0; index < 2; ++index) {
      const Map map = attend(index);
      const bool none = map.sum == 0;
      const float factor = none ? 0 : (index == 0 ? 1 : -lambda()) / map.sum;
#pragma unroll
      for (int c = 0; c < kColumns; ++c) difference[c] += map.out[c] * factor;
      empty = empty && none;
      store_lse(index, none ? -INFINITY : (map.max + log2f(map.sum)) * 0.693147181f);
    }
    store(difference, empty);
  }

 private:
  struct Map {
    float max = -INFINITY;  // base 2, scaled
    float sum = 0;
    float out[kColumns] = {};
  };

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
    return sum * p_.softmax_scale * 1.44269504f;
  }

  __device__ static float dot(uint32_t a, uint32_t b, float sum) {
    const float2 x = unpack<Element>(a);
    const float2 y = unpack<Element>(b);
    return fmaf(x.x, y.x, fmaf(x.y, y.y, sum));
  }

  __device__ float lambda() const {
    if (p_.lambda_data == nullptr) return p_.lambda;
    return p_.lambda_data[batch_ * p_.lambda_strides.batch + row_ * p_.lambda_strides.seq +
                          head_ * p_.lambda_strides.head];
  }

  __device__ void store(const float (&difference)[kColumns], bool empty) const {
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
      const float weight = p_.subln_weight == nullptr ? 1 : p_.subln_weight[column];
      out[column] = static_cast<Element>(empty ? 0 : gain * difference[c] * weight);
    }
  }

  __device__ void store_lse(int map, float lse) const {
    if (p_.lse == nullptr || lane_ != 0) return;
    const int64_t head = (int64_t{map} * p_.batch_size + batch_) * p_.num_heads + head_;
    p_.lse[head * p_.seqlen_q + row_] = lse;
  }

  const ForwardParams& p_;
  const int32_t batch_;
  const int32_t head_;
  const int32_t row_;
  const int lane_;
};

// Rows [first, end) of a head, by `warps` warps of which this is number `warp`.
template <typename Element>
__device__ void recompute_rows(const ForwardParams& params, int32_t batch, int32_t head,
                               int32_t first, int32_t end, int warp, int warps) {
  for (int32_t row = first + warp; row < end; row += warps) {
    RowRepair<Element>(params, batch, head, row).run();
  }
}

}  // namespace flashdiff::cuda
