// Memory aligned to a cache line, and to a huge page where it is large.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace flashdiff::cpu {

// Null when there is no room. Never null for 0 bytes otherwise.
void* allocate_memory(size_t bytes) noexcept;
void release_memory(void* memory) noexcept;

// Keeps a few of the large blocks that are given back, for the next of their size: a result in new
// pages, which the system clears first, can cost as much as the arithmetic of short sequences. Any
// thread may use it.
class RecyclingMemory {
 public:
  ~RecyclingMemory();

  // As the functions above.
  void* allocate(size_t bytes) noexcept;
  void release(void* memory, size_t bytes) noexcept;

 private:
  struct Block {
    void* memory;
    size_t size;
  };
  // The last one of this size, if there is one.
  void* take(size_t size) noexcept;
  // The oldest go until no more than `limit` bytes are kept.
  void shrink(size_t limit) noexcept;

  std::mutex mutex_;
  std::vector<Block> kept_;  // oldest first
  size_t kept_bytes_ = 0;
};

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
