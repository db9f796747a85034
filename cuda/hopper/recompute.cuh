// The scores of one warp's 16 rows again, by instructions that a warp can issue alone: when its
// reference has been outgrown, which is rare, it has turned the first ones into useless weights.
#pragma once

#include <cstdint>

#include "../ptx/ldmatrix.cuh"
#include "../ptx/mma.cuh"
#include "../ptx/shared.cuh"
#include "config.cuh"

namespace flashdiff::cuda::hopper {

// Address of 8 elements in a swizzled tile of kRows rows. 16 rows on lie as many lines further.
template <class Config, int kRows>
__device__ __forceinline__ uint32_t address_in_tile(const void* tile, int row, int column) {
  const uint32_t offset = column / Config::kChunk * kRows * Config::kLineBytes +
                          row * Config::kLineBytes + column % Config::kChunk * 2;
  return ptx::shared_address(tile) + (offset ^ (offset >> 3 & (Config::kLineBytes - 16)));
}

// Those of the thread's rows that are asked for. q: the tile of queries; row: the warp's first in
// it.
template <class Config, typename Element>
__device__ __forceinline__ void recompute_scores(float (&s)[Config::kBlockN / 2], const Element* q,
                                                 int row, const Element* k, int lane,
                                                 const bool (&rows)[2]) {
#pragma unroll
  for (int n = 0; n < Config::kBlockN; n += 16) {
    float d[2][4] = {};
#pragma unroll 1
    for (int step = 0; step < Config::kHeadDim; step += 16) {
      uint32_t a[4];
      uint32_t b[4];
      ptx::ldmatrix_x4(a,
                       address_in_tile<Config, kBlockM>(q, row + lane % 16, step + lane / 16 * 8));
      ptx::ldmatrix_x4(b, address_in_tile<Config, Config::kBlockN>(k, n + lane / 16 * 8 + lane % 8,
                                                                   step + lane / 8 % 2 * 8));
      ptx::mma_m16n8k16<Element>(d[0], a, b[0], b[1]);
      ptx::mma_m16n8k16<Element>(d[1], a, b[2], b[3]);
    }
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (rows[i / 2 % 2]) s[n / 2 + i] = d[i / 4][i % 4];
    }
  }
}

}  // namespace flashdiff::cuda::hopper
