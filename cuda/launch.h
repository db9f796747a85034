// Launching a kernel on the current device.
#pragma once

#include <cuda_runtime.h>

#include "error.h"

namespace flashdiff::cuda {

// Throws Error{kOutOfMemory, kDevice}. Kernels may have more shared memory than the 48 KB that need
// no asking.
template <typename... Params>
void launch(void (*kernel)(Params...), unsigned blocks, unsigned threads, size_t shared_memory,
            cudaStream_t stream, Params... params) {
  const auto* function = reinterpret_cast<const void*>(kernel);
  if (shared_memory > 48 << 10) {
    expect_success(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                        static_cast<int>(shared_memory)),
                   "cudaFuncSetAttribute");
  }
  // Its own status: the last error may be that of an event that was not there yet.
  void* arguments[] = {&params...};
  expect_success(cudaLaunchKernel(function, blocks, threads, arguments, shared_memory, stream),
                 "cudaLaunchKernel");
}

}  // namespace flashdiff::cuda
