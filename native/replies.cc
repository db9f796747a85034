#include "replies.h"

#include <utility>

namespace flashdiff {
namespace {

void check(napi_env env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

// What JavaScript is told: null or { code, message }. Empty when the environment refuses.
napi_value to_value(napi_env env, const FailureRef& failure) {
  napi_value result = nullptr;
  if (failure == nullptr) {
    napi_get_null(env, &result);
    return result;
  }
  napi_value code = nullptr;
  napi_value message = nullptr;
  const std::string& text = failure->message;
  const bool made =
      napi_create_object(env, &result) == napi_ok &&
      napi_create_string_utf8(env, failure->code, NAPI_AUTO_LENGTH, &code) == napi_ok &&
      napi_create_string_utf8(env, text.data(), text.size(), &message) == napi_ok &&
      napi_set_named_property(env, result, "code", code) == napi_ok &&
      napi_set_named_property(env, result, "message", message) == napi_ok;
  return made ? result : nullptr;
}

}  // namespace

void Reply::write(const std::function<void()>& write) {
  Replies& replies = *replies_;
  {
    std::lock_guard lock(replies.mutex_);
    if (!replies.open_) return;
    ++replies.writers_;
  }
  struct Leave {
    Replies& replies;
    ~Leave() {
      std::lock_guard lock(replies.mutex_);
      --replies.writers_;
      replies.written_.notify_all();
    }
  } leave{replies};
  write();
}

void Reply::answer(FailureRef failure) {
  const std::shared_ptr<Replies> replies = replies_;
  std::lock_guard lock(replies->mutex_);
  if (!replies->open_) return;
  failure_ = std::move(failure);
  // Under the lock, so that the environment does not end in between.
  napi_call_threadsafe_function(replies->line_, this, napi_tsfn_nonblocking);
}

std::shared_ptr<Replies> Replies::open(Napi::Env env) {
  std::shared_ptr<Replies> replies(new Replies(env));
  auto* holder = new std::shared_ptr<Replies>(replies);
  const auto drop = [](napi_env, void* data, void*) {
    delete static_cast<std::shared_ptr<Replies>*>(data);
  };
  const napi_status created =
      napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "flashdiff"), 0,
                                      1, holder, drop, replies.get(), call, &replies->line_);
  if (created != napi_ok) delete holder;
  check(env, created);
  check(env, napi_unref_threadsafe_function(env, replies->line_));
  // Hooks run last in, first out: this one comes before the line's own.
  check(env, napi_add_env_cleanup_hook(env, end, replies.get()));
  return replies;
}

void Replies::end(void* self) {
  const std::shared_ptr<Replies> replies = static_cast<Replies*>(self)->shared_from_this();
  {
    std::unique_lock lock(replies->mutex_);
    replies->open_ = false;
    replies->written_.wait(lock, [&] { return replies->writers_ == 0; });
  }
  while (!replies->outstanding_.empty()) replies->remove(*replies->outstanding_.front());
  napi_release_threadsafe_function(replies->line_, napi_tsfn_release);
}

ReplyRef Replies::expect(Napi::Function function, Napi::Value buffer) {
  const auto reply = std::make_shared<Reply>();
  reply->replies_ = shared_from_this();
  check(env_, napi_create_reference(env_, function, 1, &reply->function_));
  if (!buffer.IsEmpty()) {
    const napi_status status = napi_create_reference(env_, buffer, 1, &reply->buffer_);
    if (status != napi_ok) napi_delete_reference(env_, reply->function_);
    check(env_, status);
  }
  if (outstanding_.empty()) napi_ref_threadsafe_function(env_, line_);
  reply->place_ = outstanding_.insert(outstanding_.end(), reply);
  return reply;
}

void Replies::remove(const Reply& reply) {
  napi_delete_reference(env_, reply.function_);
  if (reply.buffer_ != nullptr) napi_delete_reference(env_, reply.buffer_);
  outstanding_.erase(reply.place_);  // and maybe the reply itself
  if (outstanding_.empty()) napi_unref_threadsafe_function(env_, line_);
}

// Every step may be refused: the environment may be ending under our feet. An exception of the
// function is left pending: Node makes it an uncaught one.
void Replies::call(napi_env env, napi_value, void* self, void* data) {
  if (env == nullptr) return;  // end() has come and gone, and `self` and `data` with it
  const std::shared_ptr<Replies> replies = static_cast<Replies*>(self)->shared_from_this();
  const Reply& reply = *static_cast<Reply*>(data);
  napi_value function = nullptr;
  napi_value receiver = nullptr;
  napi_value args[2] = {to_value(env, reply.failure_), nullptr};
  napi_get_reference_value(env, reply.function_, &function);
  napi_get_undefined(env, &receiver);
  napi_create_double(env, reply.milliseconds, &args[1]);
  replies->remove(reply);
  if (function == nullptr || args[0] == nullptr || args[1] == nullptr) return;
  napi_call_function(env, receiver, function, 2, args, nullptr);
}

}  // namespace flashdiff
