// Which CTA takes which rows, and which tiles of keys these rows see.
#pragma once

#include <cstdint>

#include "flashdiff/params.h"

namespace flashdiff::cuda::generic {

// A CTA takes kBlockM query rows of one head. Heads come in sections whose keys and values fit the
// L2 cache together; within a section the last rows of all heads come first: under a causal mask
// they have the most keys, and the light ones fill the gaps at the end.
struct Schedule {
  int32_t m_blocks;  // of a head
  int32_t heads;     // times batch
  int32_t heads_per_section;

  struct Place {
    int32_t m_block;
    int32_t head;
  };

  __device__ Place place_of(uint32_t cta) const {
    const uint32_t section = cta / (static_cast<uint32_t>(heads_per_section) * m_blocks);
    const int32_t first_head = section * heads_per_section;
    const uint32_t size = min(heads_per_section, heads - first_head);
    const uint32_t rest = cta - static_cast<uint32_t>(first_head) * m_blocks;
    return {static_cast<int32_t>(m_blocks - 1 - rest / size),
            static_cast<int32_t>(first_head + rest % size)};
  }
};

// The tiles of keys that some row of [first, last] sees: those of the sinks, then those of the
// window that are not among them.
template <int kBlockN>
class KeyTiles {
 public:
  KeyTiles() = default;
  __device__ KeyTiles(const Mask& mask, int32_t first, int32_t last)
      : sinks_of_all_(mask.sinks_of_all(first, last)),
        window_of_all_(mask.window_of_all(first, last)) {
    const KeyRange window = mask.window_of_any(first, last);
    sink_tiles_ = (mask.sinks_of_any(first, last).end + kBlockN - 1) / kBlockN;
    window_first_ = max(window.begin / kBlockN, sink_tiles_);
    const int32_t window_end = (window.end + kBlockN - 1) / kBlockN;
    count_ = sink_tiles_ + (window.end > window.begin ? max(window_end - window_first_, 0) : 0);
  }

  __device__ int32_t count() const { return count_; }

  // The first key of a tile.
  __device__ int32_t key(int32_t tile) const {
    return (tile < sink_tiles_ ? tile : window_first_ + tile - sink_tiles_) * kBlockN;
  }

  // Whether some row does not see all keys of the tile that begins with this one.
  __device__ bool is_partial(int32_t key) const {
    return key + kBlockN > sinks_of_all_.end &&
           (key < window_of_all_.begin || key + kBlockN > window_of_all_.end);
  }

 private:
  KeyRange sinks_of_all_;
  KeyRange window_of_all_;
  int32_t sink_tiles_;
  int32_t window_first_;
  int32_t count_;
};

// What a CTA has to do. It lies in shared memory: the registers are taken.
template <int kBlockM, int kBlockN>
struct Task {
  int32_t batch;
  int32_t head;
  int32_t first_row;
  int32_t end_row;
  int64_t q_offset;  // of the head in its operand, in elements
  int64_t k_offset;
  int64_t v_offset;
  KeyTiles<kBlockN> tiles;

  __device__ Task(const ForwardParams& params, const Schedule& schedule, uint32_t cta) {
    const Schedule::Place place = schedule.place_of(cta);
    batch = place.head / params.num_heads;
    head = place.head % params.num_heads;
    first_row = place.m_block * kBlockM;
    end_row = min(first_row + kBlockM, params.seqlen_q);
    const int32_t group = head / (params.num_heads / params.num_kv_heads);
    q_offset = batch * params.q_strides.batch + head * params.q_strides.head;
    k_offset = batch * params.k_strides.batch + group * params.k_strides.head;
    v_offset = batch * params.v_strides.batch + group * params.v_strides.head;
    tiles = KeyTiles<kBlockN>(params.mask, first_row, end_row - 1);
  }
};

}  // namespace flashdiff::cuda::generic
