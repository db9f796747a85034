// Memory aligned to a cache line, and to a huge page where it is large.
#pragma once

#include <cstddef>
#include <memory>

namespace flashdiff::cpu {

// Null when there is no room. Never null for 0 bytes otherwise.
void* allocate_memory(size_t bytes) noexcept;
void release_memory(void* memory) noexcept;

// A thread's own memory for floats, kept from call to call.
class Scratch {
 public:
  // At least so many floats, with unspecified values; earlier ones are gone. Throws std::bad_alloc.
  float* reserve(size_t floats);

 private:
  struct Release {
    void operator()(float* memory) const { release_memory(memory); }
  };
  std::unique_ptr<float, Release> memory_;
  size_t size_ = 0;
};

}  // namespace flashdiff::cpu
