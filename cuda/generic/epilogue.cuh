// From accumulators to memory: out = output_scale * norm(O1 / l1 - lambda O2 / l2), and lse.
#pragma once

#include <cstdint>

#include "../element.cuh"
#include "../lambda.cuh"
#include "config.cuh"
#include "flashdiff/params.h"
#include "softmax.cuh"
#include "warp.cuh"

namespace flashdiff::cuda::generic {

template <typename Element, class Config>
struct Epilogue {
  static constexpr int kChunks = Config::kChunks;
  using Output = float[kChunks][4];

  const ForwardParams& p;
  typename Config::SharedStorage& smem;
  const Warp<Config>& warp;

  // Of the two tiles of 16 rows that a warp of a pair has, that of map 1 finishes its own rows and
  // that of map 2 its partner's, and they give each other what they have of the rest.
  __device__ __forceinline__ void run(float (&o)[2][kChunks][4],
                                      OnlineSoftmax (&softmax)[Config::kWarpMaps],
                                      float scale_log2) {
    __syncthreads();  // the outputs lie where the tiles were
#pragma unroll
    for (int i = 0; i < Config::kWarpMaps; ++i) store_sums(warp.map(i), softmax[i], scale_log2);
    auto& outputs = smem.outputs;
    auto& buffer = outputs.buffers[warp.index];
    int rows = warp.rows();
    const bool keeps_map2 = Config::kPairs && warp.map(0) == 1;
    if constexpr (Config::kPairs) {
      if (keeps_map2) rows ^= 1;
      give(o, keeps_map2, outputs.buffers[warp.index ^ Config::kRowWarps].other_map);
    }
    __syncthreads();

    const int row = 16 * rows + warp.lane / 4;  // in the CTA
    float kept_factor[2];
    float other_factor[2];
    bool empty[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float sum1 = outputs.row_sum[0][row + 8 * r];
      const float sum2 = outputs.row_sum[1][row + 8 * r];
      const float factor1 = sum1 == 0 ? 0 : 1 / sum1;
      const int32_t i = min(smem.task.first_row + row + 8 * r, p.seqlen_q - 1);
      const float factor2 =
          sum2 == 0 ? 0 : -lambda_of(p, smem.task.batch, i, smem.task.head) / sum2;
      kept_factor[r] = keeps_map2 ? factor2 : factor1;
      other_factor[r] = keeps_map2 ? factor1 : factor2;
      empty[r] = sum1 == 0 && sum2 == 0;
    }
    Output& out = o[0];
#pragma unroll
    for (int chunk = 0; chunk < kChunks; ++chunk) {
      float4 other;
      if constexpr (Config::kPairs) {
        other = buffer.other_map[chunk][warp.lane];
      } else {
        other = make_float4(o[1][chunk][0], o[1][chunk][1], o[1][chunk][2], o[1][chunk][3]);
      }
      out[chunk][0] = out[chunk][0] * kept_factor[0] + other.x * other_factor[0];
      out[chunk][1] = out[chunk][1] * kept_factor[0] + other.y * other_factor[0];
      out[chunk][2] = out[chunk][2] * kept_factor[1] + other.z * other_factor[1];
      out[chunk][3] = out[chunk][3] * kept_factor[1] + other.w * other_factor[1];
    }

    float gain[2] = {p.output_scale, p.output_scale};
    if (p.subln) normalize(out, row, gain);
#pragma unroll
    for (auto& chunk : out) {
#pragma unroll
      for (int c = 0; c < 4; ++c) chunk[c] = empty[c / 2] ? 0 : chunk[c] * gain[c / 2];
    }
    __syncwarp();  // the tile lies where the other map was
    store(out, rows, buffer.out);
  }

 private:
  __device__ __forceinline__ void store_sums(int map, OnlineSoftmax& softmax,
                                             float scale_log2) const {
    softmax.finish();
    if (warp.lane % 4 != 0) return;
    const int64_t head =
        (int64_t{map} * p.batch_size + smem.task.batch) * p.num_heads + smem.task.head;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = 16 * warp.rows() + warp.lane / 4 + 8 * r;
      smem.outputs.row_sum[map][row] = softmax.row_sum[r];
      const int32_t i = smem.task.first_row + row;
      if (p.lse != nullptr && i < p.seqlen_q) {
        p.lse[head * p.seqlen_q + i] = softmax.lse(r, scale_log2);
      }
    }
  }

  // o[0] becomes what is kept; the rest goes to the other warp.
  __device__ __forceinline__ void give(float (&o)[2][kChunks][4], bool keeps_map2,
                                       float4 (&to)[kChunks][32]) const {
#pragma unroll
    for (int chunk = 0; chunk < kChunks; ++chunk) {
      float given[4];
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        given[c] = keeps_map2 ? o[0][chunk][c] : o[1][chunk][c];
        o[0][chunk][c] = keeps_map2 ? o[1][chunk][c] : o[0][chunk][c];
      }
      to[chunk][warp.lane] = make_float4(given[0], given[1], given[2], given[3]);
    }
  }

  __device__ __forceinline__ void normalize(const Output& out, int row, float (&gain)[2]) const {
    float squares[2] = {0, 0};
#pragma unroll
    for (int r = 0; r < 2; ++r) {
#pragma unroll
      for (auto& c : out) squares[r] += c[2 * r] * c[2 * r] + c[2 * r + 1] * c[2 * r + 1];
      squares[r] = quad_sum(squares[r]);
    }
    if constexpr (Config::kPairs) {
      if (warp.lane % 4 == 0) {
        smem.outputs.squares[warp.half()][row] = squares[0];
        smem.outputs.squares[warp.half()][row + 8] = squares[1];
      }
      __syncthreads();
      squares[0] = smem.outputs.squares[0][row] + smem.outputs.squares[1][row];
      squares[1] = smem.outputs.squares[0][row + 8] + smem.outputs.squares[1][row + 8];
    }
    gain[0] *= rsqrtf(squares[0] / p.value_dim + p.subln_eps);
    gain[1] *= rsqrtf(squares[1] / p.value_dim + p.subln_eps);
  }

  // Through shared memory, so that rows leave in chunks of 16 bytes a lane. The norm's weight comes
  // in on the way: before, the registers are full.
  __device__ __forceinline__ void store(const Output& o, int rows,
                                        typename Config::OutputTile& tile) const {
    constexpr int kHalfChunks = Config::kHeadDim / 8;
#pragma unroll
    for (int chunk = 0; chunk < kChunks; ++chunk) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        *tile.pair(warp.lane / 4 + 8 * r, 8 * chunk + warp.lane % 4 * 2) =
            make_float2(o[chunk][2 * r], o[chunk][2 * r + 1]);
      }
    }
    __syncwarp();
    const int32_t first = smem.task.first_row + 16 * rows;
    const int64_t row_stride = int64_t{p.num_heads} * p.value_dim;
    auto* out = static_cast<Element*>(p.out) +
                (int64_t{smem.task.batch} * p.seqlen_q + first) * row_stride +
                int64_t{smem.task.head} * p.value_dim;
#pragma unroll 2
    for (int i = warp.lane; i < 16 * kChunks; i += 32) {
      const int row = i / kChunks;
      const int place = Config::place_of(i % kChunks, warp.half());
      const int in_half = place % kHalfChunks * 8;
      if (first + row >= p.seqlen_q || in_half >= p.head_dim) continue;
      const int column = place / kHalfChunks * p.head_dim + in_half;
      uint32_t words[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        float2 pair = *tile.pair(row, i % kChunks * 8 + 2 * j);
        if (p.subln && p.subln_weight != nullptr) {
          pair.x *= p.subln_weight[column + 2 * j];
          pair.y *= p.subln_weight[column + 2 * j + 1];
        }
        words[j] = pack<Element>(pair.x, pair.y);
      }
      *reinterpret_cast<uint4*>(out + row * row_stride + column) =
          make_uint4(words[0], words[1], words[2], words[3]);
    }
  }
};

}  // namespace flashdiff::cuda::generic
