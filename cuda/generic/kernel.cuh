// The kernel. A CTA takes kBlockM query rows of one head and walks the tiles of keys that they see,
// for both maps at once. Of each tile n a warp
//   1  waits for it, and starts copying its share of tile n + 1 to shared memory
//   2  computes S = Q K^T, hides what is masked, and turns S into weights P; a pair exchanges them
//   3  adds P V to its output
// and the epilogue combines the outputs of the maps. Late warps do step 3 after step 1 of the next
// tile.
#pragma once

#include <cstdint>

#include "../base2.cuh"
#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "../ptx/named_barrier.cuh"
#include "../repair.cuh"
#include "config.cuh"
#include "epilogue.cuh"
#include "schedule.cuh"
#include "softmax.cuh"
#include "warp.cuh"

namespace flashdiff::cuda::generic {

template <typename Element, class Config>
class Forward {
  using SharedStorage = typename Config::SharedStorage;
  static constexpr int kMaps = Config::kWarpMaps;
  static constexpr int kHeadSteps = Config::kHeadDim / 16;
  static constexpr int kKeySteps = Config::kBlockN / 16;

  using Scores = float[2 * kKeySteps][4];
  // Of two tiles of 16 rows: the two maps', or the warp's own and its partner's.
  using Weights = uint32_t[2][kKeySteps][4];

 public:
  __device__ Forward(const ForwardParams& params, SharedStorage& smem)
      : p_(params),
        smem_(smem),
        scale_log2_(params.softmax_scale == 0 ? 1 : fabsf(params.softmax_scale) * kLog2E) {}

  __device__ __forceinline__ void run() {
    const auto& tiles = smem_.task.tiles;
    load_queries();
    if (tiles.count() > 0) load_keys_and_values(0);
    ptx::cp_async_wait_all();
    if (p_.softmax_scale <= 0) fold_scale();
    __syncthreads();
    if constexpr (Config::kQueriesInRegisters) {
#pragma unroll
      for (int i = 0; i < kMaps; ++i) {
#pragma unroll
        for (int step = 0; step < kHeadSteps; ++step) read_queries(i, step, q_[i][step]);
      }
    }

    Weights p;
    for (int32_t n = 0; n < tiles.count(); ++n) {
      next_tile(n);
      if (warp_.is_late() && n > 0) multiply_values(n - 1, p);
      weigh(n, p);
      if (!warp_.is_late()) multiply_values(n, p);
    }
    if (warp_.is_late() && tiles.count() > 0) multiply_values(tiles.count() - 1, p);

    Epilogue<Element, Config>{p_, smem_, warp_}.run(o_, softmax_, scale_log2_);
    if (__syncthreads_or(cleared_values_)) {
      const auto& task = smem_.task;
      recompute_rows<Element>(p_, task.batch, task.head, task.first_row, task.end_row, warp_.index,
                              Config::kWarps);
    }
  }

 private:
  __device__ __forceinline__ bool shared_keys() const { return p_.k[0] == p_.k[1]; }
  __device__ __forceinline__ auto& keys(int32_t n, int map) const {
    return smem_.tiles.k[(n + 1) % 2][map];
  }
  __device__ __forceinline__ auto& values(int32_t n) const {
    return smem_.tiles.v[n % Config::kValueStages];
  }

  // Tile n is here for all, and all have left what the copies that start now overwrite: the keys of
  // tile n - 1, and its values or, where some warps are late, those of tile n - 2.
  __device__ __forceinline__ void next_tile(int32_t n) {
    ptx::cp_async_wait_all();
    __syncthreads();
    if (n + 1 < smem_.task.tiles.count()) load_keys_and_values(n + 1);
  }

  __device__ __forceinline__ void load_queries() {
#pragma unroll
    for (int m = 0; m < 2; ++m) {
      const Rows<Element, 1> rows{
          {p_.q[m]}, smem_.task.q_offset, p_.q_strides.seq, p_.seqlen_q, p_.head_dim};
      load_tile<Config::kThreads>(smem_.queries.q[m], rows, smem_.task.first_row);
    }
  }

  // The sign or the zero of the scale goes into the queries: the maximum of the scores must be that
  // of the logits, and hidden keys must stay at -Infinity.
  __device__ __forceinline__ void fold_scale() {
    __syncthreads();
    const auto factor = as_pair<Element>(
        pack<Element>(p_.softmax_scale < 0 ? -1 : 0, p_.softmax_scale < 0 ? -1 : 0));
    auto* pairs = reinterpret_cast<typename ElementPair<Element>::Type*>(smem_.queries.q);
    for (int i = threadIdx.x; i < static_cast<int>(sizeof(smem_.queries.q) / 4);
         i += Config::kThreads) {
      pairs[i] = __hmul2(pairs[i], factor);
    }
  }

  __device__ __forceinline__ void load_keys_and_values(int32_t n) {
    const int32_t key = smem_.task.tiles.key(n);
#pragma unroll
    for (int m = 0; m < 2; ++m) {
      if (m == 1 && shared_keys()) break;
      const Rows<Element, 1> rows{
          {p_.k[m]}, smem_.task.k_offset, p_.k_strides.seq, p_.seqlen_k, p_.head_dim};
      load_tile<Config::kThreads>(keys(n, m), rows, key);
    }
    const Rows<Element, Config::kValueHalves> rows{
        {p_.v[0], p_.v[1]}, smem_.task.v_offset, p_.v_strides.seq, p_.seqlen_k, p_.head_dim};
    load_tile<Config::kThreads>(values(n), rows, key);
  }

  // The A operand: 16 rows, 16 columns.
  __device__ __forceinline__ void read_queries(int i, int step, uint32_t (&q)[4]) const {
    const uint32_t address =
        smem_.queries.q[warp_.map(i)].address(16 * warp_.rows() + warp_.lane % 16, warp_.lane / 16);
    ptx::ldmatrix_x4(q, Config::QueryTile::advance(address, 2 * step));
  }

  __device__ __forceinline__ void weigh(int32_t n, Weights& p) {
    const int32_t key = smem_.task.tiles.key(n);
    const bool partial = smem_.task.tiles.is_partial(key);
#pragma unroll
    for (int i = 0; i < kMaps; ++i) {
      Scores scores;
      multiply_keys(n, i, scores);
      if (partial) {
        if (i == 0) clear_hidden_values(n);
        apply_mask(scores, p_.mask, smem_.task.first_row + 16 * warp_.rows() + warp_.lane / 4,
                   key + warp_.lane % 4 * 2);
      }
      float rescale[2];
      const bool moved = softmax_[i].update(scores, o_[i], scale_log2_, rescale);
      round_weights<Element>(scores, p[i]);
      if constexpr (Config::kPairs) exchange_weights(p, moved, rescale);
    }
  }

  __device__ __forceinline__ void clear_hidden_values(int32_t n) {
    auto& chunks = values(n).chunks;
    for (int i = threadIdx.x; i < Config::kBlockN * Config::ValueTile::kChunks;
         i += Config::kThreads) {
      cleared_values_ |= clear_non_finite<Element>(chunks[i]);
    }
    __syncthreads();
  }

  // S = Q K^T: 16 rows, kBlockN keys.
  __device__ __forceinline__ void multiply_keys(int32_t n, int i, Scores& scores) const {
    using Tile = typename Config::KeyTile;
    const Tile& tile = keys(n, shared_keys() ? 0 : warp_.map(i));
    const uint32_t address = tile.address(warp_.lane / 16 * 8 + warp_.lane % 8, warp_.lane / 8 % 2);
#pragma unroll
    for (auto& columns : scores) {
#pragma unroll
      for (float& score : columns) score = 0;
    }
#pragma unroll
    for (int step = 0; step < kHeadSteps; ++step) {
      uint32_t q[4];
      if constexpr (Config::kQueriesInRegisters) {
#pragma unroll
        for (int j = 0; j < 4; ++j) q[j] = q_[i][step][j];
      } else {
        read_queries(i, step, q);
      }
#pragma unroll
      for (int j = 0; j < kKeySteps; ++j) {
        uint32_t k[4];
        ptx::ldmatrix_x4(k, Tile::advance(address, 2 * step) + 16 * j * Tile::kRowBytes);
        ptx::mma_m16n8k16<Element>(scores[2 * j], q, k[0], k[1]);
        ptx::mma_m16n8k16<Element>(scores[2 * j + 1], q, k[2], k[3]);
      }
    }
  }

  // p[1] becomes the partner's weights, and o_[1] is brought up to their reference. The barrier of
  // the next tile protects a message until it has been read.
  __device__ __forceinline__ void exchange_weights(Weights& p, bool moved,
                                                   const float (&rescale)[2]) {
    const int lane = warp_.lane;
    auto& given = smem_.tiles.messages[warp_.index];
    const auto& taken = smem_.tiles.messages[warp_.partner()];
#pragma unroll
    for (int step = 0; step < kKeySteps; ++step) {
      given.weights[step][lane] =
          make_uint4(p[0][step][0], p[0][step][1], p[0][step][2], p[0][step][3]);
    }
    if (lane == 0) given.moved = moved;
    if (moved && lane % 4 == 0) {
      given.rescale[lane / 4] = rescale[0];
      given.rescale[lane / 4 + 8] = rescale[1];
    }
    ptx::named_barrier_sync(warp_.pair_barrier(), 64);
    if (taken.moved) {
      rescale_rows(o_[1], {taken.rescale[lane / 4], taken.rescale[lane / 4 + 8]});
    }
#pragma unroll
    for (int step = 0; step < kKeySteps; ++step) {
      const uint4 weights = taken.weights[step][lane];
      p[1][step][0] = weights.x;
      p[1][step][1] = weights.y;
      p[1][step][2] = weights.z;
      p[1][step][3] = weights.w;
    }
  }

  // O += P V.
  __device__ __forceinline__ void multiply_values(int32_t n, const Weights& p) {
    using Tile = typename Config::ValueTile;
    const uint32_t address =
        values(n).address(warp_.lane % 16, Config::place_of(0, warp_.half()) + warp_.lane / 16);
#pragma unroll
    for (int step = 0; step < kKeySteps; ++step) {
#pragma unroll
      for (int chunk = 0; chunk < Config::kChunks; chunk += 2) {
        uint32_t v[4];
        ptx::ldmatrix_x4_trans(
            v, Tile::advance(address, Config::place_of(chunk, 0)) + 16 * step * Tile::kRowBytes);
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          ptx::mma_m16n8k16<Element>(o_[i][chunk], p[i][step], v[0], v[1]);
          ptx::mma_m16n8k16<Element>(o_[i][chunk + 1], p[i][step], v[2], v[3]);
        }
      }
    }
  }

  const ForwardParams& p_;
  SharedStorage& smem_;
  const float scale_log2_;
  const Warp<Config> warp_;

  uint32_t q_[Config::kQueriesInRegisters ? kMaps : 1][kHeadSteps][4];
  float o_[2][Config::kChunks][4] = {};  // of the rows of Weights
  OnlineSoftmax softmax_[kMaps];
  bool cleared_values_ = false;  // by this thread
};

// Not compiled where no device has the shared memory: there registers would spill.
template <class Config>
__device__ constexpr bool is_launchable() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 1200
  return sizeof(typename Config::SharedStorage) <= 99 << 10;
#else
  return true;
#endif
}

template <typename Element, class Config>
__global__ void __launch_bounds__(Config::kThreads, Config::kMinBlocks)
    forward_kernel(const __grid_constant__ ForwardParams params,
                   const __grid_constant__ Schedule schedule) {
  if constexpr (is_launchable<Config>()) {
    extern __shared__ __align__(128) uint8_t dynamic_smem[];
    auto& smem = *reinterpret_cast<typename Config::SharedStorage*>(dynamic_smem);
    if (threadIdx.x == 0) smem.task = {params, schedule, blockIdx.x};
    __syncthreads();
    Forward<Element, Config>(params, smem).run();
  }
}

}  // namespace flashdiff::cuda::generic
