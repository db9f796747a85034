#include "flashdiff/engine.h"

#include <chrono>
#include <cstring>
#include <new>

#include "flashdiff/error.h"
#include "forward.h"
#include "gather.h"
#include "kernels.h"
#include "memory.h"
#include "plan.h"
#include "thread_pool.h"

namespace flashdiff::cpu {
namespace {

// About 10 microseconds of one thread.
constexpr double kImmediateCost = 1e6;

// The pool outlives every engine: its threads are never joined.
ThreadPool& pool() {
  static ThreadPool* const pool = new ThreadPool(thread_count());
  return *pool;
}

class TimeFence final : public Fence {
 public:
  void wait() override {}
  double milliseconds_since(const Fence& earlier) const override {
    const auto passed = time_ - static_cast<const TimeFence&>(earlier).time_;
    return std::chrono::duration<double, std::milli>(passed).count();
  }

 private:
  const std::chrono::steady_clock::time_point time_ = std::chrono::steady_clock::now();
};

[[noreturn]] void throw_out_of_memory(const std::string& what) {
  throw Error(ErrorCode::kOutOfMemory, "the CPU has no memory left for " + what);
}

class CpuEngine final : public Engine {
 public:
  void check(const ForwardParams&) const override {}
  bool is_immediate(const ForwardParams& params) const override {
    return cost(params) <= kImmediateCost;
  }
  bool is_host() const override { return true; }

  void* allocate(size_t bytes) override {
    void* data = memory_.allocate(bytes);
    if (data == nullptr) throw_out_of_memory(std::to_string(bytes) + " bytes");
    return data;
  }
  void release(void* data, size_t bytes) noexcept override { memory_.release(data, bytes); }

  void upload(void* dst, const void* host, size_t bytes) override { copy_bytes(dst, host, bytes); }
  void download(void* host, const void* src, size_t bytes) override {
    copy_bytes(host, src, bytes);
  }

  void forward(const ForwardParams& params) override {
    try {
      cpu::forward(params, pool());
    } catch (const std::bad_alloc&) {
      throw_out_of_memory("the tiles of a forward pass");
    }
  }
  void copy(const CopyParams& params) override { gather(params, pool()); }
  std::unique_ptr<Fence> fence() override { return std::make_unique<TimeFence>(); }

 private:
  static void copy_bytes(void* to, const void* from, size_t bytes) {
    if (bytes > 0) std::memcpy(to, from, bytes);
  }

  RecyclingMemory memory_;
};

}  // namespace

CpuInfo info() {
  return {.isa = kernels().isa, .isas = runnable_isas(), .threads = pool().threads()};
}

std::unique_ptr<Engine> make_engine() {
  kernels();
  pool();
  return std::make_unique<CpuEngine>();
}

}  // namespace flashdiff::cpu
