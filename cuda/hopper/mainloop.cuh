// The main loop of a consumer warpgroup: 64 query rows against a sequence of key tiles.
//
// The work is a stream of jobs: a key tile, and a map where the warpgroup holds both. Each step
// issues the scores of the next job and the output of the current one, and does the softmax of the
// next while the output is on the tensor cores:
//
//   S' = Q K'^T    O += P V    |    P' = softmax(S')    |    wait for O, P = P'
#pragma once

#include "../ptx/fence.cuh"
#include "../ptx/opaque.cuh"
#include "config.cuh"
#include "masking.cuh"
#include "params.cuh"
#include "plan.cuh"
#include "products.cuh"
#include "recompute.cuh"
#include "softmax.cuh"

namespace flashdiff::cuda::hopper {

template <class Config>
struct Accumulators {
  float o[Config::kMaps][Config::kValueDim / 2];
  SoftmaxState softmax[Config::kMaps];
};

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
    const auto is_masked = [&](int32_t i) { return !plan.unmasked[consumer].contains(i); };
    const auto mask = [&](int32_t i, const float(&hidden)[2]) {
      const int32_t row = plan.tile.m_block * kBlockM + thread / 32 * 16 + lane / 4;
      apply_mask(s, hidden, params.bounds, row, plan.visits[i] * Config::kBlockN + 2 * (lane % 4));
    };
    // The first scores of a map give it its reference.
    const auto first_softmax = [&](int32_t i, int map) {
      float rescale[2];
      if (is_masked(i)) mask(i, {-INFINITY, -INFINITY});
      move_reference(s, acc.softmax[map], params.scale_log2, {true, true}, rescale);
    };
    const auto softmax_again = [&](int32_t i, int map, const Outgrown& outgrown) {
      // Registers are few: nothing of this is computed ahead, and some outputs wait elsewhere.
      int32_t thread_here = thread;
      ptx::opaque(thread_here);
      const int lane_here = thread_here % 32;
      const int warp = thread_here / 32;
      constexpr int kParked = 16;
      auto* parked = reinterpret_cast<float*>(smem.staging[warp]) + lane_here;
#pragma unroll
      for (int j = 0; j < kParked; ++j) parked[32 * j] = acc.o[map][j];
      recompute_scores<Config>(s, smem.q[map], 16 * warp,
                               smem.k[smem.keys.slot(key_item(visit + i, map))], lane_here,
                               outgrown.row);
      ptx::fence_proxy_async();
      if (is_masked(i)) {
        mask(i, {outgrown.row[0] ? -INFINITY : 0, outgrown.row[1] ? -INFINITY : 0});
      }
      float rescale[2];
      move_reference(s, acc.softmax[map], params.scale_log2, outgrown.row, rescale);
#pragma unroll
      for (int j = 0; j < kParked; ++j) acc.o[map][j] = parked[32 * j];
      rescale_output(acc.o[map], rescale);
    };
    // From job (i, map) to the one after it.
    const auto step = [&]<int kMap, bool kFirst = false>(int32_t i) {
      constexpr int kNext = (kMap + 1) % kMaps;
      const int32_t next = kNext == 0 ? i + 1 : i;
      issue_job_scores(visit + next, kNext);
      if constexpr (kMap == 0) smem.values.wait_full(visit + i);
      issue_values<Config>(acc.o[kMap], p, smem.v[smem.values.slot(visit + i)]);
      const bool masked = is_masked(next);  // NOTE: here, while the scores are computed
      ptx::wgmma_wait<1>();
      ptx::wgmma_hold(s);
      Outgrown outgrown;
      if constexpr (kFirst) {
        first_softmax(next, kNext);
      } else {
        if (masked) mask(next, {-INFINITY, -INFINITY});
        outgrown = weigh(s, acc.softmax[kNext], params.scale_log2);
      }
      if (!outgrown.any) release_keys(visit + next, kNext);
      ptx::wgmma_wait<0>();
      ptx::wgmma_hold(acc.o[kMap]);
      ptx::wgmma_hold(p);
      if constexpr (kMap == kMaps - 1) smem.values.release(visit + i, lane);
      if (outgrown.any) {
        softmax_again(next, kNext, outgrown);
        release_keys(visit + next, kNext);
      }
      round_weights<Element>(s, p);
    };

    issue_job_scores(visit, 0);
    ptx::wgmma_wait<0>();
    ptx::wgmma_hold(s);
    first_softmax(0, 0);
    release_keys(visit, 0);
    round_weights<Element>(s, p);

    int32_t i = 0;
    if constexpr (kMaps == 1) {
      for (; i + 1 < count; ++i) step.template operator()<0>(i);
    } else {
      step.template operator()<0, true>(0);
      for (; i + 1 < count; ++i) {
        step.template operator()<1>(i);
        step.template operator()<0>(i + 1);
      }
    }
    smem.queries.release(query, lane);
    if constexpr (kMaps == 1) smem.values.wait_full(visit + i);
    issue_values<Config>(acc.o[kMaps - 1], p, smem.v[smem.values.slot(visit + i)]);
    ptx::wgmma_wait<0>();
    ptx::wgmma_hold(acc.o[kMaps - 1]);
    smem.values.release(visit + i, lane);
  }
};

}  // namespace flashdiff::cuda::hopper
