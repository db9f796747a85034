// CUDA's status codes as exceptions.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "flashdiff/error.h"

namespace flashdiff::cuda {

// Throws Error{kOutOfMemory} or Error{kDevice} with CUDA's name and text, and takes the error off
// CUDA's record, so that the next call starts clean.
inline void expect_success(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  const auto code =
      status == cudaErrorMemoryAllocation ? ErrorCode::kOutOfMemory : ErrorCode::kDevice;
  throw Error(code, std::string(call) + " failed with " + cudaGetErrorName(status) + ": " +
                        cudaGetErrorString(status));
}

}  // namespace flashdiff::cuda
