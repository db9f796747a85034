// What the kernels are compiled for. Nothing here changes a result: only speed, and which devices
// have the shared memory. README.md has the arithmetic behind the numbers.
#pragma once

#include <cstdint>
#include <type_traits>

#include "schedule.cuh"
#include "tile.cuh"

namespace flashdiff::cuda::generic {

// kHeadDim is D, padded with zeros; kValueHalves is Dv / D.
template <int kHeadDim_, int kValueHalves_, int kBlockN_, int kWarps_>
struct Config {
  static constexpr int kHeadDim = kHeadDim_;
  static constexpr int kValueHalves = kValueHalves_;
  static constexpr int kValueDim = kHeadDim * kValueHalves;
  static constexpr int kBlockN = kBlockN_;  // keys a tile
  static constexpr int kWarps = kWarps_;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int kMinBlocks = 8 / kWarps;  // a multiprocessor; 255 registers a thread

  // What is read of V serves two products, and the outputs fit 128 registers a thread. Up to 128
  // columns a warp has the outputs of both maps of its 16 rows. Beyond, it has that of one map, and
  // two warps with neighbouring rows form a pair: each computes the weights of its own rows, they
  // exchange them, and each adds up half of the columns for the rows of both.
  static constexpr bool kPairs = kValueDim > 128;
  static constexpr int kWarpMaps = kPairs ? 1 : 2;  // whose weights a warp computes
  static constexpr int kRowWarps = kWarps * kWarpMaps / 2;
  static constexpr int kBlockM = 16 * kRowWarps;  // query rows a CTA

  // Else they are read from shared memory for every tile.
  static constexpr bool kQueriesInRegisters = kPairs || kValueDim <= 64;

  // A CTA that has the multiprocessor to itself: half of its warps run half a tile behind the
  // others, multiplying values while these multiply keys.
  static constexpr bool kStaggered = kMinBlocks == 1;

  // The columns of the output that a warp holds, in chunks of 8, and the place of each: in a pair
  // either warp takes 4 of every 8.
  static constexpr int kChunks = kValueDim / 8 * kWarpMaps / 2;
  __device__ static constexpr int place_of(int chunk, int half) {
    return kPairs ? chunk / 4 * 8 + 4 * half + chunk % 4 : chunk;
  }

  using QueryTile = Tile<kBlockM, kHeadDim>;
  using KeyTile = Tile<kBlockN, kHeadDim>;
  using ValueTile = Tile<kBlockN, kValueDim>;
  using OutputTile = FloatTile<16, 8 * kChunks>;

  // What a warp tells the other of its pair about a tile.
  struct Message {
    uint4 weights[kBlockN / 16][32];  // as the lanes hold them
    float rescale[16];                // of its rows, if `moved`
    int32_t moved;
  };

  struct None {};

  static constexpr int kValueStages = kStaggered ? 3 : 2;
  struct Tiles {
    ValueTile v[kValueStages];  // of tile n: v[n % kValueStages]
    KeyTile k[2][2];            // of tile n: k[(n + 1) % 2], by map
    std::conditional_t<kPairs, Message[kWarps], None> messages;
  };
  // Queries on their way to registers lie where the second tile will; else they stay behind all.
  struct PassingQueries {
    ValueTile first_values;
    QueryTile q[2];
  };
  struct StayingQueries {
    Tiles tiles;
    QueryTile q[2];
  };
  static_assert(!kQueriesInRegisters ||
                sizeof(PassingQueries) <= sizeof(Tiles::v) + sizeof(Tiles::k[0]));

  // A warp's 16 rows on their way out; before, the other map of them, 16 bytes a lane.
  union OutputBuffer {
    float4 other_map[kChunks][32];
    OutputTile out;
  };
  struct Outputs {
    OutputBuffer buffers[kWarps];
    float row_sum[2][kBlockM];  // of the maps
    float squares[2][kBlockM];  // of the two warps' columns
  };

  struct SharedStorage {
    union {
      Tiles tiles;
      std::conditional_t<kQueriesInRegisters, PassingQueries, StayingQueries> queries;
      Outputs outputs;
    };
    Task<kBlockM, kBlockN> task;
  };

  static_assert(kHeadDim % 32 == 0 && kBlockN % 16 == 0);
};

// The best configuration for CTAs that may have so many KB, of which a multiprocessor has one more
// and keeps one for each CTA: two CTAs of 4 warps if rows are short and both fit, else one of 8,
// with as many keys a tile as fit.
template <int kHeadDim, int kValueHalves, int kSharedKb, int kBlockN = 64>
constexpr auto fitting_config() {
  using Small = Config<kHeadDim, kValueHalves, kBlockN, 4>;
  using Large = Config<kHeadDim, kValueHalves, kBlockN, 8>;
  constexpr size_t kKb = 1024;
  if constexpr (kHeadDim <= 64 &&
                2 * (sizeof(typename Small::SharedStorage) + kKb) <= (kSharedKb + 1) * kKb) {
    return Small{};
  } else if constexpr (sizeof(typename Large::SharedStorage) <= kSharedKb * kKb) {
    return Large{};
  } else {
    return fitting_config<kHeadDim, kValueHalves, kSharedKb, kBlockN - 16>();
  }
}

template <int kHeadDim, int kValueHalves, int kSharedKb>
using FittingConfig = decltype(fitting_config<kHeadDim, kValueHalves, kSharedKb>());

}  // namespace flashdiff::cuda::generic
