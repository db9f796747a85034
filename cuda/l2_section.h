// How many heads are taken together, so that what they share stays in the L2 cache.
#pragma once

#include <algorithm>
#include <cstdint>

#include "device.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda {

// Of all batches' heads, those whose keys and values fit half of the cache; at least one.
inline int32_t heads_per_section(const ForwardParams& p, const Device& device) {
  const int64_t bytes_of_head =
      int64_t{p.seqlen_k} * (2 * p.head_dim + p.value_dim) * 2 * p.num_kv_heads / p.num_heads;
  const int64_t heads = int64_t{p.batch_size} * p.num_heads;
  return static_cast<int32_t>(
      std::clamp<int64_t>(device.l2_cache / 2 / std::max<int64_t>(bytes_of_head, 1), 1, heads));
}

}  // namespace flashdiff::cuda
