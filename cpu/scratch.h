// Memory for floats, aligned to a cache line.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace flashdiff::cpu {

constexpr std::align_val_t kAlignment{64};

class Scratch {
 public:
  // At least so many floats, with unspecified values; earlier ones are gone.
  float* reserve(size_t floats) {
    if (floats > size_) {
      memory_.reset();
      size_ = 0;
      memory_.reset(static_cast<float*>(::operator new(floats * sizeof(float), kAlignment)));
      size_ = floats;
    }
    return memory_.get();
  }

 private:
  struct Delete {
    void operator()(float* memory) const { ::operator delete(memory, kAlignment); }
  };
  std::unique_ptr<float, Delete> memory_;
  size_t size_ = 0;
};

}  // namespace flashdiff::cpu
