#include "forward.h"

#include <algorithm>

#include "kernels.h"
#include "memory.h"
#include "plan.h"

namespace flashdiff::cpu {
namespace {

// A thread that is woken should find at least this much to do.
constexpr double kCostPerThread = 1e6;

float* thread_scratch(size_t floats) {
  static thread_local Scratch scratch;
  return scratch.reserve(floats);
}

}  // namespace

void forward(const ForwardParams& p, ThreadPool& pool) {
  if (p.batch_size == 0 || p.num_heads == 0 || p.seqlen_q == 0) return;
  const Kernels& kernels = cpu::kernels();
  const int threads =
      static_cast<int>(std::clamp<double>(cost(p) / kCostPerThread, 1, pool.threads()));
  const Plan plan(p, kernels, threads);
  const Tiling& tiling = plan.tiling();
  const size_t state_floats =
      kernels.state_floats(p, tiling.block_m) * static_cast<size_t>(tiling.kv_heads);
  const size_t scratch_floats = kernels.scratch_floats(p, tiling);

  if (plan.splits() == 1) {
    pool.run(plan.blocks(), threads, [&](int64_t index) {
      const Block block = plan.block(index, 0);
      float* state = thread_scratch(state_floats + scratch_floats);
      kernels.accumulate(p, tiling, block, state, state + state_floats);
      kernels.finish(p, block, state);
    });
    return;
  }
  Scratch memory;
  const auto tasks = plan.blocks() * plan.splits();
  float* const states = memory.reserve(static_cast<size_t>(tasks) * state_floats);
  const auto state_of = [&](int64_t task) {
    return states + static_cast<size_t>(task) * state_floats;
  };
  pool.run(tasks, threads, [&](int64_t task) {
    const Block block = plan.block(task / plan.splits(), task % plan.splits());
    kernels.accumulate(p, tiling, block, state_of(task), thread_scratch(scratch_floats));
  });
  pool.run(plan.blocks(), threads, [&](int64_t index) {
    const Block block = plan.block(index, 0);
    float* state = state_of(index * plan.splits());
    for (int64_t split = 1; split < plan.splits(); ++split) {
      kernels.merge(p, block, state, state_of(index * plan.splits() + split));
    }
    kernels.finish(p, block, state);
  });
}

}  // namespace flashdiff::cpu
