// A device of this process: its engine, its queue, and the thread that waits for its results.
//
// Devices are shared by all threads of JavaScript, made when first named and never destroyed: their
// threads may outlive any environment.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "failure.h"
#include "flashdiff/engine.h"
#include "queue.h"

namespace flashdiff {

class Device {
 public:
  static constexpr int kCpu = -1;

  // Throws Error{kCudaUnavailable}.
  static Device& at(int index);
  // Null before it is first named.
  static const Device* find(int index);

  int index() const { return index_; }
  bool is_host() const { return is_host_; }
  Engine& engine() { return *engine_; }

  // Calls the engine's ordered functions.
  Queue& queue() { return queue_; }
  // Waits for fences and downloads, so that the queue need not.
  Queue& completion() { return completion_; }

  // Queues work. A host device that has nothing else to do runs immediate work before this returns:
  // waking a thread would take longer.
  void submit(TaskRef task, bool immediate);

  // Gives memory of the engine back, behind the work that may use it.
  void release(void* data, size_t bytes) noexcept;

  // --- for tasks of the queue ---

  // Holds the first failure of work after this call, once there is one.
  std::shared_ptr<const FailureRef> watch();
  void note_failure(const FailureRef& cause) noexcept;

  // Bytes that storages hold.
  std::atomic<int64_t> allocated_bytes = 0;

 private:
  Device(int index, std::unique_ptr<Engine> engine);

  const int index_;
  const std::unique_ptr<Engine> engine_;
  const bool is_host_;
  Queue queue_;
  Queue completion_;
  std::weak_ptr<FailureRef> watched_;  // of all that watch and have seen no failure yet
};

}  // namespace flashdiff
