// Rings of shared-memory slots between a producer and its consumers. Both number the items that go
// through a ring from 0; item n takes slot n % kSlots.
#pragma once

#include <cstdint>

#include "../ptx/mbarrier.cuh"

namespace flashdiff::cuda::hopper {

template <int kSlots_>
struct Ring {
  static constexpr uint32_t kSlots = kSlots_;

  uint64_t full[kSlots];
  uint64_t empty[kSlots];

  __device__ __forceinline__ void init(uint32_t producers, uint32_t consumers) {
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      ptx::mbarrier_init(&full[slot], producers);
      ptx::mbarrier_init(&empty[slot], consumers);
    }
  }

  static __device__ __forceinline__ uint32_t slot(uint32_t item) { return item % kSlots; }
  static __device__ __forceinline__ uint32_t parity(uint32_t item) { return item / kSlots & 1; }

  // For the producer; the first round finds every slot empty.
  __device__ __forceinline__ void wait_empty(uint32_t item) {
    ptx::mbarrier_wait(&empty[slot(item)], parity(item) ^ 1);
  }
  // For consumers.
  __device__ __forceinline__ void wait_full(uint32_t item) {
    ptx::mbarrier_wait(&full[slot(item)], parity(item));
  }
  // By one lane of each warp: its part of a product may end before the others'.
  __device__ __forceinline__ void release(uint32_t item, int lane) {
    if (lane == 0) ptx::mbarrier_arrive(&empty[slot(item)]);
  }
};

}  // namespace flashdiff::cuda::hopper
