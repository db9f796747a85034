// The kernel: a CTA walks a list of tiles of 128 query rows; one thread copies, three warps clean,
// two warpgroups compute.
#pragma once

#include "../ptx/opaque.cuh"
#include "../ptx/setmaxnreg.cuh"
#include "cleaner.cuh"
#include "config.cuh"
#include "epilogue.cuh"
#include "mainloop.cuh"
#include "params.cuh"
#include "plan.cuh"
#include "producer.cuh"

namespace flashdiff::cuda::hopper {

template <class Config, typename SharedStorage>
__device__ __forceinline__ void init_barriers(SharedStorage& smem) {
  constexpr int kWarps = 4 * kConsumers;
  smem.plans.init(1, kWarps + kCleanerWarps);
  smem.queries.init(1, kWarps);
  smem.keys.init(1, kWarps);
  smem.values.init(1, kWarps);
  for (auto& plan : smem.plan) plan.suspect = false;
  for (uint64_t& landed : smem.landed) ptx::mbarrier_init(&landed, 1);
  ptx::mbarrier_init_fence();
}

// Number of this thread among the consumers', computed anew where it is needed rather than kept.
__device__ __forceinline__ int consumer_thread() { return ptx::thread_index() - kWarpgroupThreads; }

template <class Config, typename SharedStorage>
__device__ __forceinline__ void consume(const KernelParams& params, SharedStorage& smem,
                                        int consumer) {
  for (uint32_t item = 0;; ++item) {  // kPasses a tile
    const uint32_t round = item / Config::kPasses;
    smem.plans.wait_full(round);
    auto& plan = smem.plan[smem.plans.slot(round)];
    if (plan.done) return;
    const int32_t count = uniform(plan.visits.count);

    Accumulators<Config> acc;
#pragma unroll
    for (int map = 0; map < Config::kMaps; ++map) {
#pragma unroll
      for (float& x : acc.o[map]) x = 0;
    }
    smem.queries.wait_full(item);
    if (count > 0) {
      const uint32_t visit = uniform(plan.first_visit + item % Config::kPasses * count);
      MainLoop<Config, SharedStorage>{params, smem, consumer, consumer_thread(), plan, item}.run(
          acc, visit, count);
    } else {
      smem.queries.release(item, threadIdx.x % 32);
    }

    Epilogue<Config, SharedStorage> epilogue{
        .params = params, .smem = smem, .tile = plan.tile, .thread = consumer_thread()};
    if constexpr (Config::kMaps == 2) {
      epilogue.combine(acc.o, acc.softmax);
      epilogue.finish(acc.o[0]);
    } else if (item % 2 == 0) {
      epilogue.put_aside(acc.o[0], acc.softmax[0]);
      continue;
    } else {
      epilogue.take_back(acc.o[0], acc.softmax[0]);
      epilogue.finish(acc.o[0]);
    }
    if (plan.cleared) epilogue.repair();
    if (epilogue.leaked && plan.is_partial && !plan.careful) plan.suspect = true;
    __syncwarp();
    smem.plans.release(round, threadIdx.x % 32);
  }
}

template <class Config>
__global__ void __launch_bounds__(kThreads, 1)
    forward_kernel(const __grid_constant__ KernelParams params) {
  using SharedStorage = typename Config::SharedStorage;
  extern __shared__ __align__(1024) uint8_t dynamic_smem[];  // the swizzle counts from there
  auto& smem = *reinterpret_cast<SharedStorage*>(dynamic_smem);
  if (threadIdx.x == 0) init_barriers<Config>(smem);
  __syncthreads();

  const int warp = uniform(threadIdx.x / 32);
  const int warpgroup = warp / (kWarpgroupThreads / 32);
  if (warpgroup == 0) {
    ptx::setmaxnreg_decrease<kProducerRegisters>();
    if (warp == 0) {
      if (threadIdx.x == 0) produce<Config>(params, smem);
    } else {
      clean<Config>(smem);
    }
  } else {
    ptx::setmaxnreg_increase<kConsumerRegisters>();
    consume<Config>(params, smem, warpgroup - 1);
  }
}

}  // namespace flashdiff::cuda::hopper
