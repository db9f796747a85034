#include "plan.h"

#include <algorithm>

namespace flashdiff::cpu {
namespace {

// Tasks a thread, so that the last ones end together.
constexpr int64_t kTasksPerThread = 4;
// With so many they do without more ado; with fewer the last block of each thread is cut. Cores are
// not alike, least of all when two of them are threads of one, and few numbers of blocks are a
// multiple of that of the threads.
constexpr int64_t kManyTasksPerThread = 64;
constexpr int64_t kLastSplits = 4;

// At these sizes the rows of a block, with both results, take 3/8 MiB of float32, and a packed tile
// of keys and values and the next one's rows 1/8 MiB each at a head dim of 64, twice that at 128:
// together they stay in a second-level cache of 1 MiB.
constexpr int64_t kMaxRows = 256;
constexpr int64_t kRowElements = 256 * 64;
constexpr int64_t kTileElements = 128 * 128;

// Of keys side by side, in a block of few rows: enough for memory to be read in long runs.
constexpr int64_t kRunBytes = 8192;

// A share of the keys should outweigh what it costs to merge it.
constexpr int64_t kMinKeys = 1024;
constexpr int64_t kMinKeysOfLast = 512;
constexpr int64_t kMinKeysOfFewRows = 256;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t value, int64_t step) { return ceil_div(value, step) * step; }

int64_t count(KeyRange keys) { return keys.end - keys.begin; }

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

}  // namespace

double cost(const ForwardParams& p) {
  const double heads = static_cast<double>(p.batch_size) * p.num_heads;
  const double pair = 4.0 * p.head_dim + 4.0 * p.value_dim + 64;
  const double row = 16.0 * (p.head_dim + p.value_dim) + 512;
  return heads * (visible_pairs(p) * pair + p.seqlen_q * row);
}

Plan::Plan(const ForwardParams& params, const Kernels& kernels, int threads)
    : p_(params), rows_(int64_t{params.seqlen_q} * (params.num_heads / params.num_kv_heads)) {
  const int64_t wanted = threads == 1 ? 1 : kTasksPerThread * threads;
  if (rows_ <= kernels.few_rows) {
    cut_heads(wanted);
    cut_keys(wanted, kMinKeysOfFewRows);
  } else {
    cut_rows(kernels, wanted);
    cut_keys(wanted, kMinKeys);
  }
  if (splits_ == 1) cut_last_keys(threads);
}

void Plan::cut_rows(const Kernels& kernels, int64_t wanted_tasks) {
  head_groups_ = p_.num_kv_heads;
  groups_ = p_.batch_size * head_groups_;
  const int64_t max_rows =
      std::clamp<int64_t>(kRowElements / p_.head_dim, kernels.row_step, kMaxRows);
  const int64_t finest = ceil_div(rows_, 2 * kernels.row_step);
  const int64_t blocks =
      std::max(ceil_div(rows_, max_rows), std::min(ceil_div(wanted_tasks, groups_), finest));
  const int64_t block_m = round_up(ceil_div(rows_, blocks), 4);
  blocks_ = ceil_div(rows_, block_m);
  const int64_t block_n = kTileElements / p_.head_dim / kernels.key_step * kernels.key_step;
  tiling_.block_m = static_cast<int32_t>(block_m);
  tiling_.block_n =
      static_cast<int32_t>(std::clamp<int64_t>(block_n, kernels.key_step, kernels.max_block_n));
}

void Plan::cut_heads(int64_t wanted_tasks) {
  const auto bytes = 2 * p_.head_dim * static_cast<int64_t>(size_of(p_.dtype));
  const int64_t heads = std::min<int64_t>(p_.num_kv_heads, ceil_div(kRunBytes, bytes));
  head_groups_ = ceil_div(p_.num_kv_heads, heads);
  // Short sequences cannot be cut into enough shares: then heads are.
  const int64_t shares = std::max<int64_t>(1, count(keys_of(0, rows_)) / kMinKeysOfFewRows);
  const int64_t groups = ceil_div(wanted_tasks, shares * p_.batch_size);
  head_groups_ = std::clamp<int64_t>(groups, head_groups_, p_.num_kv_heads);
  tiling_.kv_heads = static_cast<int32_t>(ceil_div(p_.num_kv_heads, head_groups_));
  head_groups_ = ceil_div(p_.num_kv_heads, tiling_.kv_heads);
  groups_ = p_.batch_size * head_groups_;
  tiling_.block_m = static_cast<int32_t>(rows_);
}

void Plan::cut_keys(int64_t wanted_tasks, int64_t min_keys) {
  if (blocks() >= wanted_tasks) return;
  const int64_t keys = count(keys_of(0, rows_));
  splits_ = std::clamp<int64_t>(keys / min_keys, 1, ceil_div(wanted_tasks, blocks()));
}

void Plan::cut_last_keys(int threads) {
  whole_blocks_ = blocks();
  if (threads == 1 || blocks() >= kManyTasksPerThread * threads) return;
  const Block last = block(blocks() - 1);
  const int64_t shares = count({last.key_begin, last.key_end}) / kMinKeysOfLast;
  if (shares < 2) return;
  splits_ = std::min(shares, kLastSplits);
  whole_blocks_ -= std::min<int64_t>(threads, blocks());
}

KeyRange Plan::keys_of(int64_t row_begin, int64_t row_end) const {
  const int64_t group = p_.num_heads / p_.num_kv_heads;
  const auto first = static_cast<int32_t>(row_begin / group);
  const auto last = static_cast<int32_t>((row_end - 1) / group);
  const int32_t sink_end = p_.mask.sink_end(last);
  const int32_t begin = sink_end > 0 ? 0 : p_.mask.window_begin(first);
  return {begin, std::max({begin, sink_end, p_.mask.window_end(last)})};
}

Block Plan::block(int64_t index) const {
  const int64_t group = index % groups_;
  Block block;
  block.batch = static_cast<int32_t>(group / head_groups_);
  block.kv_head = static_cast<int32_t>(group % head_groups_ * tiling_.kv_heads);
  block.kv_heads = std::min(tiling_.kv_heads, p_.num_kv_heads - block.kv_head);
  block.row_begin = (blocks_ - 1 - index / groups_) * tiling_.block_m;
  block.row_end = std::min(block.row_begin + tiling_.block_m, rows_);
  const KeyRange keys = keys_of(block.row_begin, block.row_end);
  block.key_begin = keys.begin;
  block.key_end = keys.end;
  return block;
}

Block Plan::share(int64_t index, int64_t split) const {
  Block share = block(index);
  const int64_t begin = share.key_begin;
  const int64_t keys = share.key_end - begin;
  share.key_begin = static_cast<int32_t>(begin + keys * split / splits_);
  share.key_end = static_cast<int32_t>(begin + keys * (split + 1) / splits_);
  return share;
}

}  // namespace flashdiff::cpu
