// The online softmax of the rows that a thread holds of a warp's 16: r = 0 is row lane / 4, r = 1
// the row 8 below. Four neighbouring lanes share a row.
#pragma once

#include <cstdint>

#include "../base2.cuh"
#include "../element.cuh"
#include "../lanes.cuh"
#include "../ptx/exp2.cuh"
#include "flashdiff/mask.h"

namespace flashdiff::cuda::generic {

// Scores of hidden keys become -Infinity. `row` is the thread's first, `key` its first column's.
template <int kTiles>
__device__ __forceinline__ void apply_mask(float (&scores)[kTiles][4], const Mask& mask,
                                           int32_t row, int32_t key) {
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const int32_t sink_end = mask.sink_end(row + 8 * r);
    const int32_t window_begin = mask.window_begin(row + 8 * r);
    const int32_t window_end = mask.window_end(row + 8 * r);
#pragma unroll
    for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        const int32_t j = key + 8 * tile + c;
        const bool visible = j < sink_end || (j >= window_begin && j < window_end);
        if (!visible) scores[tile][2 * r + c] = -INFINITY;
      }
    }
  }
}

template <int kColumns>
__device__ __forceinline__ void rescale_rows(float (&o)[kColumns][4], const float (&rescale)[2]) {
#pragma unroll
  for (auto& column : o) {
#pragma unroll
    for (int c = 0; c < 4; ++c) column[c] *= rescale[c / 2];
  }
}

// The reference point of a row moves only when its maximum has outgrown it by more than kLazyGrowth
// (base 2). Until then weights are as large as 2^8 instead of 1, which costs no precision in any of
// the types involved, and the output needs no rescaling. What becomes of a row depends on no other.
inline constexpr float kLazyGrowth = 8;

struct OnlineSoftmax {
  float reference[2] = {-INFINITY, -INFINITY};  // of raw scores
  float row_sum[2] = {0, 0};                    // of this thread's columns

  // What is taken off the scaled scores. 0 for a row of -Infinity alone: its weights are 0, not
  // NaN.
  __device__ __forceinline__ float origin(int r, float scale_log2) const {
    return reference[r] == -INFINITY ? 0 : reference[r] * scale_log2;
  }

  // Turns a tile of scores into weights. Whether some row's reference moved, and if so what outputs
  // have to be multiplied by; the answer is the same for the whole warp.
  template <int kTiles, int kColumns>
  __device__ __forceinline__ bool update(float (&scores)[kTiles][4], float (&o)[kColumns][4],
                                         float scale_log2, float (&rescale)[2]) {
    float tile_max[2];
    bool grew[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      tile_max[r] = fmaxf(scores[0][2 * r], scores[0][2 * r + 1]);
#pragma unroll
      for (int tile = 1; tile < kTiles; ++tile) {
        tile_max[r] = fmaxf(tile_max[r], fmaxf(scores[tile][2 * r], scores[tile][2 * r + 1]));
      }
      tile_max[r] = quad_max(tile_max[r]);
      grew[r] = (tile_max[r] - reference[r]) * scale_log2 > kLazyGrowth;
    }
    const bool moved = __any_sync(kFullWarp, grew[0] || grew[1]);
    if (moved) {
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        // From the rounded origin that the weights so far were made with. Before the first score
        // there are none.
        const float before = reference[r] == -INFINITY ? -INFINITY : origin(r, scale_log2);
        if (grew[r]) reference[r] = tile_max[r];
        rescale[r] = grew[r] ? ptx::exp2_approx(before - origin(r, scale_log2)) : 1;
        row_sum[r] *= rescale[r];
      }
      rescale_rows(o, rescale);
    }
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float offset = -origin(r, scale_log2);
#pragma unroll
      for (int tile = 0; tile < kTiles; ++tile) {
#pragma unroll
        for (int c = 2 * r; c < 2 * r + 2; ++c) {
          scores[tile][c] = ptx::exp2_approx(fmaf(scores[tile][c], scale_log2, offset));
          row_sum[r] += scores[tile][c];
        }
      }
    }
    return moved;
  }

  // Adds up the four lanes of a row.
  __device__ __forceinline__ void finish() {
    row_sum[0] = quad_sum(row_sum[0]);
    row_sum[1] = quad_sum(row_sum[1]);
  }

  // The natural logarithm of the sum of exponentials.
  __device__ __forceinline__ float lse(int r, float scale_log2) const {
    return row_sum[r] == 0 ? -INFINITY : (origin(r, scale_log2) + log2f(row_sum[r])) * kLn2;
  }
};

// Weights as the A operand of the product with the values: 16 keys a step.
template <typename Element, int kTiles>
__device__ __forceinline__ void round_weights(const float (&scores)[kTiles][4],
                                              uint32_t (&p)[kTiles / 2][4]) {
#pragma unroll
  for (int step = 0; step < kTiles / 2; ++step) {
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      const float(&tile)[4] = scores[2 * step + i];
      p[step][2 * i] = pack<Element>(tile[0], tile[1]);
      p[step][2 * i + 1] = pack<Element>(tile[2], tile[3]);
    }
  }
}

}  // namespace flashdiff::cuda::generic
