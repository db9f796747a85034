// The two kinds of queued work.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "device.h"
#include "memory.h"
#include "queue.h"

namespace flashdiff {

// Up to this many bytes are copied on the thread at hand: another would take as long to wake.
constexpr size_t kImmediateBytes = 256 * 1024;

// Allocates `outputs` on their device and lets `write` fill them. Fails them all if an input
// failed, an allocation did or `write` threw.
class Produce final : public Task {
 public:
  using Write = std::function<void(Engine&)>;

  Produce(std::vector<MemoryRef> inputs, std::vector<MemoryRef> outputs, Write write);
  void run() override;
  void fail(const FailureRef& cause) noexcept override;

 private:
  void drop_inputs();

  std::vector<MemoryRef> inputs_;
  std::vector<MemoryRef> outputs_;
  Write write_;
};

// Host work that follows all work submitted to a device so far: it runs on the device's completion
// thread, or on the queue itself where nothing takes long.
class Follow final : public Task {
 public:
  // Gets the fence it followed, if it had to.
  using Work = std::function<void(const Fence*)>;
  // Gets null or the cause of the failure, once `source` and `work` are no longer held. No
  // throwing.
  using Done = std::function<void(const FailureRef&)>;

  // `source` may be null; if it failed, so does this. `bytes` is how much the work copies.
  Follow(Device& device, MemoryRef source, size_t bytes, Work work, Done done);
  void run() override;
  void fail(const FailureRef& cause) noexcept override;

  // On the JavaScript thread; never blocks.
  void submit();

 private:
  void finish(const FailureRef& cause) noexcept;

  Device& device_;
  MemoryRef source_;
  const bool is_quick_;
  bool passed_queue_ = false;
  std::unique_ptr<Fence> fence_;
  Work work_;
  Done done_;
};

}  // namespace flashdiff
