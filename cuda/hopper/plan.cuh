// Which tiles of queries a CTA computes, and which tiles of keys each of them visits. The producer
// plans; consumers read the plan from shared memory, where it costs them no registers.
#pragma once

#include <cstdint>

#include "../lanes.cuh"
#include "params.cuh"

namespace flashdiff::cuda::hopper {

inline constexpr int kWarpgroupThreads = 128;
inline constexpr int kConsumers = 2;  // warpgroups of 64 query rows each
inline constexpr int kBlockM = 64 * kConsumers;
inline constexpr int kThreads = kWarpgroupThreads * (1 + kConsumers);

struct Tile {
  int32_t m_block;
  int32_t head;
  int32_t batch;
};

__device__ __forceinline__ Tile tile_at(const KernelParams& params, int32_t index) {
  const TileOrder& order = params.order;
  const int32_t section =
      min(index / (order.heads_per_section * order.num_m_blocks), order.num_full_sections);
  const int32_t first_head = section * order.heads_per_section;
  const int32_t heads =
      section < order.num_full_sections ? order.heads_per_section : order.num_heads - first_head;
  const int32_t rest = index - first_head * order.num_m_blocks;
  const int32_t row = rest / heads;
  const int32_t head = first_head + rest - row * heads;
  const int32_t batch = head / params.forward.num_heads;
  return {order.num_m_blocks - 1 - row, head - batch * params.forward.num_heads, batch};
}

// The tile after `index` of this CTA; past the last when there is none. Each CTA asks once a tile,
// so the counter is asked as often as there are tiles, and has wrapped to 0 in the end.
__device__ __forceinline__ int32_t next_tile(const KernelParams& params, int32_t index) {
  const int32_t ctas = gridDim.x;
  if (params.counter == nullptr) return index + ctas;
  return ctas + atomicInc(params.counter, params.order.count() - 1);
}

__device__ __forceinline__ int32_t ceil_div(int32_t a, int32_t b) { return (a + b - 1) / b; }

// The key tiles that some row of [first, last] sees, from left to right: the sinks', then the
// window's. CTAs that start together then read the same tiles at the same time.
template <int kBlockN>
struct Visits {
  int32_t count;
  int32_t sinks;
  int32_t gap;  // between the sinks' tiles and the window's

  __device__ __forceinline__ void plan(const Bounds& bounds, int32_t first, int32_t last) {
    const int32_t end = bounds.window_end(last);
    const int32_t window_begin = bounds.window_begin(first);
    const int32_t begin = min(window_begin, end) / kBlockN;
    sinks = ceil_div(max(bounds.sink_end(last), 0), kBlockN);
    gap = max(begin - sinks, 0);
    count = window_begin < end ? max(ceil_div(end, kBlockN) - gap, sinks) : sinks;
  }

  // Tile number of the i-th visit.
  __device__ __forceinline__ int32_t operator[](int32_t i) const { return i < sinks ? i : i + gap; }
};

// A value that all lanes share, told so that the compiler keeps it in a uniform register: that is
// where a reduction over the warp leaves its result.
__device__ __forceinline__ int32_t uniform(int32_t value) {
  return static_cast<int32_t>(__reduce_or_sync(kFullWarp, static_cast<uint32_t>(value)));
}

// The visits whose key tiles every row of [first, last] sees in full: these need no mask.
template <int kBlockN>
struct Unmasked {
  int32_t sinks_end;
  int32_t window_begin;
  int32_t window_end;

  __device__ __forceinline__ void plan(const Bounds& bounds, const Visits<kBlockN>& visits,
                                       int32_t first, int32_t last) {
    sinks_end = min(max(bounds.sink_end(first), 0) / kBlockN, visits.sinks);
    window_begin = ceil_div(bounds.window_begin(last), kBlockN) - visits.gap;
    window_end = max(bounds.window_end(first), 0) / kBlockN - visits.gap;
  }

  __device__ __forceinline__ bool contains(int32_t visit) const {
    return (visit >= window_begin && visit < window_end) || visit < sinks_end;
  }
  __device__ __forceinline__ bool contains_all(int32_t visits) const {
    return sinks_end >= visits || (window_begin <= max(sinks_end, 0) && window_end >= visits);
  }
};

template <int kBlockN>
struct Plan {
  bool done;             // there are no more tiles, and no more in this plan
  bool is_partial;       // some row does not see all the keys of the visits
  bool careful;          // such values go by way of the cleaner
  bool suspect;          // without care, values that a row does not see may have got into it
  bool cleared;          // with care, there were some, and rows that see them must be repaired
  int32_t index;         // of the tile
  uint32_t first_visit;  // of all: its number in the ring of values
  Tile tile;
  Visits<kBlockN> visits;
  Unmasked<kBlockN> unmasked[kConsumers];

  __device__ __forceinline__ void make(const KernelParams& params, int32_t number, bool with_care,
                                       uint32_t visit) {
    index = number;
    first_visit = visit;
    careful = with_care;
    is_partial = suspect = cleared = false;
    done = index >= params.order.count();
    if (done) return;
    tile = tile_at(params, index);
    const int32_t end = params.forward.seqlen_q - 1;
    const int32_t first = tile.m_block * kBlockM;
    visits.plan(params.bounds, first, min(first + kBlockM - 1, end));
    for (int consumer = 0; consumer < kConsumers; ++consumer) {
      const int32_t row = first + 64 * consumer;
      unmasked[consumer].plan(params.bounds, visits, min(row, end), min(row + 63, end));
      is_partial = is_partial || !unmasked[consumer].contains_all(visits.count);
    }
  }

  // Whether the values of a visit are for the cleaner.
  __device__ __forceinline__ bool is_cleaned(int32_t visit) const {
    return careful && !(unmasked[0].contains(visit) && unmasked[kConsumers - 1].contains(visit));
  }
};

}  // namespace flashdiff::cuda::hopper
