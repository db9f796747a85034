// Addresses in the shared window, as instructions want them.
#pragma once

#include <cstdint>

namespace flashdiff::cuda::ptx {

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

}  // namespace flashdiff::cuda::ptx
