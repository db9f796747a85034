// The kernel. A CTA takes kBlockM query rows of one head and walks the tiles of keys that they see,
// for both maps at once:
//   1  wait for tile n; start copying tile n + 1
//   2  S = Q K^T of a map, mask it if need be, softmax: S becomes the weights P
//   3  O += P V for the maps of the warp
// and combines the two outputs in the epilogue.
#pragma once

#include <cfloat>
#include <cstdint>

#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "../repair.cuh"
#include "config.cuh"
#include "epilogue.cuh"
#include "schedule.cuh"
#include "softmax.cuh"

namespace flashdiff::cuda::generic {

template <typename Element, class Config>
class Forward {
  using SharedStorage = typename Config::SharedStorage;
  using Stage = typename Config::Stage;
  static constexpr int kMaps = Config::kMapsPerWarp;
  static constexpr int kBlockN = Config::kBlockN;
  static constexpr int kHeadSteps = Config::kHeadDim / 16;
  static constexpr int kKeySteps = kBlockN / 16;

 public:
  __device__ Forward(const ForwardParams& params, SharedStorage& smem)
      : p_(params), smem_(smem), lane_(threadIdx.x % 32) {
    // Uniform over the warp, and the compiler must see that it is.
    const int warp = __shfl_sync(kFullWarp, threadIdx.x / 32, 0);
    row_warp_ = warp % Config::kRowWarps;
    first_map_ = warp / Config::kRowWarps;
    // A negative scale is folded into the queries: the maximum of the scores must be that of the
    // logits. With a scale of 0 the smallest number keeps hidden keys hidden.
    scale_log2_ = fmaxf(fabsf(p_.softmax_scale) * 1.44269504f, FLT_MIN);
  }

  __device__ __forceinline__ void run() {
    const auto& tiles = smem_.task.tiles;
    load_queries();
    if (tiles.count() > 0) load_keys_and_values(0);
    ptx::cp_async_wait_all();
    if (p_.softmax_scale < 0) negate_queries();
    __syncthreads();
    if constexpr (Config::kQueriesInRegisters) {
#pragma unroll
      for (int i = 0; i < kMaps; ++i) {
#pragma unroll
        for (int step = 0; step < kHeadSteps; ++step) read_queries(i, step, q_[i][step]);
      }
    }
    for (int32_t n = 0; n < tiles.count(); ++n) {
      // The tile is here for all, and all have left the one before, whose place the next takes.
      ptx::cp_async_wait_all();
      __syncthreads();
      if (n + 1 < tiles.count()) load_keys_and_values(n + 1);
      add_tile(smem_.stages[n % Config::kStages], tiles.key(n));
    }
    finish();
    if (__syncthreads_or(cleared_values_)) {
      const auto& task = smem_.task;
      recompute_rows<Element>(p_, task.batch, task.head, task.first_row, task.end_row,
                              threadIdx.x / 32, Config::kThreads / 32);
    }
  }

 private:
  __device__ __forceinline__ int map(int i) const { return kMaps == 1 ? first_map_ : i; }
  __device__ __forceinline__ bool shared_keys() const { return p_.k[0] == p_.k[1]; }

  __device__ __forceinline__ void load_queries() {
#pragma unroll
    for (int m = 0; m < 2; ++m) {
      const Rows<Element, 1> rows{
          {p_.q[m]}, smem_.task.q_offset, p_.q_strides.seq, p_.seqlen_q, p_.head_dim};
      load_tile<Config::kThreads>(smem_.q[m], rows, smem_.task.first_row);
    }
  }

  __device__ __forceinline__ void negate_queries() {
    __syncthreads();
    auto* words = reinterpret_cast<uint32_t*>(smem_.q);
    for (int i = threadIdx.x; i < static_cast<int>(sizeof(smem_.q) / 4); i += Config::kThreads) {
      words[i] ^= 0x80008000;
    }
  }

  __device__ __forceinline__ void load_keys_and_values(int32_t n) {
    Stage& stage = smem_.stages[n % Config::kStages];
    const int32_t key = smem_.task.tiles.key(n);
#pragma unroll
    for (int m = 0; m < 2; ++m) {
      if (m == 1 && shared_keys()) break;
      const Rows<Element, 1> rows{
          {p_.k[m]}, smem_.task.k_offset, p_.k_strides.seq, p_.seqlen_k, p_.head_dim};
      load_tile<Config::kThreads>(stage.k[m], rows, key);
    }
    const Rows<Element, Config::kValueHalves> rows{
        {p_.v[0], p_.v[1]}, smem_.task.v_offset, p_.v_strides.seq, p_.seqlen_k, p_.head_dim};
    load_tile<Config::kThreads>(stage.v, rows, key);
  }

  // The A operand: 16 rows, 16 columns.
  __device__ __forceinline__ void read_queries(int i, int step, uint32_t (&q)[4]) const {
    const uint32_t address = smem_.q[map(i)].address(16 * row_warp_ + lane_ % 16, lane_ / 16);
    ptx::ldmatrix_x4(q, Config::QueryTile::advance(address, 2 * step));
  }

  __device__ __forceinline__ void add_tile(Stage& stage, int32_t key) {
    const bool partial = smem_.task.tiles.is_partial(key);
    if (partial) clear_hidden_values(stage);
    uint32_t p[kMaps][kKeySteps][4];
#pragma unroll
    for (int i = 0; i < kMaps; ++i) {
      float scores[2 * kKeySteps][4];
      multiply_keys(stage, i, scores);
      if (partial) {
        apply_mask(scores, p_.mask, smem_.task.first_row + 16 * row_warp_ + lane_ / 4,
                   key + lane_ % 4 * 2);
      }
      softmax_[i].update(scores, o_[i], scale_log2_);
      round_weights<Element>(scores, p[i]);
    }
    multiply_values(stage, p);
  }

  __device__ __forceinline__ void clear_hidden_values(Stage& stage) {
    for (int i = threadIdx.x; i < kBlockN * Config::ValueTile::kChunks; i += Config::kThreads) {
      cleared_values_ |= clear_non_finite<Element>(stage.v.chunks[i]);
    }
    __syncthreads();
  }

  // S = Q K^T: 16 rows, kBlockN keys.
  __device__ __forceinline__ void multiply_keys(const Stage& stage, int i,
                                                float (&scores)[2 * kKeySteps][4]) const {
    using Tile = typename Config::KeyTile;
    const uint32_t address =
        stage.k[shared_keys() ? 0 : map(i)].address(lane_ / 16 * 8 + lane_ % 8, lane_ / 8 % 2);
#pragma unroll
    for (auto& tile : scores) {
#pragma unroll
      for (float& score : tile) score = 0;
    }
#pragma unroll
    for (int step = 0; step < kHeadSteps; ++step) {
      uint32_t q[4];
      if constexpr (Config::kQueriesInRegisters) {
        for (int j = 0; j < 4; ++j) q[j] = q_[i][step][j];
      } else {
        read_queries(i, step, q);
      }
#pragma unroll
      for (int n = 0; n < kKeySteps; ++n) {
        uint32_t k[4];
        ptx::ldmatrix_x4(k, Tile::advance(address, 2 * step) + 16 * n * Tile::kRowBytes);
        ptx::mma_m16n8k16<Element>(scores[2 * n], q, k[0], k[1]);
        ptx::mma_m16n8k16<Element>(scores[2 * n + 1], q, k[2], k[3]);
      }
    }
  }

  // O += P V for the maps of this warp, which share what is read of V.
  __device__ __forceinline__ void multiply_values(const Stage& stage,
                                                  const uint32_t (&p)[kMaps][kKeySteps][4]) {
    using Tile = typename Config::ValueTile;
    const uint32_t address = stage.v.address(lane_ % 16, lane_ / 16);
#pragma unroll
    for (int step = 0; step < kKeySteps; ++step) {
#pragma unroll
      for (int column = 0; column < Config::kValueDim / 16; ++column) {
        uint32_t v[4];
        ptx::ldmatrix_x4_trans(v, Tile::advance(address, 2 * column) + 16 * step * Tile::kRowBytes);
#pragma unroll
        for (int i = 0; i < kMaps; ++i) {
          ptx::mma_m16n8k16<Element>(o_[i][2 * column], p[i][step], v[0], v[1]);
          ptx::mma_m16n8k16<Element>(o_[i][2 * column + 1], p[i][step], v[2], v[3]);
        }
      }
    }
  }

  __device__ __forceinline__ void finish() {
    const auto& task = smem_.task;
    const WarpRows rows{task.batch, task.head, task.first_row + 16 * row_warp_, lane_};
    auto& buffer = smem_.epilogue[row_warp_];
#pragma unroll
    for (int i = 0; i < kMaps; ++i) {
      softmax_[i].finish();
      store_lse(p_, rows, map(i), softmax_[i], scale_log2_);
    }
    __syncthreads();  // the buffers lie where the tiles were
    float row_sum2[2];
    if constexpr (kMaps == 1) {
      float* handed_sums = smem_.row_sum2 + 16 * row_warp_ + lane_ / 4;
      if (first_map_ == 1) {
#pragma unroll
        for (int column = 0; column < Config::kValueDim / 8; ++column) {
          const auto& o = o_[0][column];
          buffer.map2[column][lane_] = make_float4(o[0], o[1], o[2], o[3]);
        }
        handed_sums[0] = softmax_[0].row_sum[0];
        handed_sums[8] = softmax_[0].row_sum[1];
      }
      __syncthreads();
      if (first_map_ == 1) return;
      row_sum2[0] = handed_sums[0];
      row_sum2[1] = handed_sums[8];
    } else {
      row_sum2[0] = softmax_[1].row_sum[0];
      row_sum2[1] = softmax_[1].row_sum[1];
    }
    subtract(p_, rows, o_[0], softmax_[0].row_sum, row_sum2, [&](int column) {
      if constexpr (kMaps == 1) {
        return buffer.map2[column][lane_];
      } else {
        const auto& o = o_[1][column];
        return make_float4(o[0], o[1], o[2], o[3]);
      }
    });
    const bool empty[2] = {softmax_[0].row_sum[0] == 0 && row_sum2[0] == 0,
                           softmax_[0].row_sum[1] == 0 && row_sum2[1] == 0};
    scale_rows(p_, o_[0], empty);
    __syncwarp();  // the tile lies where map 2 was
    store_rows<Element, Config>(p_, rows, o_[0], buffer.out);
  }

  const ForwardParams& p_;
  SharedStorage& smem_;
  const int lane_;
  int row_warp_;   // which 16 rows of the CTA's
  int first_map_;  // of this warp
  float scale_log2_;

  uint32_t q_[Config::kQueriesInRegisters ? kMaps : 1][kHeadSteps][4];
  float o_[kMaps][Config::kValueDim / 8][4] = {};
  OnlineSoftmax softmax_[kMaps];
  bool cleared_values_ = false;  // by this thread
};

template <typename Element, class Config>
__global__ void __launch_bounds__(Config::kThreads, 256 / Config::kThreads)
    forward_kernel(const __grid_constant__ ForwardParams params,
                   const __grid_constant__ Schedule schedule) {
  extern __shared__ __align__(128) uint8_t dynamic_smem[];
  auto& smem = *reinterpret_cast<typename Config::SharedStorage*>(dynamic_smem);
  if (threadIdx.x == 0)
    smem.task = Task<Config::kBlockM, Config::kBlockN>(params, schedule, blockIdx.x);
  __syncthreads();
  Forward<Element, Config>(params, smem).run();
}

}  // namespace flashdiff::cuda::generic
