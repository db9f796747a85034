#include "memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace flashdiff::cpu {
namespace {

constexpr size_t kCacheLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kMaxKept = size_t{128} << 20;  // bytes that nobody uses

bool is_worth_keeping(size_t bytes) { return bytes >= kHugePage && bytes <= kMaxKept; }

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

RecyclingMemory::~RecyclingMemory() { shrink(0); }

void* RecyclingMemory::allocate(size_t bytes) noexcept {
  if (is_worth_keeping(bytes)) {
    if (void* memory = take(bytes)) return memory;
  }
  void* memory = allocate_memory(bytes);
  if (memory != nullptr) return memory;
  shrink(0);
  return allocate_memory(bytes);
}

void RecyclingMemory::release(void* memory, size_t bytes) noexcept {
  if (!is_worth_keeping(bytes)) return release_memory(memory);
  shrink(kMaxKept - bytes);
  try {
    const std::lock_guard lock(mutex_);
    kept_.push_back({memory, bytes});
    kept_bytes_ += bytes;
  } catch (const std::bad_alloc&) {
    release_memory(memory);
  }
}

void* RecyclingMemory::take(size_t size) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                  [size](const Block& block) { return block.size == size; });
  if (found == kept_.rend()) return nullptr;
  void* memory = found->memory;
  kept_bytes_ -= size;
  kept_.erase(std::next(found).base());
  return memory;
}

void RecyclingMemory::shrink(size_t limit) noexcept {
  const std::lock_guard lock(mutex_);
  auto end = kept_.begin();
  for (; kept_bytes_ > limit; ++end) {
    kept_bytes_ -= end->size;
    release_memory(end->memory);
  }
  kept_.erase(kept_.begin(), end);
}

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
