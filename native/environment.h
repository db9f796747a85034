// What the addon keeps for one environment: the main thread, a worker, or one more loading of the
// addon into either.
#pragma once

#include <napi.h>

#include <memory>

#include "handle.h"
#include "memory.h"
#include "replies.h"
#include "timer.h"

namespace flashdiff {

struct Environment {
  explicit Environment(Napi::Env env);
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  // A Storage object.
  Napi::Value wrap(MemoryRef memory);

  HandleClass<Memory> storages;
  HandleClass<Timer> timers;
  std::shared_ptr<Replies> replies;
};

}  // namespace flashdiff
