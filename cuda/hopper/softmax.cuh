// Online softmax of a warpgroup's score tile, in base 2. A thread holds two rows of it (r = 0, 1,
// eight rows apart), and four neighbouring lanes share a row.
//
// Nobody looks for the maximum of a tile as long as the reference point of its rows serves: the
// sums of the weights, which are needed anyhow, tell when it no longer does. Weights larger than 1
// cost no precision in any of the types involved; the limit keeps them within float16.
#pragma once

#include <cstdint>

#include "../base2.cuh"
#include "../element.cuh"
#include "../lanes.cuh"
#include "../ptx/exp2.cuh"

namespace flashdiff::cuda::hopper {

inline constexpr float kLargestSum = 1 << 12;

// The offset of a row that has seen no score above -Infinity: one more gives it an infinite sum,
// and with -Infinity its weights are 0.
inline constexpr float kNoReference = 3e38f;

struct SoftmaxState {
  float offset[2] = {kNoReference, kNoReference};  // added to scaled scores: minus the reference
  float row_sum[2] = {0, 0};                       // of this thread's columns
};

// Rows whose reference does not serve: the lanes of a row agree about it, and the warp about `any`.
// What becomes of a row depends on no other.
struct Outgrown {
  bool any = false;
  bool row[2] = {true, true};
};

// Turns scores into weights. They are counted where the reference serves.
template <int kCount>
__device__ __forceinline__ Outgrown weigh(float (&s)[kCount], SoftmaxState& state,
                                          float scale_log2) {
  float sum[2] = {0, 0};
#pragma unroll
  for (int i = 0; i < kCount; i += 4) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      s[i + j] = ptx::exp2_approx(fmaf(s[i + j], scale_log2, state.offset[j / 2]));
    }
    sum[0] += s[i] + s[i + 1];
    sum[1] += s[i + 2] + s[i + 3];
  }
  Outgrown outgrown;
  outgrown.any = __any_sync(kFullWarp, sum[0] > kLargestSum || sum[1] > kLargestSum);
  if (outgrown.any) {
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      outgrown.row[r] = quad_max(sum[r]) > kLargestSum;
      if (outgrown.row[r]) sum[r] = 0;
    }
  }
  state.row_sum[0] += sum[0];
  state.row_sum[1] += sum[1];
  return outgrown;
}

// Scores of the rows given become weights below a reference that is moved to the largest score so
// far; the weights of the other rows stay. Gives what outputs accumulated so far have to be
// multiplied by.
template <int kCount>
__device__ __forceinline__ void move_reference(float (&s)[kCount], SoftmaxState& state,
                                               float scale_log2, const bool (&rows)[2],
                                               float (&rescale)[2]) {
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    float even = s[2 * r];
    float odd = s[2 * r + 1];
#pragma unroll
    for (int i = 4; i < kCount; i += 4) {
      even = fmaxf(even, s[i + 2 * r]);
      odd = fmaxf(odd, s[i + 2 * r + 1]);
    }
    const float max = quad_max(fmaxf(even, odd));
    const float offset = rows[r] ? fminf(state.offset[r], -max * scale_log2) : state.offset[r];
    rescale[r] = ptx::exp2_approx(offset - state.offset[r]);
    state.offset[r] = offset;
    float sum = 0;
#pragma unroll
    for (int i = 2 * r; i < kCount; i += 4) {
#pragma unroll
      for (int j = i; j < i + 2; ++j) {
        const float weight = ptx::exp2_approx(fmaf(s[j], scale_log2, offset));
        if (rows[r]) s[j] = weight;
      }
      sum += s[i] + s[i + 1];
    }
    if (rows[r]) state.row_sum[r] = state.row_sum[r] * rescale[r] + sum;
  }
}

template <int kCount>
__device__ __forceinline__ void rescale_output(float (&o)[kCount], const float (&rescale)[2]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) o[i] *= rescale[i / 2 % 2];
}

// Weights as the A operand of the product with the values.
template <typename Element, int kCount>
__device__ __forceinline__ void round_weights(const float (&s)[kCount], uint32_t (&p)[kCount / 2]) {
#pragma unroll
  for (int i = 0; i < kCount / 2; ++i) p[i] = pack<Element>(s[2 * i], s[2 * i + 1]);
}

}  // namespace flashdiff::cuda::hopper
