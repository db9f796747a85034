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

// q: the tile of queries; row: the warp's first in it.
template <class Config, typename Element>
__device__ __forceinline__ void recompute_scores(float (&s)[Config::kBlockN / 2], const Element* q,
                                                 int row, const Element* k, int lane) {
#pragma unroll
  for (float& x : s) x = 0;
#pragma unroll 1
  for (int step = 0; step < Config::kHeadDim; step += 16) {
    uint32_t a[4];
    ptx::ldmatrix_x4(a, address_in_tile<Config, kBlockM>(q, row + lane % 16, step + lane / 16 * 8));
    const uint32_t keys = address_in_tile<Config, Config::kBlockN>(k, lane / 16 * 8 + lane % 8,
                                                                   step + lane / 8 % 2 * 8);
#pragma unroll
    for (int n = 0; n < Config::kBlockN; n += 16) {
      uint32_t b[4];
      ptx::ldmatrix_x4(b, keys + n * Config::kLineBytes);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float(&d)[4] = reinterpret_cast<float(&)[4]>(s[n / 2 + 4 * half]);
        ptx::mma_m16n8k16<Element>(d, a, b[2 * half], b[2 * half + 1]);
      }
    }
  }
}

}  // namespace flashdiff::cuda::hopper
