// The main loop of a consumer warpgroup: 64 query rows against a sequence of key tiles.
//
// The work is a stream of jobs: a key tile, and a map where the warpgroup holds both. Each step
// issues the scores of the next job and the output of the current one, and does the softmax of the
// next while the output is on the tensor cores:
//
//   S' = Q K'^T    O += P V    |    P' = softmax(S')    |    wait for O, P = P'
#pragma once

#include "../ptx/named_barrier.cuh"
#include "config.cuh"
#include "masking.cuh"
#include "params.cuh"
#include "plan.cuh"
#include "products.cuh"
#include "softmax.cuh"

namespace flashdiff::cuda::hopper {

template <class Config>
struct Accumulators {
  float o[Config::kMaps][Config::kValueDim / 2];
  SoftmaxState softmax[Config::kMaps];
};

// Barriers 1 and 2: a consumer waits for its turn to issue, and gives it to the other.
__device__ __forceinline__ void wait_turn(int consumer) {
  ptx::named_barrier_sync(1 + consumer, kConsumers * kWarpgroupThreads);
}
__device__ __forceinline__ void pass_turn(int consumer) {
  ptx::named_barrier_arrive(2 - consumer, kConsumers * kWarpgroupThreads);
}

template <class Config, typename SharedStorage>
struct MainLoop {
  const KernelParams& params;
  SharedStorage& smem;
  const int consumer;  // 0 or 1
  const int thread;    // among the consumers'
  const Plan<Config::kBlockN>& plan;
  const uint32_t query;  // item of its ring

  // `visit`: number of the first item of the ring of values.
  __device__ __forceinline__ void run(Accumulators<Config>& acc, uint32_t visit, int32_t count) {
    using Element = typename Config::Element;
    constexpr int kMaps = Config::kMaps;
    const int lane = thread % 32;
    const auto* q = &smem.q[0][consumer * 64 * Config::kChunk];
    float s[Config::kBlockN / 2];
    uint32_t p[Config::kBlockN / 4];

    const auto key_item = [&](uint32_t v, int map) {
      return Config::kSharedKeys ? v : v * kMaps + map;
    };
    const auto issue_job_scores = [&](uint32_t v, int map) {
      const uint32_t item = key_item(v, map);
      smem.keys.wait_full(item);
      issue_scores<Config>(s, q + map * Config::kQueryElements, smem.k[smem.keys.slot(item)]);
    };
    const auto release_keys = [&](uint32_t v, int map) {
      if (!Config::kSharedKeys || map == kMaps - 1) smem.keys.release(key_item(v, map), lane);
    };
    const auto is_masked = [&](int32_t i) {
      return !plan.unmasked[consumer].contains(plan.visits[i]);
    };
    const auto softmax = [&](int32_t i, int map, bool masked) {
      if (masked) {
        const int32_t row = plan.tile.m_block * kBlockM + thread / 32 * 16 + lane / 4;
        apply_mask(s, params.bounds, row, plan.visits[i] * Config::kBlockN + 2 * (lane % 4));
      }
      return online_softmax(s, acc.softmax[map], params.scale_log2);
    };
    // From job (i, map) to the one after it.
    const auto step = [&]<int kMap>(int32_t i) {
      constexpr int kNext = (kMap + 1) % kMaps;
      const int32_t next = kNext == 0 ? i + 1 : i;
      if constexpr (Config::kPingPong) wait_turn(consumer);
      issue_job_scores(visit + next, kNext);
      if constexpr (kMap == 0) smem.values.wait_full(visit + i);
      issue_values<Config>(acc.o[kMap], p, smem.v[smem.values.slot(visit + i)]);
      if constexpr (Config::kPingPong) pass_turn(consumer);
      const bool masked = is_masked(next);  // NOTE: here, while the scores are computed
      ptx::wgmma_wait<1>();
      ptx::wgmma_hold(s);
      release_keys(visit + next, kNext);
      const Rescale rescale = softmax(next, kNext, masked);
      // NOTE: never so. A branch on the result of the softmax keeps the compiler from waiting for
      // the output before the softmax, which it otherwise does, and nothing overlaps.
      if (acc.softmax[kNext].row_sum[0] + acc.softmax[kNext].row_sum[1] < 0) __trap();
      ptx::wgmma_wait<0>();
      ptx::wgmma_hold(acc.o[kMap]);
      ptx::wgmma_hold(p);
      if constexpr (kMap == kMaps - 1) smem.values.release(visit + i, lane);
      round_weights<Element>(s, p);
      if (rescale.needed) rescale_output(acc.o[kNext], rescale);
    };

    if constexpr (Config::kPingPong) wait_turn(consumer);
    issue_job_scores(visit, 0);
    if constexpr (Config::kPingPong) pass_turn(consumer);
    ptx::wgmma_wait<0>();
    ptx::wgmma_hold(s);
    release_keys(visit, 0);
    softmax(0, 0, is_masked(0));
    round_weights<Element>(s, p);

    int32_t i = 0;
    for (; i + 1 < count; ++i) {
      step.template operator()<0>(i);
      if constexpr (kMaps == 2) step.template operator()<1>(i);
    }
    if constexpr (kMaps == 2) step.template operator()<0>(i);
    smem.queries.release(query, lane);
    if constexpr (kMaps == 1) smem.values.wait_full(visit + i);
    issue_values<Config>(acc.o[kMaps - 1], p, smem.v[smem.values.slot(visit + i)]);
    ptx::wgmma_wait<0>();
    ptx::wgmma_hold(acc.o[kMaps - 1]);
    smem.values.release(visit + i, lane);
  }
};

}  // namespace flashdiff::cuda::hopper
