#include "device.h"

#include <map>
#include <mutex>
#include <utility>

namespace flashdiff {
namespace {

class Release final : public Task {
 public:
  Release(Engine& engine, void* data) : engine_(engine), data_(data) {}
  void run() override { engine_.release(data_); }
  void fail(const FailureRef&) noexcept override {}

 private:
  Engine& engine_;
  void* const data_;
};

}  // namespace

Device::Device(int index, std::unique_ptr<Engine> engine)
    : index_(index), engine_(std::move(engine)), is_host_(engine_->is_host()) {}

Device& Device::at(int index) {
  if (index == kCpu) {
    static Device& cpu = *new Device(kCpu, cpu::make_engine());
    return cpu;
  }
  static std::mutex& mutex = *new std::mutex;
  static auto& devices = *new std::map<int, Device*>;
  std::lock_guard lock(mutex);
  auto found = devices.find(index);
  if (found == devices.end()) {
    std::unique_ptr<Device> made(new Device(index, cuda::make_engine(index)));
    found = devices.emplace(index, made.get()).first;
    made.release();
  }
  return *found->second;
}

void Device::submit(TaskRef task, bool immediate) {
  if (immediate && is_host_ && queue_.run_if_idle(*task)) return;
  queue_.submit(std::move(task));
}

void Device::release(void* data) noexcept {
  if (is_host_) return engine_->release(data);
  // Nothing that waits uses it any more, and what waits may need the room.
  try {
    queue_.submit_first(std::make_shared<Release>(*engine_, data));
  } catch (...) {
    // Without host memory for one task, the block stays with the device until the process ends.
  }
}

std::shared_ptr<const FailureRef> Device::watch() {
  std::shared_ptr<FailureRef> watched = watched_.lock();
  if (watched == nullptr) watched_ = watched = std::make_shared<FailureRef>();
  return watched;
}

void Device::note_failure(const FailureRef& cause) noexcept {
  if (const std::shared_ptr<FailureRef> watched = watched_.lock()) *watched = cause;
  watched_.reset();
}

}  // namespace flashdiff
