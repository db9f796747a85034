#include "forward.h"

#include <algorithm>

#include "kernels.h"
#include "memory.h"

namespace flashdiff::cpu {
namespace {

// A thread that is woken should find at least this much to do.
constexpr double kCostPerThread = 1e6;
// Tasks a thread, so that the last ones end together.
constexpr int64_t kTasksPerThread = 4;
constexpr int64_t kMinKeysPerSplit = 1024;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t value, int64_t step) { return ceil_div(value, step) * step; }

int64_t visible_keys(const Mask& mask, int32_t row) {
  const int64_t sinks = mask.sink_end(row);
  const int64_t begin = std::max<int64_t>(mask.window_begin(row), sinks);
  return sinks + std::max<int64_t>(0, mask.window_end(row) - begin);
}

// Over all queries of a head; sampled when there are many.
double visible_pairs(const ForwardParams& p) {
  const int32_t step = std::max(1, p.seqlen_q / 64);
  double sum = 0;
  int32_t samples = 0;
  for (int64_t row = step / 2; row < p.seqlen_q; row += step, ++samples) {
    sum += static_cast<double>(visible_keys(p.mask, static_cast<int32_t>(row)));
  }
  return samples == 0 ? 0 : sum / samples * p.seqlen_q;
}

// How one problem is cut. A task is a block of rows of one kv head over one share of the keys.
class Plan {
 public:
  Plan(const ForwardParams& p, const Kernels& kernels, int threads)
      : p_(p),
        rows_(int64_t{p.seqlen_q} * (p.num_heads / p.num_kv_heads)),
        groups_(int64_t{p.batch_size} * p.num_kv_heads) {
    // Sizes at which a tile and a block's queries and results fill half the second-level cache.
    const int64_t fit_m = 256 * 64 / p.head_dim;
    const int64_t fit_n = 128 * 128 / p.head_dim / kernels.key_step * kernels.key_step;
    const int64_t max_m = std::clamp<int64_t>(fit_m, kernels.row_step, 256);
    const int64_t wanted = ceil_div(kTasksPerThread * threads, groups_);
    blocks_ =
        std::max(ceil_div(rows_, max_m), std::min(wanted, ceil_div(rows_, 2 * kernels.row_step)));
    if (threads == 1) blocks_ = ceil_div(rows_, max_m);
    block_m_ = rows_ <= kernels.direct_rows ? rows_ : round_up(ceil_div(rows_, blocks_), 4);
    blocks_ = ceil_div(rows_, block_m_);
    tiling_.block_m = static_cast<int32_t>(block_m_);
    tiling_.block_n =
        static_cast<int32_t>(std::clamp<int64_t>(fit_n, kernels.key_step, kernels.max_block_n));

    const int64_t tasks = groups_ * blocks_;
    if (threads > 1 && tasks < kTasksPerThread * threads) {
      splits_ = std::clamp<int64_t>(p.seqlen_k / kMinKeysPerSplit, 1,
                                    ceil_div(kTasksPerThread * threads, tasks));
    }
  }

  const Tiling& tiling() const { return tiling_; }
  int64_t splits() const { return splits_; }
  int64_t blocks() const { return groups_ * blocks_; }
  int64_t tasks() const { return blocks() * splits_; }

  // Block `index`: the last rows first, since under a causal mask they see the most keys.
  Block block(int64_t index, int64_t split) const {
    const int64_t group = index % groups_;
    Block block;
    block.batch = static_cast<int32_t>(group / p_.num_kv_heads);
    block.kv_head = static_cast<int32_t>(group % p_.num_kv_heads);
    block.row_begin = (blocks_ - 1 - index / groups_) * block_m_;
    block.row_end = std::min(block.row_begin + block_m_, rows_);
    block.key_begin = static_cast<int32_t>(p_.seqlen_k * split / splits_);
    block.key_end = static_cast<int32_t>(p_.seqlen_k * (split + 1) / splits_);
    return block;
  }

 private:
  const ForwardParams& p_;
  const int64_t rows_;    // of a kv head
  const int64_t groups_;  // kv heads of all batches
  int64_t block_m_ = 0;
  int64_t blocks_ = 0;  // of a kv head
  int64_t splits_ = 1;
  Tiling tiling_;
};

float* thread_scratch(size_t floats) {
  static thread_local Scratch scratch;
  return scratch.reserve(floats);
}

}  // namespace

double cost(const ForwardParams& p) {
  const double heads = static_cast<double>(p.batch_size) * p.num_heads;
  const double pair = 4.0 * p.head_dim + 4.0 * p.value_dim + 64;
  const double row = 16.0 * (p.head_dim + p.value_dim) + 512;
  return heads * (visible_pairs(p) * pair + p.seqlen_q * row);
}

void forward(const ForwardParams& p, ThreadPool& pool) {
  if (p.batch_size == 0 || p.num_heads == 0 || p.seqlen_q == 0) return;
  const Kernels& kernels = cpu::kernels();
  const int threads =
      static_cast<int>(std::clamp<double>(cost(p) / kCostPerThread, 1, pool.threads()));
  const Plan plan(p, kernels, threads);
  const size_t state_floats = static_cast<size_t>(
      round_up(static_cast<int64_t>(kernels.state_floats(p, plan.tiling().block_m)), 16));
  const size_t scratch_floats = kernels.scratch_floats(p, plan.tiling());

  if (plan.splits() == 1) {
    pool.run(plan.tasks(), threads, [&](int64_t task) {
      const Block block = plan.block(task, 0);
      float* state = thread_scratch(state_floats + scratch_floats);
      kernels.accumulate(p, plan.tiling(), block, state, state + state_floats);
      kernels.finish(p, block, state);
    });
    return;
  }
  Scratch memory;
  float* const states = memory.reserve(static_cast<size_t>(plan.tasks()) * state_floats);
  const auto state_of = [&](int64_t index, int64_t split) {
    return states + static_cast<size_t>(index * plan.splits() + split) * state_floats;
  };
  pool.run(plan.tasks(), threads, [&](int64_t task) {
    const int64_t index = task / plan.splits();
    const int64_t split = task % plan.splits();
    kernels.accumulate(p, plan.tiling(), plan.block(index, split), state_of(index, split),
                       thread_scratch(scratch_floats));
  });
  for (int64_t index = 0; index < plan.blocks(); ++index) {
    const Block block = plan.block(index, 0);
    for (int64_t split = 1; split < plan.splits(); ++split) {
      kernels.merge(p, block.row_end - block.row_begin, state_of(index, 0), state_of(index, split));
    }
    kernels.finish(p, block, state_of(index, 0));
  }
}

}  // namespace flashdiff::cpu
