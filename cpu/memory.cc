#include "memory.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace flashdiff::cpu {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

void* allocate_memory(size_t bytes) noexcept {
  const size_t alignment = bytes >= kHugePage ? kHugePage : kCacheLine;
  if (bytes > SIZE_MAX - alignment) return nullptr;
  const size_t rounded = bytes == 0 ? alignment : (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
#ifdef __linux__
  // The rows of one head are pages apart: small pages would cost a translation a row.
  if (memory != nullptr && alignment == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
  return memory;
}

void release_memory(void* memory) noexcept { std::free(memory); }

float* Scratch::reserve(size_t floats) {
  if (floats > size_) {
    memory_.reset();
    size_ = 0;
    memory_.reset(static_cast<float*>(allocate_memory(floats * sizeof(float))));
    if (!memory_) throw std::bad_alloc();
    size_ = floats;
  }
  return memory_.get();
}

}  // namespace flashdiff::cpu
