// The two products of attention as a warpgroup issues them: asynchronous, one committed group each.
#pragma once

#include <cstdint>

#include "../ptx/opaque.cuh"
#include "config.cuh"

namespace flashdiff::cuda::hopper {

// s [64, kBlockN] = q [64, kHeadDim] k^T; q and k are tiles of kRows lines a column.
template <class Config, typename Element>
__device__ __forceinline__ void issue_scores(float (&s)[Config::kBlockN / 2], const Element* q,
                                             const Element* k) {
  constexpr int kSteps = Config::kChunk / 16;  // in a column
  ptx::WgmmaDescriptor a(q, Config::kSwizzle, 8 * Config::kLineBytes, 0);
  ptx::WgmmaDescriptor b(k, Config::kSwizzle, 8 * Config::kLineBytes, 0);
  ptx::wgmma_hold(s);
  ptx::wgmma_fence();
#pragma unroll
  for (int step = 0; step < Config::kHeadDim / 16; ++step) {
    const int column = step / kSteps;
    const int line = step % kSteps * 32;
    ptx::Wgmma<Config::kBlockN, Element>::ss(
        s, a.at(column * kBlockM * Config::kLineBytes + line),
        b.at(column * Config::kBlockN * Config::kLineBytes + line), step != 0);
  }
  ptx::wgmma_commit();
}

// o [64, kValueDim] += p [64, kBlockN] v
template <class Config, typename Element>
__device__ __forceinline__ void issue_values(float (&o)[Config::kValueDim / 2],
                                             uint32_t (&p)[Config::kBlockN / 4], const Element* v) {
  ptx::WgmmaDescriptor b(v, Config::kSwizzle, 8 * Config::kLineBytes,
                         Config::kBlockN * Config::kLineBytes);
  ptx::wgmma_hold(o);
  ptx::wgmma_hold(p);
  ptx::wgmma_fence();
#pragma unroll
  for (int step = 0; step < Config::kBlockN / 16; ++step) {
    ptx::Wgmma<Config::kValueDim, Element>::rs(o, p[4 * step], p[4 * step + 1], p[4 * step + 2],
                                               p[4 * step + 3],
                                               b.at(step * 16 * Config::kLineBytes), 1);
  }
  ptx::wgmma_commit();
}

}  // namespace flashdiff::cuda::hopper
