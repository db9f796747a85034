// Memory of one device, written once, by a task. Shared by the handles and tasks that use it and
// given back with the last of them.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

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

  // --- by the writer: allocate, then complete or fail, which let go of `memory` before they tell
  // those who wait ---

  void allocate();
  std::byte* data() const { return data_; }
  // `written` is behind the write in the device's order of work; null when it is done already.
  static void complete(std::shared_ptr<Memory> memory, std::shared_ptr<Fence> written) noexcept;
  static void fail(std::shared_ptr<Memory> memory, const FailureRef& cause) noexcept;

  // --- by everybody else ---

  // The writer is done: what it queued on the device takes effect before whatever follows there.
  bool is_settled() const { return state_.load(std::memory_order_acquire) != State::kPending; }
  bool is_ready() const { return state_.load(std::memory_order_acquire) == State::kReady; }
  // Block until the writer is done, or until the bytes are there. Throw Failed, Error{kDevice}.
  void await() const;
  void await_bytes() const;
  // Calls `next`, which must not throw, once settled: now, or on the thread that settles.
  void then(std::function<void()> next);
  // Before the memory is ready: another address, with the same alignment and of no other memory.
  const std::byte* address() const;

 private:
  enum class State { kPending, kReady, kFailed };
  using Waiters = std::vector<std::function<void()>>;
  Waiters settle(State state) noexcept;

  void release() noexcept;

  Device& device_;
  const size_t bytes_;
  size_t held_bytes_;  // none once it has failed
  std::byte* data_ = nullptr;
  std::shared_ptr<Fence> written_;
  FailureRef cause_;
  std::atomic<State> state_ = State::kPending;
  std::mutex mutex_;
  Waiters waiters_;  // guarded by mutex_
};

using MemoryRef = std::shared_ptr<Memory>;

}  // namespace flashdiff
