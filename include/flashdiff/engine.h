// One device: its memory and its arithmetic. The contract between native/ and cpu/, cuda/.
//
// An engine is asynchronous in its own way: the CPU's has done the work when a call returns, CUDA's
// has put it on its stream. Either way calls take effect in the order they were made, and a fence
// says when everything before it is done.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "flashdiff/params.h"

namespace flashdiff {

// A point in an engine's order of work. Any thread may wait for it, read it and destroy it.
class Fence {
 public:
  virtual ~Fence() = default;
  // Blocks until all work before the fence is done. Throws Error{kDevice} when that work failed.
  virtual void wait() = 0;
  // Device time between two passed fences of one engine.
  virtual double milliseconds_since(const Fence& earlier) const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;

  // --- from any thread, without effect ---

  // Throws Error{kUnsupported} when this device has no kernel for the problem. Reads no operand:
  // addresses may be stand-ins, right only in their alignment (to 64 bytes), nullness and equality.
  virtual void check(const ForwardParams& params) const = 0;
  // True when the work is so small that handing it to another thread would cost more.
  virtual bool is_immediate(const ForwardParams& params) const = 0;
  // True when allocate() gives memory that the host may read and write directly.
  virtual bool is_host() const = 0;

  // --- from one thread at a time, in order; a host's allocate and release from any thread ---

  // Never null, also for 0 bytes; aligned to 64 bytes. Throws Error{kOutOfMemory}.
  virtual void* allocate(size_t bytes) = 0;
  // `bytes`: as many as were asked for.
  virtual void release(void* data, size_t bytes) noexcept = 0;
  // `host` may be reused when the call returns.
  virtual void upload(void* dst, const void* host, size_t bytes) = 0;
  virtual void forward(const ForwardParams& params) = 0;
  virtual void copy(const CopyParams& params) = 0;
  virtual std::unique_ptr<Fence> fence() = 0;

  // --- from one other thread at a time, after a fence behind the writer of `src` has passed; a
  // host's from any ---

  // The bytes are in `host` when the call returns.
  virtual void download(void* host, const void* src, size_t bytes) = 0;
};

struct CpuInfo {
  std::string isa;  // instruction set in use: "avx512-bf16", "avx512", "avx2", "baseline"
  std::vector<std::string> isas;  // those that this machine can run, fastest first
  int threads = 0;
};

struct CudaDeviceInfo {
  std::string name;
  int major = 0;  // compute capability
  int minor = 0;
  int multiprocessors = 0;
  size_t memory = 0;  // bytes
  std::vector<std::string>
      kernels;  // forward kernels this device runs, preferred first; may be none
};

struct CudaInfo {
  bool available = false;
  std::string reason;       // why not available; empty when it is
  int driver_version = 0;   // as CUDA counts: 13000 is 13.0; 0: no driver
  int runtime_version = 0;  // 0: built without CUDA
  std::vector<CudaDeviceInfo> devices;
};

namespace cpu {
CpuInfo info();
// One engine a process: it owns the pool of threads.
std::unique_ptr<Engine> make_engine();
// Float conversion on the calling thread, contiguous, nearest even; for copies into a tensor.
void convert(DType src_dtype, const void* src, DType dst_dtype, void* dst, int64_t count);
}  // namespace cpu

namespace cuda {
// Looks for the driver and its devices; touches none of them.
CudaInfo info();
// Throws Error{kCudaUnavailable}. Binds no context before the first call in order.
std::unique_ptr<Engine> make_engine(int ordinal);
}  // namespace cuda

}  // namespace flashdiff
