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
  void take_tasks();

  const int threads_;
  int started_ = 0;  // guarded by turn_
  std::mutex turn_;  // held by the thread inside run()

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable left_;
  const Task* task_ = nullptr;  // guarded by mutex_, like the next two
  int seats_ = 0;               // workers that may still join
  std::exception_ptr failure_;
  std::atomic<int64_t> next_{0};
  std::atomic<int64_t> count_{0};
  std::atomic<int> inside_{0};      // workers that joined; written under mutex_
  std::atomic<uint32_t> calls_{0};  // grows with each run(): what an idle worker watches
};

}  // namespace flashdiff::cpu
