// The producer: one thread that plans, and keeps the rings of query, key and value tiles full.
// Values that not every row sees go by way of the cleaner.
#pragma once

#include "../ptx/tma.cuh"
#include "config.cuh"
#include "params.cuh"
#include "plan.cuh"

namespace flashdiff::cuda::hopper {

// kRows rows of one head from `row` on, all its columns.
template <class Config, int kRows, typename Element>
__device__ __forceinline__ void load_tile(Element* dst, const CUtensorMap* map, uint64_t* full,
                                          int32_t row, int32_t head, int32_t batch) {
#pragma unroll 1
  for (int column = 0; column < Config::kHeadDim; column += Config::kChunk) {
    ptx::tma_load(dst + column * kRows, map, full, column, row, head, batch);
  }
}

template <class Config, typename SharedStorage>
__device__ __forceinline__ void produce(const KernelParams& params, SharedStorage& smem) {
  constexpr int kBlockN = Config::kBlockN;
  uint32_t round = 0;         // tiles so far
  uint32_t visit = 0;         // key tiles so far
  int32_t next = blockIdx.x;  // tile

  for (;; ++round) {
    smem.plans.wait_empty(round);
    auto& plan = smem.plan[smem.plans.slot(round)];
    // The one before in this place, or at the end in the other, may have to be computed again.
    Plan<kBlockN>* again = &plan;
    if (!plan.suspect && next >= params.order.count()) {
      smem.plans.wait_empty(round + 1);
      again = &smem.plan[smem.plans.slot(round + 1)];
    }
    const bool careful = again->suspect;
    again->suspect = false;
    plan.make(params, careful ? again->index : next, careful, visit);
    ptx::mbarrier_arrive(&smem.plans.full[smem.plans.slot(round)]);
    if (plan.done) return;
    const Tile tile = plan.tile;
    if (!careful) next = next_tile(params, next);

    const int32_t kv_head = tile.head / (params.forward.num_heads / params.forward.num_kv_heads);
    const int32_t count = plan.visits.count;
    const auto load_keys = [&](int32_t i, int map, int item) {
      smem.keys.wait_empty(item);
      uint64_t* full = &smem.keys.full[smem.keys.slot(item)];
      ptx::mbarrier_arrive_expect(full, Config::kKeyElements * 2);
      load_tile<Config, kBlockN>(smem.k[smem.keys.slot(item)], &params.k[map], full,
                                 plan.visits[i] * kBlockN, kv_head, tile.batch);
    };
    const auto load_values = [&](int32_t i, int item) {
      smem.values.wait_empty(item);
      const uint32_t slot = smem.values.slot(item);
      uint64_t* landed = plan.is_cleaned(i) ? &smem.landed[slot] : &smem.values.full[slot];
      ptx::mbarrier_arrive_expect(landed, Config::kValueElements * 2);
#pragma unroll
      for (int half = 0; half < Config::kValueHalves; ++half) {
        load_tile<Config, kBlockN>(smem.v[slot] + half * kBlockN * Config::kHeadDim,
                                   &params.v[half], landed, plan.visits[i] * kBlockN, kv_head,
                                   tile.batch);
      }
    };

#pragma unroll 1
    for (int pass = 0; pass < Config::kPasses; ++pass) {
      smem.queries.wait_empty(round * Config::kPasses + pass);
      ptx::mbarrier_arrive_expect(&smem.queries.full[0],
                                  Config::kMaps * Config::kQueryElements * 2);
#pragma unroll
      for (int map = 0; map < Config::kMaps; ++map) {
        load_tile<Config, kBlockM>(smem.q[map], &params.q[pass + map], &smem.queries.full[0],
                                   tile.m_block * kBlockM, tile.head, tile.batch);
      }

      // In the order of need: scores run one job ahead of outputs.
      constexpr int kLag = Config::kMaps == 1 ? 1 : 0;
      for (int32_t i = 0; i < count + kLag; ++i) {
        if (i < count) {
#pragma unroll
          for (int map = 0; map < Config::kKeysPerTile; ++map) {
            load_keys(i, pass + map, (visit + i) * Config::kKeysPerTile + map);
          }
        }
        if (i >= kLag) load_values(i - kLag, visit + i - kLag);
      }
      visit += count;
    }
  }
}

}  // namespace flashdiff::cuda::hopper
