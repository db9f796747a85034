#include <future>

#include "arguments.h"
#include "environment.h"
#include "errors.h"
#include "storage.h"
#include "tasks.h"

namespace flashdiff {
namespace {

struct Span {
  MemoryRef src;
  size_t offset;
  Bytes target;

  bool is_host() const { return src->device().is_host(); }
  void copy() const {
    const std::byte* from = src->address() + offset;
    if (target.size > 0) src->device().engine().download(target.data, from, target.size);
  }
};

Span as_span(const Napi::CallbackInfo& info) {
  MemoryRef src = as_storage(info[0], "src");
  const int64_t offset = as_integer(info[1], "byteOffset", 0, kMaxInteger);
  const Bytes target = as_bytes(info[2], "target");
  const size_t size = src->bytes();
  if (static_cast<size_t>(offset) > size || target.size > size - static_cast<size_t>(offset)) {
    throw_out_of_range(info.Env(), "expected bytes inside the storage's " + std::to_string(size) +
                                       " for `target`, got " + std::to_string(target.size) +
                                       " at " + std::to_string(offset));
  }
  return {std::move(src), static_cast<size_t>(offset), target};
}

// Its buffer may shrink while another thread writes.
void refuse_resizable(Napi::Value target) {
  const Napi::Value buffer = target.As<Napi::Object>().Get("buffer");
  if (!buffer.IsObject()) return;
  const Napi::Value resizable = buffer.As<Napi::Object>().Get("resizable");
  if (resizable.IsBoolean() && resizable.As<Napi::Boolean>().Value()) {
    throw_wrong_kind(target, "an array whose buffer is not resizable", "target");
  }
}

}  // namespace

Napi::Value js_read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Function done = as_function(info[3], "done");
  Span span = as_span(info);
  if (span.is_host() && span.src->is_ready() && span.target.size <= kImmediateBytes) {
    span.copy();
    return Napi::Boolean::New(env, true);
  }
  refuse_resizable(info[2]);
  span = as_span(info);  // the check may have run JavaScript

  const ReplyRef reply = Environment::of(env).replies->expect(done, info[2]);
  try {
    std::make_shared<Fetch>(
        span.src, [reply, span] { reply->write([&] { span.copy(); }); },
        [reply](const FailureRef& cause) { reply->answer(cause); })
        ->submit(span.target.size);
  } catch (...) {
    reply->answer(current_failure());
  }
  return Napi::Boolean::New(env, false);
}

Napi::Value js_read_sync(const Napi::CallbackInfo& info) {
  const Span span = as_span(info);
  if (span.is_host()) {
    span.src->await();
    span.copy();
    return info.Env().Undefined();
  }
  const auto outcome = std::make_shared<std::promise<FailureRef>>();
  std::make_shared<Fetch>(
      span.src, [span] { span.copy(); },
      [outcome](const FailureRef& cause) { outcome->set_value(cause); })
      ->submit(span.target.size);
  const FailureRef cause = outcome->get_future().get();
  if (cause != nullptr) throw Failed(cause);
  return info.Env().Undefined();
}

}  // namespace flashdiff
