// A point in the order of a stream.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>

#include "error.h"

namespace flashdiff::cuda {

class Event {
 public:
  // `flags` beside cudaEventBlockingSync. Throws Error{kDevice}.
  explicit Event(unsigned flags = cudaEventDefault) {
    expect_success(cudaEventCreateWithFlags(&event_, flags | cudaEventBlockingSync),
                   "cudaEventCreateWithFlags");
  }
  Event(const Event&) = delete;
  ~Event() { cudaEventDestroy(event_); }

  void record(cudaStream_t stream) {
    expect_success(cudaEventRecord(event_, stream), "cudaEventRecord");
  }

  // Looks for a moment before it sleeps: waking costs more than a small kernel. Throws what the
  // work before failed with.
  void wait() const {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::microseconds(100);
    cudaError_t status = cudaErrorNotReady;
    while (status == cudaErrorNotReady && std::chrono::steady_clock::now() < patience) {
      status = cudaEventQuery(event_);
    }
    if (status == cudaErrorNotReady) {
      cudaGetLastError();
      status = cudaEventSynchronize(event_);
    }
    expect_success(status, "work on the device");
  }

  float milliseconds_since(const Event& earlier) const {
    float milliseconds = 0;
    expect_success(cudaEventElapsedTime(&milliseconds, earlier.event_, event_),
                   "cudaEventElapsedTime");
    return milliseconds;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace flashdiff::cuda
