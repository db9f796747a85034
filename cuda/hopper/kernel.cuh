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
  for (uint64_t& landed : smem.landed) ptx::mbarrier_init(&landed, 1);
  ptx::mbarrier_init_fence();
}

template <class Config, typename SharedStorage>
__device__ __forceinline__ void consume(const KernelParams& params, SharedStorage& smem,
                                        int consumer) {
  int thread = threadIdx.x - kWarpgroupThreads;
  uint32_t visit = 0;  // key tiles so far

  for (uint32_t pass = 0;; ++pass) {  // kPasses a tile
    const uint32_t round = pass / Config::kPasses;
    smem.plans.wait_full(round);
    const auto& plan = smem.plan[smem.plans.slot(round)];
    if (plan.done) return;
    const int32_t count = uniform(plan.visits.count);

    Accumulators<Config> acc;
#pragma unroll
    for (int map = 0; map < Config::kMaps; ++map) {
#pragma unroll
      for (float& x : acc.o[map]) x = 0;
    }
    smem.queries.wait_full(pass);
    if (count > 0) {
      MainLoop<Config, SharedStorage>{params, smem, consumer, thread, plan, pass}.run(acc, visit,
                                                                                      count);
      visit += count;
    } else {
      smem.queries.release(pass, thread % 32);
    }

    // What the epilogue needs is computed anew rather than kept in registers through the loop.
    thread = ptx::thread_index() - kWarpgroupThreads;
    ptx::opaque(pass);
    Epilogue<Config, SharedStorage> epilogue{
        .params = params, .smem = smem, .tile = plan.tile, .thread = thread};
    if constexpr (Config::kMaps == 2) {
      epilogue.combine(acc.o, acc.softmax);
      epilogue.finish(acc.o[0]);
    } else if (pass % 2 == 0) {
      epilogue.put_aside(acc.o[0], acc.softmax[0]);
    } else {
      epilogue.take_back(acc.o[0], acc.softmax[0]);
      epilogue.finish(acc.o[0]);
    }
    if (pass % Config::kPasses == Config::kPasses - 1) {
      if (plan.cleared) epilogue.repair();
      smem.plans.release(pass / Config::kPasses, thread % 32);
    }
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
