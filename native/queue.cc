#include "queue.h"

#include <thread>
#include <utility>

namespace flashdiff {

void execute(Task& task) noexcept {
  try {
    task.run();
  } catch (...) {
    task.fail(current_failure());
  }
}

void Queue::submit(TaskRef task) {
  {
    std::lock_guard lock(mutex_);
    start();
    tasks_.push_back(std::move(task));
  }
  ready_.notify_one();
}

void Queue::submit_first(TaskRef task) {
  {
    std::lock_guard lock(mutex_);
    start();
    tasks_.push_front(std::move(task));
  }
  ready_.notify_one();
}

bool Queue::run_if_idle(Task& task) {
  {
    std::lock_guard lock(mutex_);
    if (busy_ || !tasks_.empty()) return false;
    busy_ = true;
  }
  execute(task);
  bool others_wait;
  {
    std::lock_guard lock(mutex_);
    busy_ = false;
    others_wait = !tasks_.empty();
  }
  if (others_wait) ready_.notify_one();
  return true;
}

void Queue::start() {
  if (started_) return;
  std::thread([this] { loop(); }).detach();
  started_ = true;
}

void Queue::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return !busy_ && !tasks_.empty(); });
    TaskRef task = std::move(tasks_.front());
    tasks_.pop_front();
    busy_ = true;
    lock.unlock();
    execute(*task);
    task.reset();  // may free memory, which may submit
    lock.lock();
    busy_ = false;
  }
}

}  // namespace flashdiff
