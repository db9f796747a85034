// Tasks on one thread, in the order of their submission.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "failure.h"

namespace flashdiff {

class Task : public std::enable_shared_from_this<Task> {
 public:
  virtual ~Task() = default;
  virtual void run() = 0;
  // Called with what run() threw.
  virtual void fail(const FailureRef& cause) noexcept = 0;
};

using TaskRef = std::shared_ptr<Task>;

// Runs the task here and now.
void execute(Task& task) noexcept;

// The thread starts with the first task that needs it. It is detached and never ends, so a queue
// must never be destroyed.
class Queue {
 public:
  void submit(TaskRef task);
  // Before everything that waits already.
  void submit_first(TaskRef task);
  // Runs the task on the calling thread if nothing runs or waits; false if something does.
  bool run_if_idle(Task& task);

 private:
  void start();
  void loop();

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<TaskRef> tasks_;
  bool busy_ = false;  // a task runs, here or in run_if_idle
  bool started_ = false;
};

}  // namespace flashdiff
