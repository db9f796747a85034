// From accumulators to memory: out = scale * norm(O1 / l1 - lambda O2 / l2), and lse.
//
// All of it stays within a warp and its 16 rows; of these a thread holds two, eight apart.
#pragma once

#include "../base2.cuh"
#include "../lambda.cuh"
#include "../ptx/stmatrix.cuh"
#include "../repair.cuh"
#include "config.cuh"
#include "params.cuh"
#include "plan.cuh"
#include "softmax.cuh"

namespace flashdiff::cuda::hopper {

template <class Config, typename SharedStorage>
struct Epilogue {
  using Element = typename Config::Element;
  static constexpr int kCount = Config::kValueDim / 2;  // values of a thread
  static constexpr int kBatch = 64;                     // of them loaded at once

  const KernelParams& params;
  SharedStorage& smem;
  const Tile& tile;
  const int thread;  // among the consumers'
  const int lane = thread % 32;
  const int warp_row = tile.m_block * kBlockM + thread / 32 * 16;

  // Of both maps: 0 for a row that sees nothing, NaN for one whose scores hold NaN.
  float weight_sum[2] = {0, 0};
  bool leaked = false;  // perhaps: finite weights, and no finite result

  __device__ __forceinline__ int32_t row(int r) const { return warp_row + lane / 4 + 8 * r; }

  // What a row of one map has to be multiplied by; stores its lse. No visible weight gives 0.
  __device__ __forceinline__ void finalize(const SoftmaxState& state, int map, float (&factor)[2]) {
    const ForwardParams& f = params.forward;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float sum = quad_sum(state.row_sum[r]);
      weight_sum[r] += sum;
      factor[r] = sum == 0 ? 0 : __fdividef(1, sum);
      if (row(r) >= f.seqlen_q) continue;
      if (f.lse != nullptr && lane % 4 == 0) {
        const int64_t head = (int64_t{map} * f.batch_size + tile.batch) * f.num_heads + tile.head;
        f.lse[head * f.seqlen_q + row(r)] =
            sum == 0 ? -INFINITY : logf(sum) - state.offset[r] * kLn2;
      }
      if (map == 1) factor[r] *= -lambda_of(f, tile.batch, row(r), tile.head);
    }
  }

  // Where this thread's values of the first map wait for those of the second.
  static constexpr int kScratchStep = kConsumers * kWarpgroupThreads;
  __device__ __forceinline__ float4* scratch() const {
    return params.scratch + int64_t{blockIdx.x} * (kCount / 4 + 1) * kScratchStep + thread;
  }

  __device__ __forceinline__ void put_aside(float (&o)[kCount], const SoftmaxState& state) {
    float factor[2];
    finalize(state, 0, factor);
    __stcg(scratch() + kCount / 4 * kScratchStep, make_float4(weight_sum[0], weight_sum[1], 0, 0));
#pragma unroll
    for (int i = 0; i < kCount; i += 4) {
      __stcg(scratch() + i / 4 * kScratchStep,
             make_float4(o[i] * factor[0], o[i + 1] * factor[0], o[i + 2] * factor[1],
                         o[i + 3] * factor[1]));
    }
  }

  // Adds the second map to what was put aside, in place.
  __device__ __forceinline__ void take_back(float (&o)[kCount], const SoftmaxState& state) {
    float factor[2];
    finalize(state, 1, factor);
    const float4 sums = __ldcg(scratch() + kCount / 4 * kScratchStep);
    weight_sum[0] += sums.x;
    weight_sum[1] += sums.y;
#pragma unroll
    for (int i = 0; i < kCount; i += 4) {
      if (i % kBatch == 0) __syncwarp();
      const float4 first = __ldcg(scratch() + i / 4 * kScratchStep);
      o[i] = fmaf(o[i], factor[0], first.x);
      o[i + 1] = fmaf(o[i + 1], factor[0], first.y);
      o[i + 2] = fmaf(o[i + 2], factor[1], first.z);
      o[i + 3] = fmaf(o[i + 3], factor[1], first.w);
    }
  }

  // Adds two maps in registers, into the first.
  __device__ __forceinline__ void combine(float (&o)[2][kCount], const SoftmaxState (&state)[2]) {
    float factor[2];
    finalize(state[0], 0, factor);
#pragma unroll
    for (int i = 0; i < kCount; ++i) o[0][i] *= factor[i / 2 % 2];
    finalize(state[1], 1, factor);
#pragma unroll
    for (int i = 0; i < kCount; ++i) o[0][i] = fmaf(o[1][i], factor[i / 2 % 2], o[0][i]);
  }

  __device__ __forceinline__ void finish(float (&out)[kCount]) {
    const ForwardParams& f = params.forward;
    // x * 0 is 0 but for NaN and Infinity. With finite weights these come from values, and perhaps
    // from values that the row does not see: 0 x NaN.
    float zero[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < kCount; ++i) zero[i / 2 % 2] = fmaf(out[i], 0, zero[i / 2 % 2]);
    leaked =
        (isnan(zero[0]) && isfinite(weight_sum[0])) || (isnan(zero[1]) && isfinite(weight_sum[1]));
    float gain[2] = {f.output_scale, f.output_scale};
    if (f.subln) normalize(out, gain);
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      out[i] = weight_sum[i / 2 % 2] == 0 ? 0 : out[i] * gain[i / 2 % 2];
    }
    store(out);
  }

  // What is the same for all of a row goes into its gain.
  __device__ __forceinline__ void normalize(float (&out)[kCount], float (&gain)[2]) const {
    const ForwardParams& f = params.forward;
    float sum[2] = {0, 0};
#pragma unroll
    for (int i = 0; i < kCount; ++i) sum[i / 2 % 2] += out[i] * out[i];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float mean = quad_sum(sum[r]) * (1.0f / Config::kValueDim);
      gain[r] *= rsqrtf(mean + f.subln_eps);
    }
    if (f.subln_weight == nullptr) return;
#pragma unroll
    for (int i = 0; i < kCount; i += 4) {
      if (i % kBatch == 0) __syncwarp();
      const float* weight = f.subln_weight + 2 * (i + lane % 4);  // at any multiple of a float
      out[i] *= weight[0];
      out[i + 1] *= weight[1];
      out[i + 2] *= weight[0];
      out[i + 3] *= weight[1];
    }
  }

  // Through shared memory, so that a row leaves in lines of 16 bytes a lane.
  __device__ __forceinline__ void store(const float (&out)[kCount]) const {
    const ForwardParams& f = params.forward;
    Element* staging = smem.staging[thread / 32];
    Element* write = staging + lane % 16 * Config::kStagingRow + lane / 16 * 8;
    constexpr int kLanes = Config::kStagingColumns / 8;  // of a row
    const Element* read = staging + lane / kLanes * Config::kStagingRow + lane % kLanes * 8;
    const int32_t first = warp_row + lane / kLanes;
    const int64_t pitch = int64_t{f.num_heads} * Config::kValueDim;
    Element* dst = static_cast<Element*>(f.out) +
                   (int64_t{tile.batch} * f.seqlen_q + first) * pitch +
                   tile.head * Config::kValueDim + lane % kLanes * 8;
#pragma unroll
    for (int column = 0; column < Config::kValueDim; column += Config::kStagingColumns) {
#pragma unroll
      for (int c = 0; c < Config::kStagingColumns; c += 16) {
        const float* o = out + (column + c) / 2;
        ptx::stmatrix_x4(write + c, pack<Element>(o[0], o[1]), pack<Element>(o[2], o[3]),
                         pack<Element>(o[4], o[5]), pack<Element>(o[6], o[7]));
      }
      __syncwarp();
#pragma unroll
      for (int r = 0; r < 16; r += 32 / kLanes) {
        if (first + r < f.seqlen_q) {
          *reinterpret_cast<uint4*>(dst + r * pitch + column) =
              *reinterpret_cast<const uint4*>(read + r * Config::kStagingRow);
        }
      }
      __syncwarp();
    }
  }

  // Once stored: the rows that saw what the cleaner took away.
  __device__ __forceinline__ void repair() const {
    const int32_t end = min(warp_row + 16, params.forward.seqlen_q);
#pragma unroll 1
    for (int32_t i = warp_row; i < end; ++i) {
      RowRepair<Element>(params.forward, tile.batch, tile.head, i, lane).run();
    }
  }
};

}  // namespace flashdiff::cuda::hopper
