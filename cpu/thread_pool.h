// The process's own threads for arithmetic; never libuv's.
//
// run() hands out tasks 0..count-1 in order, one at a time, to the calling thread and to at most
// `threads - 1` sleeping workers. Calls from several threads take turns. The first exception of a
// task stops the hand-out and leaves run().
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>

namespace flashdiff::cpu {

// FLASHDIFF_NUM_THREADS, else the cores this process may run on. Throws Error{kUnsupported} when
// the variable holds no number of threads.
int thread_count();

// Threads that wait for something another thread does: awake at first, then asleep.
class Waiters {
 public:
  // `condition` reads atomics alone.
  template <class Condition>
  void await(const Condition& condition);
  // To be called after the condition has become true. Wakes at most so many sleepers.
  void wake(int most);

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<int> asleep_{0};
};

class ThreadPool {
 public:
  using Task = std::function<void(int64_t)>;

  explicit ThreadPool(int threads) : threads_(threads) {}
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }
  void run(int64_t count, int threads, const Task& task);

 private:
  void start_workers(int workers);
  void work();
  bool take_seat(uint32_t& seen);
  void take_tasks();

  const int threads_;
  int started_ = 0;  // guarded by turn_
  std::mutex turn_;  // held by the thread inside run()

  // The call. Set while no worker has a seat, but for what is atomic.
  const Task* task_ = nullptr;
  std::atomic<int64_t> next_{0};
  std::atomic<int64_t> count_{0};
  std::mutex failure_mutex_;
  std::exception_ptr failure_;

  // The call's number in the upper half, in the lower one the seats that workers may still take.
  // One word, so that no worker takes a seat of a call that is over.
  std::atomic<uint64_t> offer_{0};
  std::atomic<int> left_{0};  // workers that had a seat and are done
  Waiters workers_;           // for an offer they have not seen
  Waiters caller_;            // for all that took a seat to leave
};

}  // namespace flashdiff::cpu
