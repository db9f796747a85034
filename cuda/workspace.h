// Memory that kernels of one stream use among themselves, kept from launch to launch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "error.h"

namespace flashdiff::cuda {

class Workspace {
 public:
  explicit Workspace(cudaStream_t stream) : stream_(stream) {}
  Workspace(const Workspace&) = delete;
  ~Workspace() { release(); }

  // At least so many bytes, aligned to 256: zero at first, then what the kernels before left there.
  // Throws Error{kOutOfMemory, kDevice}.
  void* reserve(size_t bytes) {
    if (bytes > size_) {
      release();
      expect_success(cudaMallocAsync(&data_, bytes, stream_), "cudaMallocAsync");
      size_ = bytes;
      expect_success(cudaMemsetAsync(data_, 0, bytes, stream_), "cudaMemsetAsync");
    }
    return data_;
  }

 private:
  void release() {
    if (data_ != nullptr && cudaFreeAsync(data_, stream_) != cudaSuccess) cudaGetLastError();
    data_ = nullptr;
    size_ = 0;
  }

  const cudaStream_t stream_;
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace flashdiff::cuda
