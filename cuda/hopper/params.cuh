// What the host hands to the kernel.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "bounds.cuh"
#include "flashdiff/params.h"

namespace flashdiff::cuda::hopper {

// The order in which tiles of kBlockM queries are taken: heads in sections whose keys and values
// fit the L2 cache together, and within a section the last queries first, over all its heads:
// under a causal mask they have the most keys, and the shortest tiles fill the end.
struct TileOrder {
  int32_t num_m_blocks;
  int32_t num_heads;  // times batch
  int32_t heads_per_section;
  int32_t num_full_sections;  // the remaining heads are one more

  __host__ __device__ int32_t count() const { return num_m_blocks * num_heads; }
};

struct KernelParams {
  CUtensorMap q[2];  // of the maps
  CUtensorMap k[2];
  CUtensorMap v[2];  // of the halves
  TileOrder order;
  // Next tile, counted from the number of CTAs, where CTAs take tiles as they become free; it is 0
  // before and after the kernel. Null: every CTA takes its fixed share.
  uint32_t* counter;
  // Where a CTA that takes the maps in turn leaves the output of the first:
  // [CTAs, kValueDim / 8 + 1, consumer threads]
  float4* scratch;
  Bounds bounds;
  float scale_log2;  // softmax_scale * log2(e)
  ForwardParams forward;
};

}  // namespace flashdiff::cuda::hopper
