// A warp's place in its CTA.
#pragma once

#include <cstdint>

#include "../lanes.cuh"

namespace flashdiff::cuda::generic {

template <class Config>
struct Warp {
  int index;
  int lane;

  __device__ Warp()
      // Uniform over the warp, and the compiler must see that it is.
      : index(__shfl_sync(kFullWarp, threadIdx.x / 32, 0)), lane(threadIdx.x % 32) {}

  // Which 16 of the CTA's rows it has.
  __device__ int rows() const { return index % Config::kRowWarps; }
  // Of the maps whose weights it computes, number i.
  __device__ int map(int i) const { return Config::kPairs ? index / Config::kRowWarps : i; }
  __device__ bool is_late() const { return Config::kStaggered && index >= Config::kWarps / 2; }

  // In a pair: the other warp, the barrier between them, and which columns are this one's.
  __device__ int partner() const { return index ^ 1; }
  __device__ int pair_barrier() const { return 1 + index / 2; }
  __device__ int half() const { return Config::kPairs ? index % 2 : 0; }
};

}  // namespace flashdiff::cuda::generic
