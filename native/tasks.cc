#include "tasks.h"

#include <utility>

namespace flashdiff {

Produce::Produce(std::vector<MemoryRef> inputs, std::vector<MemoryRef> outputs, Write write)
    : inputs_(std::move(inputs)), outputs_(std::move(outputs)), write_(std::move(write)) {}

void Produce::run() {
  for (const MemoryRef& input : inputs_) input->await();
  for (const MemoryRef& output : outputs_) output->allocate();
  write_(outputs_.front()->device().engine());
  // First, so that whoever has seen the result also sees that its inputs are no longer held.
  drop_inputs();
  for (const MemoryRef& output : outputs_) output->complete();
}

void Produce::fail(const FailureRef& cause) noexcept {
  drop_inputs();
  for (const MemoryRef& output : outputs_) output->fail(cause);
}

void Produce::drop_inputs() {
  write_ = nullptr;
  inputs_.clear();
}

Follow::Follow(Device& device, MemoryRef source, size_t bytes, Work work, Done done)
    : device_(device),
      source_(std::move(source)),
      is_quick_(device.is_host() && bytes <= kImmediateBytes),
      work_(std::move(work)),
      done_(std::move(done)) {}

void Follow::submit() {
  const bool is_there = source_ != nullptr && source_->is_settled();
  if (device_.is_host() && is_there) {
    passed_queue_ = true;
    return device_.completion().submit(shared_from_this());
  }
  device_.submit(shared_from_this(), is_quick_ && source_ == nullptr);
}

void Follow::run() {
  if (source_ != nullptr) source_->await();
  if (!passed_queue_) {
    fence_ = device_.engine().fence();
    passed_queue_ = true;
    if (!is_quick_) return device_.completion().submit(shared_from_this());
  }
  if (fence_ != nullptr) fence_->wait();
  work_(fence_.get());
  finish(nullptr);
}

void Follow::fail(const FailureRef& cause) noexcept { finish(cause); }

void Follow::finish(const FailureRef& cause) noexcept {
  work_ = nullptr;
  source_.reset();
  done_(cause);
}

}  // namespace flashdiff
