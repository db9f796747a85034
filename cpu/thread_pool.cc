#include "thread_pool.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#ifdef __linux__
#include <pthread.h>
#endif

#include "cores.h"
#include "flashdiff/error.h"

namespace flashdiff::cpu {
namespace {

constexpr int kMaxThreads = 1024;
// Longer than the gap between two calls of a busy queue, shorter than anybody notices.
constexpr std::chrono::microseconds kSpin{30};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

template <class Condition>
bool spin_until(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 32; ++i) {
      if (condition()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

}  // namespace

int thread_count() {
  const char* text = std::getenv("FLASHDIFF_NUM_THREADS");
  if (text == nullptr || *text == '\0') return std::min(available_cores(), kMaxThreads);
  int threads = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, threads);
  if (error != std::errc() || stop != end || threads < 1 || threads > kMaxThreads) {
    throw Error(ErrorCode::kUnsupported,
                "expected FLASHDIFF_NUM_THREADS to be a whole number from 1 to " +
                    std::to_string(kMaxThreads) + ", got '" + text + "'");
  }
  return threads;
}

void ThreadPool::run(int64_t count, int threads, const Task& task) {
  const int workers = static_cast<int>(std::min<int64_t>(std::min(threads, threads_), count)) - 1;
  if (workers <= 0) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  const std::lock_guard turn(turn_);
  start_workers(workers);
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    seats_ = std::min(workers, started_);
    failure_ = nullptr;
    next_ = 0;
    count_ = count;
    ++calls_;
  }
  if (workers < started_) {
    for (int i = 0; i < workers; ++i) wake_.notify_one();
  } else {
    wake_.notify_all();
  }
  take_tasks();

  std::unique_lock lock(mutex_);
  seats_ = 0;
  lock.unlock();
  spin_until([this] { return inside_ == 0; });
  lock.lock();
  left_.wait(lock, [this] { return inside_ == 0; });
  task_ = nullptr;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::start_workers(int workers) {
  try {
    for (; started_ < workers; ++started_) std::thread(&ThreadPool::work, this).detach();
  } catch (const std::system_error&) {
    // The system grants no more threads: those that run do the work.
  }
}

void ThreadPool::work() {
#ifdef __linux__
  pthread_setname_np(pthread_self(), "flashdiff-cpu");
#endif
  uint32_t seen = 0;
  for (;;) {
    spin_until([&] { return calls_ != seen; });
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return calls_ != seen; });
    seen = calls_;
    if (seats_ == 0) continue;
    --seats_;
    ++inside_;
    lock.unlock();
    take_tasks();
    lock.lock();
    if (--inside_ == 0) left_.notify_one();
  }
}

void ThreadPool::take_tasks() {
  try {
    for (int64_t i; (i = next_++) < count_;) (*task_)(i);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    count_ = 0;
  }
}

}  // namespace flashdiff::cpu
