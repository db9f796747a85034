// Launching a kernel on the current device.
#pragma once

#include <cuda_runtime.h>

#include "error.h"

namespace flashdiff::cuda {

// Throws Error{kDevice}. Kernels may have more shared memory than the 48 KB that need no asking.
template <typename... Params>
void launch(void (*kernel)(Params...), unsigned blocks, unsigned threads, size_t shared_memory,
            cudaStream_t stream, Params... params) {
  if (shared_memory > 48 << 10) {
    expect_success(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                        static_cast<int>(shared_memory)),
                   "cudaFuncSetAttribute");
  }
  kernel<<<blocks, threads, shared_memory, stream>>>(params...);
  expect_success(cudaGetLastError(), "kernel launch");
}

}  // namespace flashdiff::cuda
