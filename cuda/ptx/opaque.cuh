// Values that the compiler may not see through.
#pragma once

#include <cstdint>

namespace flashdiff::cuda::ptx {

// After this the compiler knows nothing about the value, and keeps nothing derived from it before.
__device__ __forceinline__ void opaque(int32_t& value) { asm volatile("" : "+r"(value)); }

// threadIdx.x, read again: what was derived from it before need not stay in registers.
__device__ __forceinline__ int32_t thread_index() {
  int32_t index;
  asm volatile("mov.u32 %0, %%tid.x;" : "=r"(index));
  return index;
}

}  // namespace flashdiff::cuda::ptx
