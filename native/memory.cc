#include "memory.h"

#include <cstdint>

namespace flashdiff {

Memory::Memory(Device& device, size_t bytes) : device_(device), bytes_(bytes) {
  device_.allocated_bytes += static_cast<int64_t>(bytes_);
}

Memory::~Memory() {
  if (data_ != nullptr) device_.release(data_);
  device_.allocated_bytes -= static_cast<int64_t>(bytes_);
}

void Memory::allocate() { data_ = static_cast<std::byte*>(device_.engine().allocate(bytes_)); }

void Memory::complete() noexcept { settle(State::kReady); }

void Memory::fail(const FailureRef& cause) noexcept {
  if (data_ != nullptr) device_.release(data_);
  data_ = nullptr;
  cause_ = cause;
  settle(State::kFailed);
}

void Memory::settle(State state) noexcept {
  state_.store(state, std::memory_order_release);
  state_.notify_all();
}

void Memory::await() const {
  state_.wait(State::kPending, std::memory_order_acquire);
  if (!is_ready()) throw Failed(cause_);
}

const std::byte* Memory::address() const {
  if (is_ready()) return data_;
  return reinterpret_cast<const std::byte*>(reinterpret_cast<uintptr_t>(this) & ~uintptr_t{63});
}

}  // namespace flashdiff
