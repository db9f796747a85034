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
// Longer than most gaps between two calls of a busy queue, shorter than anybody notices. To wake a
// sleeper takes about as long.
constexpr std::chrono::microseconds kSpin{100};

uint64_t offer_of(uint32_t call, int seats) {
  return uint64_t{call} << 32 | static_cast<uint32_t>(seats);
}
uint32_t call_of(uint64_t offer) { return static_cast<uint32_t>(offer >> 32); }
int seats_of(uint64_t offer) { return static_cast<int>(offer & 0xffffffff); }

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

template <class Condition>
bool spin_until(const Condition& condition) {
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

template <class Condition>
void Waiters::await(const Condition& condition) {
  if (spin_until(condition)) return;
  std::unique_lock lock(mutex_);
  ++asleep_;  // then looks at the condition: who makes it true looks for sleepers after that
  wake_.wait(lock, condition);
  --asleep_;
}

void Waiters::wake(int most) {
  const int asleep = asleep_;
  if (asleep == 0) return;
  { const std::lock_guard lock(mutex_); }  // nobody is between looking and sleeping
  if (most < asleep) {
    for (int i = 0; i < most; ++i) wake_.notify_one();
  } else {
    wake_.notify_all();
  }
}

void ThreadPool::run(int64_t count, int threads, const Task& task) {
  const int wanted = static_cast<int>(std::min<int64_t>(std::min(threads, threads_), count)) - 1;
  if (wanted <= 0) {
    for (int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  const std::lock_guard turn(turn_);
  start_workers(wanted);
  const int seats = std::min(wanted, started_);
  task_ = &task;
  next_ = 0;
  count_ = count;
  left_ = 0;
  const uint32_t call = call_of(offer_) + 1;
  offer_ = offer_of(call, seats);
  workers_.wake(seats);
  take_tasks();

  const int taken = seats - seats_of(offer_.exchange(offer_of(call, 0)));
  caller_.await([&] { return left_ == taken; });
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
    workers_.await([&] { return call_of(offer_) != seen; });
    if (!take_seat(seen)) continue;
    take_tasks();
    ++left_;
    caller_.wake(1);
  }
}

// Of the newest call, which is seen then.
bool ThreadPool::take_seat(uint32_t& seen) {
  uint64_t offer = offer_;
  do {
    seen = call_of(offer);
    if (seats_of(offer) == 0) return false;
  } while (!offer_.compare_exchange_weak(offer, offer - 1));
  return true;
}

void ThreadPool::take_tasks() {
  try {
    for (int64_t i; (i = next_++) < count_;) (*task_)(i);
  } catch (...) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = std::current_exception();
    count_ = 0;
  }
}

}  // namespace flashdiff::cpu
