// What the kernels are compiled for. Nothing here changes a result: only speed, and which devices
// have the shared memory. README.md has the arithmetic behind the numbers.
#pragma once

#include <cstdint>

#include "schedule.cuh"
#include "tile.cuh"

namespace flashdiff::cuda::generic {

struct Tiling {
  int block_n;                // keys a tile
  int row_warps;              // groups of 16 query rows
  int maps_per_warp;          // 2: a warp holds both maps of its rows, and reads each value once
                              // 1: the warps of map 1 and those of map 2 share the tiles
  bool queries_in_registers;  // else read from shared memory for every tile
};

// `roomy`: for devices whose blocks may have 160 KB of shared memory; otherwise 99 KB do. The
// output of one map takes value_dim / 2 registers a thread, so beyond 128 columns a warp holds one
// map.
constexpr Tiling tiling_for(int head_dim, int value_dim, bool roomy) {
  if (value_dim > 128) return {roomy ? 64 : 32, 4, 1, false};
  if (head_dim <= 64) return {64, 4, 2, value_dim <= 64};
  if (roomy) return {64, 8, 2, false};
  return {32, 4, 2, false};
}

template <int kHeadDim_, int kValueHalves_, bool kRoomy>
struct Config {
  static constexpr int kHeadDim = kHeadDim_;          // compiled: D padded with zeros
  static constexpr int kValueHalves = kValueHalves_;  // Dv / D
  static constexpr int kValueDim = kHeadDim * kValueHalves;

  static constexpr Tiling kTiling = tiling_for(kHeadDim, kValueDim, kRoomy);
  static constexpr int kBlockN = kTiling.block_n;
  static constexpr int kRowWarps = kTiling.row_warps;
  static constexpr int kMapsPerWarp = kTiling.maps_per_warp;
  static constexpr bool kQueriesInRegisters = kTiling.queries_in_registers;
  static constexpr int kStages = 2;

  static constexpr int kBlockM = 16 * kRowWarps;  // query rows a CTA
  static constexpr int kThreads = 32 * kRowWarps * (2 / kMapsPerWarp);

  using QueryTile = Tile<kBlockM, kHeadDim>;
  using KeyTile = Tile<kBlockN, kHeadDim>;
  using ValueTile = Tile<kBlockN, kValueDim>;
  using OutputTile = FloatTile<16, kValueDim>;

  struct Stage {
    KeyTile k[2];
    ValueTile v;
  };

  // The output of a warp's 16 rows on its way to memory; before that, where map 2 is another
  // warp's, map 2 of these rows, 16 bytes a lane.
  union Epilogue {
    float4 map2[kMapsPerWarp == 1 ? kValueDim / 8 : 1][32];
    OutputTile out;
  };

  struct SharedStorage {
    Task<kBlockM, kBlockN> task;
    QueryTile q[2];
    union {
      Stage stages[kStages];
      Epilogue epilogue[kRowWarps];
    };
    float row_sum2[kBlockM];  // of map 2, where that is another warp's
  };

  static_assert(kHeadDim % 32 == 0 && kBlockN % 16 == 0);
  static_assert(sizeof(SharedStorage) <= (kRoomy ? 163 : 99) << 10);
};

}  // namespace flashdiff::cuda::generic
