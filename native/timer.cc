#include "timer.h"

#include "arguments.h"
#include "environment.h"
#include "errors.h"
#include "tasks.h"

namespace flashdiff {
namespace {

class Start final : public Task {
 public:
  explicit Start(std::shared_ptr<Timer> timer) : timer_(std::move(timer)) {}
  void run() override { timer_->start = timer_->device.engine().fence(); }
  void fail(const FailureRef& cause) noexcept override { timer_->failure = cause; }

 private:
  const std::shared_ptr<Timer> timer_;
};

}  // namespace

Napi::Value js_start_timer(const Napi::CallbackInfo& info) {
  Device& device = as_device(info[0], "device");
  const std::shared_ptr<Timer> timer(new Timer{device, nullptr, nullptr});
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
    std::make_shared<Follow>(
        timer->device, nullptr, 0,
        [timer, reply](const Fence* end) {
          if (timer->failure != nullptr) throw Failed(timer->failure);
          reply->milliseconds = end->milliseconds_since(*timer->start);
        },
        [reply](const FailureRef& cause) { reply->answer(cause); })
        ->submit();
  } catch (...) {
    reply->answer(current_failure());
  }
  return info.Env().Undefined();
}

}  // namespace flashdiff
