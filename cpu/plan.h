// How a forward problem is cut into tasks. Nothing here changes what is computed, only where.
#pragma once

#include <cstdint>

#include "flashdiff/mask.h"
#include "flashdiff/params.h"
#include "kernels.h"

namespace flashdiff::cpu {

// Roughly the floating-point operations the problem takes.
double cost(const ForwardParams& params);

// A block is some rows of one kv head, or, where rows are few, all rows of several kv heads. A task
// is a block, or a share of its keys: all blocks are cut into shares where there are too few of
// them, else the last ones where it takes that to let all threads end together.
class Plan {
 public:
  Plan(const ForwardParams& params, const Kernels& kernels, int threads);

  const Tiling& tiling() const { return tiling_; }
  int64_t blocks() const { return groups_ * blocks_; }
  // The first so many blocks are whole, each other one is cut into so many shares.
  int64_t whole_blocks() const { return whole_blocks_; }
  int64_t splits() const { return splits_; }
  // The last rows come first, since under a causal mask they see the most keys.
  Block block(int64_t index) const;
  Block share(int64_t index, int64_t split) const;

 private:
  void cut_rows(const Kernels& kernels, int64_t wanted_tasks);
  void cut_heads(int64_t wanted_tasks);
  void cut_keys(int64_t wanted_tasks, int64_t min_keys);
  void cut_last_keys(int threads);
  // What some of these rows see lies there.
  KeyRange keys_of(int64_t row_begin, int64_t row_end) const;

  const ForwardParams& p_;
  int64_t rows_;             // of a kv head
  int64_t groups_ = 0;       // of kv heads, over all batches
  int64_t head_groups_ = 0;  // of a batch
  int64_t blocks_ = 1;       // of a group
  int64_t whole_blocks_ = 0;
  int64_t splits_ = 1;
  Tiling tiling_;
};

}  // namespace flashdiff::cpu
