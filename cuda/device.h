// What the choice and the launch of kernels depend on.
#pragma once

#include <string>

namespace flashdiff::cuda {

struct Device {
  int ordinal = 0;
  int major = 0;  // compute capability
  int minor = 0;
  int multiprocessors = 0;
  int shared_memory = 0;  // bytes that a block may ask for
  int l2_cache = 0;       // bytes

  std::string name() const { return "cuda:" + std::to_string(ordinal); }
};

// Binds no context. Throws Error{kDevice}.
Device describe_device(int ordinal);

// Why no CUDA device can be used; empty when some can, and their number is `count`.
std::string find_devices(int& count);

}  // namespace flashdiff::cuda
