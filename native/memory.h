// Memory of one device, written once, by a task. Shared by the handles and tasks that use it and
// given back with the last of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "device.h"
#include "failure.h"

namespace flashdiff {

class Memory {
 public:
  // Nothing is allocated before the writer asks for it.
  Memory(Device& device, size_t bytes);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  Device& device() const { return device_; }
  size_t bytes() const { return bytes_; }

  // --- by the writer: allocate, then complete or fail ---

  void allocate();
  std::byte* data() const { return data_; }
  // What the writer did has taken effect in the device's order of work.
  void complete() noexcept;
  void fail(const FailureRef& cause) noexcept;

  // --- by everybody else ---

  bool is_settled() const { return state_.load(std::memory_order_acquire) != State::kPending; }
  bool is_ready() const { return state_.load(std::memory_order_acquire) == State::kReady; }
  // Blocks until the writer is done. Throws Failed.
  void await() const;
  // Before the memory is ready: another address, with the same alignment and of no other memory.
  const std::byte* address() const;

 private:
  enum class State { kPending, kReady, kFailed };
  void settle(State state) noexcept;

  Device& device_;
  const size_t bytes_;
  std::byte* data_ = nullptr;
  FailureRef cause_;
  std::atomic<State> state_ = State::kPending;
};

using MemoryRef = std::shared_ptr<Memory>;

}  // namespace flashdiff
