// Answers from device threads to the JavaScript thread of one environment.
//
// An environment (the main thread or a worker) may end at any moment, queued work or not. From then
// on nothing touches its values or its buffers: ending waits for a write that is under way, later
// ones are refused, and answers are dropped.
#pragma once

#include <napi.h>

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "failure.h"

namespace flashdiff {

class Replies;

// One pending call of a JavaScript function.
class Reply {
 public:
  // Any thread. Runs `write`, which fills the caller's buffer, unless the environment has ended.
  void write(const std::function<void()>& write);
  // Any thread, once.
  void answer(FailureRef failure);

  // Set before the answer, where there is something to tell.
  double milliseconds = 0;

 private:
  friend class Replies;
  std::shared_ptr<Replies> replies_;
  std::list<std::shared_ptr<Reply>>::iterator place_;  // among the outstanding
  napi_ref function_ = nullptr;
  napi_ref buffer_ = nullptr;
  FailureRef failure_;
};

using ReplyRef = std::shared_ptr<Reply>;

class Replies : public std::enable_shared_from_this<Replies> {
 public:
  // Ends with the environment by itself. Throws Napi::Error.
  static std::shared_ptr<Replies> open(Napi::Env env);

  // Calls function(failure, milliseconds) later, on this thread. Until then the event loop keeps
  // running and `buffer`, unless empty, stays alive.
  ReplyRef expect(Napi::Function function, Napi::Value buffer);

 private:
  friend class Reply;
  explicit Replies(napi_env env) : env_(env) {}
  static void end(void* self);
  static void call(napi_env env, napi_value, void* self, void* reply);
  void remove(const Reply& reply);

  const napi_env env_;
  napi_threadsafe_function line_ = nullptr;
  std::list<ReplyRef> outstanding_;  // touched by the JavaScript thread alone

  std::mutex mutex_;
  std::condition_variable written_;
  bool open_ = true;  // guarded by mutex_, like the next
  int writers_ = 0;
};

}  // namespace flashdiff
