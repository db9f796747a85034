// The kernel: a CTA walks a list of tiles of 128 query rows; one thread copies, two warpgroups
// compute.
#pragma once

#include "../ptx/opaque.cuh"
#include "../ptx/setmaxnreg.cuh"
#include "config.cuh"
#include "epilogue.cuh"
#include "mainloop.cuh"
#include "params.cuh"
#include "plan.cuh"
#include "producer.cuh"

namespace flashdiff::cuda::hopper {

// A value that all lanes share, told so that the compiler keeps it in a uniform register.
__device__ __forceinline__ int32_t uniform(int32_t value) {
  return __shfl_sync(kFullWarp, value, 0);
}

template <class Config, typename SharedStorage>
__device__ __forceinline__ void init_barriers(SharedStorage& smem) {
  constexpr int kWarps = 4 * kConsumers;
  smem.plans.init(1, kWarps);
  smem.queries.init(1, kWarps);
  smem.keys.init(1, kWarps);
  smem.values.init(1, kWarps);
  ptx::mbarrier_init_fence();
}

template <class Config, typename SharedStorage>
__device__ __forceinline__ void consume(const KernelParams& params, SharedStorage& smem,
                                        int consumer) {
  int thread = threadIdx.x - kWarpgroupThreads;
  uint32_t visit = 0;  // key tiles so far
  if (Config::kPingPong && consumer == 1) pass_turn(consumer);

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
    ptx::opaque(thread);
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
    if (pass % Config::kPasses == Config::kPasses - 1) smem.plans.release(round, thread % 32);
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

  // Uniform over the warp, and the compiler must see that it is.
  const int warpgroup = __shfl_sync(kFullWarp, threadIdx.x / kWarpgroupThreads, 0);
  if (warpgroup == 0) {
    ptx::setmaxnreg_decrease<kProducerRegisters>();
    if (threadIdx.x == 0) produce<Config>(params, smem);
  } else {
    ptx::setmaxnreg_increase<kConsumerRegisters>();
    consume<Config>(params, smem, warpgroup - 1);
  }
}

}  // namespace flashdiff::cuda::hopper
