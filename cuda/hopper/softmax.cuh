// Online softmax of a warpgroup's score tile, in base 2. A thread holds two rows of it (r = 0, 1,
// eight rows apart), and four neighbouring lanes share a row.
//
// The reference point of a row is only moved when its maximum has grown by more than
// kLazyGrowth: until then weights are as large as 2^8 instead of 1, which costs no precision in
// any of the types involved, and the accumulated outputs need no rescaling.
#pragma once

#include <cstdint>

#include "../element.cuh"
#include "../ptx/exp2.cuh"

namespace flashdiff::cuda::hopper {

inline constexpr float kLazyGrowth = 8;
inline constexpr uint32_t kFullWarp = 0xFFFFFFFF;

__device__ __forceinline__ float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(kFullWarp, x, 1));
  return fmaxf(x, __shfl_xor_sync(kFullWarp, x, 2));
}

__device__ __forceinline__ float quad_sum(float x) {
  x += __shfl_xor_sync(kFullWarp, x, 1);
  return x + __shfl_xor_sync(kFullWarp, x, 2);
}

struct SoftmaxState {
  float row_max[2] = {-INFINITY, -INFINITY};  // of raw scores
  float row_sum[2] = {0, 0};                  // of this thread's columns
};

// What outputs accumulated so far have to be multiplied by, where that is needed at all; the whole
// warp agrees whether it is.
struct Rescale {
  bool needed;
  float factor[2];
};

// Turns scores into weights.
template <int kCount>
__device__ __forceinline__ Rescale online_softmax(float (&s)[kCount], SoftmaxState& state,
                                                  float scale_log2) {
  float tile_max[2];
  bool grew = false;
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    float even = s[2 * r];
    float odd = s[2 * r + 1];
#pragma unroll
    for (int i = 4; i < kCount; i += 4) {
      even = fmaxf(even, s[i + 2 * r]);
      odd = fmaxf(odd, s[i + 2 * r + 1]);
    }
    tile_max[r] = quad_max(fmaxf(even, odd));
    grew |= (tile_max[r] - state.row_max[r]) * scale_log2 > kLazyGrowth;
  }

  Rescale rescale;
  rescale.needed = __any_sync(kFullWarp, grew);
  float offset[2];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const float old_max = state.row_max[r];
    if (rescale.needed) state.row_max[r] = fmaxf(old_max, tile_max[r]);
    // A row that has seen -Infinity alone has weights 0, not NaN.
    const float reference = state.row_max[r] == -INFINITY ? 0 : state.row_max[r];
    offset[r] = -reference * scale_log2;
    rescale.factor[r] = 1;
    if (rescale.needed) {
      rescale.factor[r] = ptx::exp2_approx((old_max - reference) * scale_log2);
      state.row_sum[r] *= rescale.factor[r];
    }
  }

#pragma unroll
  for (int i = 0; i < kCount; i += 4) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      s[i + j] = ptx::exp2_approx(fmaf(s[i + j], scale_log2, offset[j / 2]));
    }
    state.row_sum[0] += s[i] + s[i + 1];
    state.row_sum[1] += s[i + 2] + s[i + 3];
  }
  return rescale;
}

template <int kCount>
__device__ __forceinline__ void rescale_output(float (&o)[kCount], const Rescale& rescale) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) o[i] *= rescale.factor[i / 2 % 2];
}

// Weights as the A operand of the product with the values.
template <typename Element, int kCount>
__device__ __forceinline__ void round_weights(const float (&s)[kCount], uint32_t (&p)[kCount / 2]) {
#pragma unroll
  for (int i = 0; i < kCount / 2; ++i) p[i] = pack<Element>(s[2 * i], s[2 * i + 1]);
}

}  // namespace flashdiff::cuda::hopper
