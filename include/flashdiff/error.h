// The one exception type that leaves an engine.
#pragma once

#include <stdexcept>
#include <string>

namespace flashdiff {

enum class ErrorCode {
  kOutOfMemory,      // ERR_OUT_OF_MEMORY: the device has no room for an allocation
  kUnsupported,      // ERR_UNSUPPORTED: a valid problem that this engine has no kernel for
  kDevice,           // ERR_DEVICE: the device or its driver failed while running
  kCudaUnavailable,  // ERR_CUDA_UNAVAILABLE: no such CUDA device, or no CUDA at all
};

class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace flashdiff
