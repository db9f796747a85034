#include "timer.h"

#include "arguments.h"
#include "environment.h"
#include "errors.h"
#include "queue.h"

namespace flashdiff {
namespace {

class Start final : public Task {
 public:
  explicit Start(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}
  void run() override {
    timer_->work_failure = timer_->device.watch();
    timer_->start = timer_->device.engine().fence();
  }
  void fail(const FailureRef& cause) noexcept override { timer_->failure = cause; }

 private:
  const std::shared_ptr<Timer> timer_;
};

// Runs on the queue, and once more on the completion thread where the device has work to do still.
class Stop final : public Task {
 public:
  Stop(std::shared_ptr<Timer> timer, ReplyRef reply)
      : timer_(std::move(timer)), reply_(std::move(reply)) {}

  void run() override {
    if (timer_->failure != nullptr) throw Failed(timer_->failure);
    if (end_ == nullptr) {
      if (*timer_->work_failure != nullptr) throw Failed(*timer_->work_failure);
      end_ = timer_->device.engine().fence();
      if (!timer_->device.is_host()) {
        return timer_->device.completion().submit(shared_from_this());
      }
    }
    end_->wait();
    reply_->milliseconds = end_->milliseconds_since(*timer_->start);
    reply_->answer(nullptr);
  }
  void fail(const FailureRef& cause) noexcept override { reply_->answer(cause); }

 private:
  const std::shared_ptr<Timer> timer_;
  const ReplyRef reply_;
  std::unique_ptr<Fence> end_;
};

}  // namespace

Napi::Value js_start_timer(const Napi::CallbackInfo& info) {
  Device& device = as_device(info[0], "device");
  const std::shared_ptr<Timer> timer(new Timer{device, nullptr, nullptr, nullptr});
  device.submit(std::make_shared<Start>(timer), true);
  return Environment::of(info.Env()).timers.make(timer, 0);
}

Napi::Value js_stop_timer(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const Handle<Timer>* handle = environment.timers.find(info[0]);
  if (handle == nullptr) throw_wrong_kind(info[0], "a Timer", "timer");
  const std::shared_ptr<Timer> timer = handle->object;
  const ReplyRef reply = environment.replies->expect(as_function(info[1], "done"), Napi::Value());
  try {
    timer->device.submit(std::make_shared<Stop>(timer, reply), true);
  } catch (...) {
    reply->answer(current_failure());
  }
  return info.Env().Undefined();
}

}  // namespace flashdiff
