#include "memory.h"

#include <cstdint>
#include <utility>

namespace flashdiff {

Memory::Memory(Device& device, size_t bytes) : device_(device), bytes_(bytes), held_bytes_(bytes) {
  device_.allocated_bytes += static_cast<int64_t>(held_bytes_);
}

Memory::~Memory() { release(); }

void Memory::release() noexcept {
  if (data_ != nullptr) device_.release(std::exchange(data_, nullptr), bytes_);
  device_.allocated_bytes -= static_cast<int64_t>(std::exchange(held_bytes_, 0));
}

void Memory::allocate() { data_ = static_cast<std::byte*>(device_.engine().allocate(bytes_)); }

void Memory::complete(std::shared_ptr<Memory> memory, std::shared_ptr<Fence> written) noexcept {
  memory->written_ = std::move(written);
  const Waiters waiters = memory->settle(State::kReady);
  memory.reset();
  for (const auto& next : waiters) next();
}

void Memory::fail(std::shared_ptr<Memory> memory, const FailureRef& cause) noexcept {
  memory->release();
  memory->cause_ = cause;
  const Waiters waiters = memory->settle(State::kFailed);
  memory.reset();
  for (const auto& next : waiters) next();
}

Memory::Waiters Memory::settle(State state) noexcept {
  Waiters waiters;
  {
    std::lock_guard lock(mutex_);
    state_.store(state, std::memory_order_release);
    waiters.swap(waiters_);
  }
  state_.notify_all();
  return waiters;
}

void Memory::await() const {
  state_.wait(State::kPending, std::memory_order_acquire);
  if (!is_ready()) throw Failed(cause_);
}

void Memory::await_bytes() const {
  await();
  if (written_ != nullptr) written_->wait();
}

void Memory::then(std::function<void()> next) {
  {
    std::lock_guard lock(mutex_);
    if (!is_settled()) return waiters_.push_back(std::move(next));
  }
  next();
}

const std::byte* Memory::address() const {
  if (is_ready()) return data_;
  return reinterpret_cast<const std::byte*>(reinterpret_cast<uintptr_t>(this) & ~uintptr_t{63});
}

}  // namespace flashdiff
