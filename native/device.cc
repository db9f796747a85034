#include "device.h"

#include <map>
#include <mutex>
#include <utility>

namespace flashdiff {
namespace {

class Release final : public Task {
 public:
  Release(Engine& engine, void* data, size_t bytes) : engine_(engine), data_(data), bytes_(bytes) {}
  void run() override { engine_.release(data_, bytes_); }
  void fail(const FailureRef&) noexcept override {}

 private:
  Engine& engine_;
  void* const data_;
  const size_t bytes_;
};

// Devices by their index; never destroyed.
struct Registry {
  std::mutex mutex;
  std::map<int, Device*> devices;

  static Registry& get() {
    static Registry& registry = *new Registry;
    return registry;
  }
};

}  // namespace

Device::Device(int index, std::unique_ptr<Engine> engine)
    : index_(index), engine_(std::move(engine)), is_host_(engine_->is_host()) {}

Device& Device::at(int index) {
  Registry& registry = Registry::get();
  std::lock_guard lock(registry.mutex);
  auto found = registry.devices.find(index);
  if (found == registry.devices.end()) {
    auto engine = index == kCpu ? cpu::make_engine() : cuda::make_engine(index);
    std::unique_ptr<Device> made(new Device(index, std::move(engine)));
    found = registry.devices.emplace(index, made.get()).first;
    made.release();
  }
  return *found->second;
}

const Device* Device::find(int index) {
  Registry& registry = Registry::get();
  std::lock_guard lock(registry.mutex);
  const auto found = registry.devices.find(index);
  return found == registry.devices.end() ? nullptr : found->second;
}

void Device::submit(TaskRef task, bool immediate) {
  if (immediate && is_host_ && queue_.run_if_idle(*task)) return;
  queue_.submit(std::move(task));
}

void Device::release(void* data, size_t bytes) noexcept {
  if (is_host_) return engine_->release(data, bytes);
  // Nothing that waits uses it any more, and what waits may need the room.
  try {
    queue_.submit_first(std::make_shared<Release>(*engine_, data, bytes));
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
