// What follows from a Tiling: sizes, roles, shared memory, and whether it all fits.
#pragma once

#include <cstdint>

#include "../ptx/wgmma.cuh"
#include "pipeline.cuh"
#include "plan.cuh"
#include "tiling.h"

namespace flashdiff::cuda::hopper {

// 128 * (40 + 2 * 232) of the 65,536 registers of a multiprocessor.
inline constexpr int kProducerRegisters = 40;
inline constexpr int kConsumerRegisters = 232;

// The warps of the producer's warpgroup less its own: see cleaner.cuh.
inline constexpr int kCleanerWarps = kWarpgroupThreads / 32 - 1;
inline constexpr int kCleanerThreads = 32 * kCleanerWarps;

inline constexpr int kMaxSharedMemory = 227 * 1024;

template <int kHeadDim_, int kValueDim_, typename Element_>
struct Config : Tiling<kHeadDim_, kValueDim_> {
  using Element = Element_;
  using Numbers = Tiling<kHeadDim_, kValueDim_>;
  using Numbers::kBlockN, Numbers::kMaps, Numbers::kKeySlots, Numbers::kValueSlots;
  static constexpr int kHeadDim = kHeadDim_;
  static constexpr int kValueDim = kValueDim_;
  static constexpr int kPasses = 2 / kMaps;                     // over the keys
  static constexpr bool kSharedKeys = kHeadDim == kValueDim;    // both maps use k[0]
  static constexpr int kKeysPerTile = kSharedKeys ? 1 : kMaps;  // key tiles a value tile
  static constexpr int kValueHalves = kValueDim / kHeadDim;

  // Tiles lie in shared memory as columns of kChunk elements, one swizzled line a row. 96 is no
  // multiple of 64, so it takes the narrower swizzle.
  static constexpr int kChunk = kHeadDim % 64 == 0 ? 64 : 32;
  static constexpr ptx::Swizzle kSwizzle = kChunk == 64 ? ptx::Swizzle::k128 : ptx::Swizzle::k64;
  static constexpr int kLineBytes = kChunk * 2;

  static constexpr int kQueryElements = kBlockM * kHeadDim;  // of one map
  static constexpr int kKeyElements = kBlockN * kHeadDim;
  static constexpr int kValueElements = kBlockN * kValueDim;

  // A warp's rows leave by way of shared memory, a block of columns at a time; rows are padded by
  // 16 bytes against bank conflicts.
  static constexpr int kStagingColumns = 64;
  static constexpr int kStagingRow = kStagingColumns + 8;

  struct SharedStorage {
    alignas(1024) Element q[kMaps][kQueryElements];
    alignas(1024) Element k[kKeySlots][kKeyElements];
    alignas(1024) Element v[kValueSlots][kValueElements];
    alignas(16) Element staging[4 * kConsumers][16 * kStagingRow];
    Ring<kKeySlots> keys;
    Ring<kValueSlots> values;
    uint64_t landed[kValueSlots];  // barriers of values that the cleaner is to look at
    Ring<1> queries;
    Ring<2> plans;
    Plan<kBlockN> plan[2];
  };

  static constexpr int kSharedBytes = sizeof(SharedStorage);
  static_assert(kSharedBytes <= kMaxSharedMemory);
  static_assert(kBlockN % 16 == 0 && kBlockN <= 256);
  // Accumulators of scores, weights and outputs; 24 registers are left for everything else.
  static_assert(kBlockN / 2 + kBlockN / 4 + kMaps * kValueDim / 2 <= kConsumerRegisters - 24);
};

}  // namespace flashdiff::cuda::hopper
