// The CUDA engine: one device, one stream, stream-ordered memory.
#include "flashdiff/engine.h"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "copy.h"
#include "device.h"
#include "error.h"
#include "event.h"
#include "select.h"
#include "staging.h"
#include "target.h"

namespace flashdiff::cuda {
namespace {

class EventFence final : public Fence {
 public:
  explicit EventFence(cudaStream_t stream) { event_.record(stream); }

  void wait() override { event_.wait(); }
  double milliseconds_since(const Fence& earlier) const override {
    return event_.milliseconds_since(static_cast<const EventFence&>(earlier).event_);
  }

 private:
  Event event_;
};

class CudaEngine final : public Engine {
 public:
  explicit CudaEngine(int ordinal) : device_(describe_device(ordinal)) {}

  ~CudaEngine() override {
    if (stream_ == nullptr) return;
    workspace_.reset();
    cudaStreamSynchronize(stream_);
    cudaStreamDestroy(stream_);
    if (download_stream_ != nullptr) cudaStreamDestroy(download_stream_);
  }

  void check(const ForwardParams& params) const override { check_forward(params, device_); }
  bool is_immediate(const ForwardParams&) const override { return false; }
  bool is_host() const override { return false; }

  void* allocate(size_t bytes) override {
    void* data = nullptr;
    in_order([&] {
      const cudaError_t status = cudaMallocAsync(&data, bytes == 0 ? 1 : bytes, stream_);
      if (status == cudaErrorMemoryAllocation) refuse(bytes);
      expect_success(status, "cudaMallocAsync");
    });
    return data;
  }

  void release(void* data, size_t /*bytes*/) noexcept override {
    cudaSetDevice(device_.ordinal);
    if (cudaFreeAsync(data, stream_) != cudaSuccess) cudaGetLastError();
  }

  void upload(void* dst, const void* host, size_t bytes) override {
    in_order([&] { uploads_.upload(dst, host, bytes, stream_); });
  }

  void forward(const ForwardParams& params) override {
    in_order([&] { cuda::forward(params, {device_, stream_, *workspace_}); });
  }

  void copy(const CopyParams& params) override {
    in_order([&] { cuda::copy(params, stream_); });
  }

  std::unique_ptr<Fence> fence() override {
    std::unique_ptr<Fence> fence;
    in_order([&] { fence = std::make_unique<EventFence>(stream_); });
    return fence;
  }

  void download(void* host, const void* src, size_t bytes) override {
    expect_success(cudaSetDevice(device_.ordinal), "cudaSetDevice");
    if (download_stream_ == nullptr) {
      expect_success(cudaStreamCreateWithFlags(&download_stream_, cudaStreamNonBlocking),
                     "cudaStreamCreateWithFlags");
    }
    downloads_.download(host, src, bytes, download_stream_);
  }

 private:
  // Runs a step; when the device has no room for it (a kernel's code needs some too), once more
  // without what the pool keeps.
  template <typename Step>
  void in_order(Step step) {
    bind();
    try {
      step();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kOutOfMemory) throw;
      expect_success(cudaStreamSynchronize(stream_), "cudaStreamSynchronize");
      expect_success(cudaMemPoolTrimTo(pool_, 0), "cudaMemPoolTrimTo");
      step();
    }
  }

  void bind() {
    expect_success(cudaSetDevice(device_.ordinal), "cudaSetDevice");
    if (stream_ != nullptr) return;
    expect_success(cudaDeviceGetDefaultMemPool(&pool_, device_.ordinal),
                   "cudaDeviceGetDefaultMemPool");
    uint64_t keep_all = UINT64_MAX;
    expect_success(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep_all),
                   "cudaMemPoolSetAttribute");
    expect_success(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking),
                   "cudaStreamCreateWithFlags");
    workspace_.emplace(stream_);
  }

  [[noreturn]] void refuse(size_t bytes) const {
    cudaGetLastError();
    size_t free = 0;
    size_t total = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess) cudaGetLastError();
    throw Error(ErrorCode::kOutOfMemory,
                "expected " + std::to_string(bytes) + " bytes of memory on " + device_.name() +
                    ", got " + std::to_string(free) + " free of " + std::to_string(total));
  }

  const Device device_;
  cudaStream_t stream_ = nullptr;
  cudaMemPool_t pool_ = nullptr;
  std::optional<Workspace> workspace_;
  Staging uploads_;

  // Of the thread that downloads.
  cudaStream_t download_stream_ = nullptr;
  Staging downloads_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(int ordinal) {
  int count = 0;
  const std::string reason = find_devices(count);
  if (!reason.empty()) throw Error(ErrorCode::kCudaUnavailable, reason);
  if (ordinal < 0 || ordinal >= count) {
    throw Error(ErrorCode::kCudaUnavailable,
                "expected a CUDA device below cuda:" + std::to_string(count) +
                    ", got cuda:" + std::to_string(ordinal));
  }
  return std::make_unique<CudaEngine>(ordinal);
}

}  // namespace flashdiff::cuda
