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

// Host work on the bytes of one memory, as soon as they are there: on the device's completion
// thread, or where they were made if it is quick.
class Fetch final : public Task {
 public:
  using Work = std::function<void()>;
  // Gets null or the cause of the failure, once `source` and `work` are no longer held. No
  // throwing.
  using Done = std::function<void(const FailureRef&)>;

  Fetch(MemoryRef source, Work work, Done done);
  void run() override;
  void fail(const FailureRef& cause) noexcept override;

  // Never blocks. `bytes` is how much the work copies.
  void submit(size_t bytes);

 private:
  void finish(const FailureRef& cause) noexcept;

  MemoryRef source_;
  Work work_;
  Done done_;
};

}  // namespace flashdiff
