// The cleaner: the three warps beside the producer's. When a tile of queries is computed with care,
// the values that some row sees only in part land with them, and become full when they hold no NaN
// and no Infinity: see ../repair.cuh. All others pass them by.
#pragma once

#include "../ptx/fence.cuh"
#include "../ptx/mbarrier.cuh"
#include "../ptx/named_barrier.cuh"
#include "../repair.cuh"
#include "config.cuh"

namespace flashdiff::cuda::hopper {

inline constexpr int kCleanerBarrier = 1;

// Each chunk for itself, so that it does not matter how the tile is swizzled. True when this thread
// found something.
template <class Config, typename Element>
__device__ __forceinline__ bool clear_tile(Element* tile, int thread) {
  constexpr int kChunks = Config::kValueElements / 8;
  constexpr int kBatch = 4;  // loads in flight
  auto* chunks = reinterpret_cast<uint4*>(tile);
  bool cleared = false;
#pragma unroll 1
  for (int first = thread; first < kChunks; first += kBatch * kCleanerThreads) {
    uint4 batch[kBatch];
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      const int index = first + i * kCleanerThreads;
      batch[i] = index < kChunks ? chunks[index] : make_uint4(0, 0, 0, 0);
    }
#pragma unroll
    for (int i = 0; i < kBatch; ++i) {
      if (!clear_non_finite<Element>(batch[i])) continue;
      chunks[first + i * kCleanerThreads] = batch[i];
      cleared = true;
    }
  }
  return cleared;
}

// Walks the plans as the producer does.
template <class Config, typename SharedStorage>
__device__ __forceinline__ void clean(SharedStorage& smem) {
  const int thread = threadIdx.x - 32;
  uint32_t parities = 0;  // of the phases of `landed` to wait for, a bit a slot

  for (uint32_t round = 0;; ++round) {
    smem.plans.wait_full(round);
    auto& plan = smem.plan[smem.plans.slot(round)];
    if (plan.done) return;
    const int32_t count = plan.careful ? plan.visits.count : 0;
#pragma unroll 1
    for (int pass = 0; pass < Config::kPasses; ++pass) {
#pragma unroll 1
      for (int32_t i = 0; i < count; ++i) {
        if (!plan.is_cleaned(i)) continue;
        const uint32_t slot = smem.values.slot(plan.first_visit + pass * count + i);
        ptx::mbarrier_wait(&smem.landed[slot], parities >> slot & 1);
        parities ^= 1u << slot;
        const bool found = clear_tile<Config>(smem.v[slot], thread);
        ptx::fence_proxy_async();
        const bool cleared = ptx::named_barrier_or(kCleanerBarrier, kCleanerThreads, found);
        if (thread == 0) {
          if (cleared) plan.cleared = true;
          ptx::mbarrier_arrive(&smem.values.full[slot]);
        }
      }
    }
    __syncwarp();
    smem.plans.release(round, thread % 32);
  }
}

}  // namespace flashdiff::cuda::hopper
