// Order between ordinary accesses to shared memory and those of the asynchronous units.
#pragma once

namespace flashdiff::cuda::ptx {

// What this thread wrote so far is what the tensor cores and the copy engine will find, once they
// are told so by way of a barrier.
__device__ __forceinline__ void fence_proxy_async() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

}  // namespace flashdiff::cuda::ptx
