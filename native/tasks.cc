#include "tasks.h"

#include <utility>

#include "fill.h"

namespace flashdiff {

Produce::Produce(std::vector<MemoryRef> inputs, std::vector<MemoryRef> outputs, Write write)
    : inputs_(std::move(inputs)), outputs_(std::move(outputs)), write_(std::move(write)) {}

void Produce::run() {
  for (const MemoryRef& input : inputs_) input->await();
  Device& device = outputs_.front()->device();
  for (const MemoryRef& output : outputs_) {
    output->allocate();
    poison(device.engine(), output->data(), output->bytes());
  }
  write_(device.engine());
  // A fence for each, so that reading a result never waits for work that was queued after it.
  std::shared_ptr<Fence> written;
  if (!device.is_host()) written = device.engine().fence();
  // First, so that whoever has seen the result also sees that its inputs are no longer held.
  drop_inputs();
  for (MemoryRef& output : outputs_) Memory::complete(std::move(output), written);
}

void Produce::fail(const FailureRef& cause) noexcept {
  outputs_.front()->device().note_failure(cause);
  drop_inputs();
  for (MemoryRef& output : outputs_) Memory::fail(std::move(output), cause);
}

void Produce::drop_inputs() {
  write_ = nullptr;
  inputs_.clear();
}

Fetch::Fetch(MemoryRef source, Work work, Done done)
    : source_(std::move(source)), work_(std::move(work)), done_(std::move(done)) {}

void Fetch::submit(size_t bytes) {
  Device& device = source_->device();
  const bool is_quick = device.is_host() && bytes <= kImmediateBytes;
  const auto self = std::static_pointer_cast<Fetch>(shared_from_this());
  source_->then([self, &device, is_quick] {
    if (is_quick) return execute(*self);
    try {
      device.completion().submit(self);
    } catch (...) {
      self->fail(current_failure());
    }
  });
}

void Fetch::run() {
  source_->await_bytes();
  work_();
  finish(nullptr);
}

void Fetch::fail(const FailureRef& cause) noexcept { finish(cause); }

void Fetch::finish(const FailureRef& cause) noexcept {
  work_ = nullptr;
  source_.reset();
  done_(cause);
}

}  // namespace flashdiff
