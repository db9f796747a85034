// From accumulators to memory: out = output_scale * norm(O1 / l1 - lambda O2 / l2), and lse.
#pragma once

#include <cstdint>

#include "../element.cuh"
#include "config.cuh"
#include "flashdiff/params.h"
#include "softmax.cuh"

namespace flashdiff::cuda::generic {

// The 16 rows of a warp, of which a thread holds rows `row` and `row` + 8.
struct WarpRows {
  int32_t batch;
  int32_t head;
  int32_t first;
  int lane;

  __device__ __forceinline__ int32_t row(int r) const { return first + lane / 4 + 8 * r; }
};

__device__ __forceinline__ void store_lse(const ForwardParams& params, const WarpRows& rows,
                                          int map, const OnlineSoftmax& softmax, float scale_log2) {
  if (params.lse == nullptr || rows.lane % 4 != 0) return;
  const int64_t head =
      (int64_t{map} * params.batch_size + rows.batch) * params.num_heads + rows.head;
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    if (rows.row(r) >= params.seqlen_q) continue;
    params.lse[head * params.seqlen_q + rows.row(r)] = softmax.lse(r, scale_log2);
  }
}

__device__ __forceinline__ float lambda_of(const ForwardParams& params, const WarpRows& rows,
                                           int r) {
  if (params.lambda_data == nullptr) return params.lambda;
  const Strides& strides = params.lambda_strides;
  const int32_t row = min(rows.row(r), params.seqlen_q - 1);
  return params
      .lambda_data[rows.batch * strides.batch + row * strides.seq + rows.head * strides.head];
}

// o1 becomes o1 / l1 - lambda o2 / l2, with o2(column, element) the unscaled output of map 2.
template <int kColumns, class Map2>
__device__ __forceinline__ void subtract(const ForwardParams& params, const WarpRows& rows,
                                         float (&o1)[kColumns][4], const float (&row_sum1)[2],
                                         const float (&row_sum2)[2], Map2 o2) {
  float factor1[2];
  float factor2[2];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    factor1[r] = row_sum1[r] == 0 ? 0 : 1 / row_sum1[r];
    factor2[r] = row_sum2[r] == 0 ? 0 : lambda_of(params, rows, r) / row_sum2[r];
  }
#pragma unroll
  for (int column = 0; column < kColumns; ++column) {
    const float4 subtrahend = o2(column);
    const float(&map2)[4] = reinterpret_cast<const float(&)[4]>(subtrahend);
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      o1[column][i] = o1[column][i] * factor1[i / 2] - map2[i] * factor2[i / 2];
    }
  }
}

// The norm over the value dimension, and output_scale. `empty`: rows whose result is 0 whatever the
// norm makes of it.
template <int kColumns>
__device__ __forceinline__ void scale_rows(const ForwardParams& params, float (&o)[kColumns][4],
                                           const bool (&empty)[2]) {
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    float gain = params.output_scale;
    if (params.subln) {
      float squares = 0;
#pragma unroll
      for (auto& column : o) {
        squares += column[2 * r] * column[2 * r] + column[2 * r + 1] * column[2 * r + 1];
      }
      gain *= rsqrtf(quad_sum(squares) / params.value_dim + params.subln_eps);
    }
#pragma unroll
    for (auto& column : o) {
      column[2 * r] = empty[r] ? 0 : column[2 * r] * gain;
      column[2 * r + 1] = empty[r] ? 0 : column[2 * r + 1] * gain;
    }
  }
}

// Through shared memory, so that rows leave in chunks of 16 bytes a lane. The norm's weight comes
// in on the way: before, the registers are full.
template <typename Element, class Config>
__device__ __forceinline__ void store_rows(const ForwardParams& params, const WarpRows& rows,
                                           const float (&o)[Config::kValueDim / 8][4],
                                           typename Config::OutputTile& tile) {
  using Tile = typename Config::OutputTile;
  constexpr int kChunks = Config::kValueDim / 8;
  constexpr int kHalfChunks = Config::kHeadDim / 8;
#pragma unroll
  for (int column = 0; column < kChunks; ++column) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      *tile.pair(rows.lane / 4 + 8 * r, 8 * column + rows.lane % 4 * 2) =
          make_float2(o[column][2 * r], o[column][2 * r + 1]);
    }
  }
  __syncwarp();
  const int64_t row_stride = int64_t{params.num_heads} * params.value_dim;
  auto* out = static_cast<Element*>(params.out) +
              (int64_t{rows.batch} * params.seqlen_q + rows.first) * row_stride +
              int64_t{rows.head} * params.value_dim;
#pragma unroll 2
  for (int i = rows.lane; i < Tile::kRows * kChunks; i += 32) {
    const int row = i / kChunks;
    const int chunk = i % kChunks;
    const int in_half = chunk % kHalfChunks * 8;
    if (rows.first + row >= params.seqlen_q || in_half >= params.head_dim) continue;
    const int column = chunk / kHalfChunks * params.head_dim + in_half;
    uint32_t words[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      float2 pair = *tile.pair(row, 8 * chunk + 2 * j);
      if (params.subln_weight != nullptr) {
        pair.x *= params.subln_weight[column + 2 * j];
        pair.y *= params.subln_weight[column + 2 * j + 1];
      }
      words[j] = pack<Element>(pair.x, pair.y);
    }
    *reinterpret_cast<uint4*>(out + row * row_stride + column) =
        make_uint4(words[0], words[1], words[2], words[3]);
  }
}

}  // namespace flashdiff::cuda::generic
