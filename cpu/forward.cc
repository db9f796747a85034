#include "forward.h"

#include <algorithm>

#include "kernels.h"
#include "memory.h"
#include "plan.h"

namespace flashdiff::cpu {
namespace {

// A thread that is woken should find at least this much to do.
constexpr double kCostPerThread = 1e6;

thread_local Scratch task_scratch;  // of the thread's current task
thread_local Scratch call_scratch;  // for what the threads of its call share

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

  const int64_t whole = plan.whole_blocks();
  const int64_t cut = plan.blocks() - whole;
  const int64_t splits = plan.splits();
  float* const states = call_scratch.reserve(static_cast<size_t>(cut * splits) * state_floats);
  const auto state_of = [&](int64_t share) {
    return states + static_cast<size_t>(share) * state_floats;
  };
  pool.run(whole + cut * splits, threads, [&](int64_t task) {
    if (task < whole) {
      const Block block = plan.block(task);
      float* state = task_scratch.reserve(state_floats + scratch_floats);
      kernels.accumulate(p, tiling, block, state, state + state_floats);
      kernels.finish(p, block, state);
    } else {
      const int64_t share = task - whole;
      const Block block = plan.share(whole + share / splits, share % splits);
      kernels.accumulate(p, tiling, block, state_of(share), task_scratch.reserve(scratch_floats));
    }
  });
  pool.run(cut, threads, [&](int64_t index) {
    const Block block = plan.block(whole + index);
    float* state = state_of(index * splits);
    for (int64_t split = 1; split < splits; ++split) {
      kernels.merge(p, block, state, state_of(index * splits + split));
    }
    kernels.finish(p, block, state);
  });
}

}  // namespace flashdiff::cpu
