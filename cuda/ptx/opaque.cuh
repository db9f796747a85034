// Values that the compiler may not see through.
#pragma once

#include <cstdint>

namespace flashdiff::cuda::ptx {

// After this the compiler knows nothing about the value, and keeps nothing derived from it before.
__device__ __forceinline__ void opaque(int32_t& value) { asm volatile("" : "+r"(value)); }

template <typename T>
__device__ __forceinline__ void opaque(T*& pointer) {
  asm volatile("" : "+l"(pointer));
}

}  // namespace flashdiff::cuda::ptx
