// Asynchronous copies from global to shared memory, sm_80 and later.
#pragma once

#include <cstdint>

namespace flashdiff::cuda::ptx {

// Copies 16 aligned bytes past the L1; writes zeros and reads nothing when not `valid`.
__device__ inline void cp_async_16(uint32_t shared_address, const void* global, bool valid) {
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(shared_address),
               "l"(global), "r"(bytes)
               : "memory");
}

// Waits for all of this thread's copies; a barrier then shows them to the others.
__device__ inline void cp_async_wait_all() { asm volatile("cp.async.wait_all;" ::: "memory"); }

}  // namespace flashdiff::cuda::ptx
