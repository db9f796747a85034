// The exports: binding.d.ts, name by name.
#include <napi.h>

#include "environment.h"
#include "errors.h"
#include "inspect.h"
#include "storage.h"
#include "timer.h"

namespace flashdiff {
namespace {

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void add(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<guarded<function>>(exports.Env(), name));
}

}  // namespace

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* environment = new Environment(env);
  env.SetInstanceData(environment);
  exports.Set("Storage", environment->storages.constructor());
  exports.Set("Timer", environment->timers.constructor());

  add<js_inspect>(exports, "inspect");
  add<js_allocated_bytes>(exports, "allocatedBytes");
  add<js_upload>(exports, "upload");
  add<js_zeros>(exports, "zeros");
  add<js_copy>(exports, "copy");
  add<js_transfer>(exports, "transfer");
  add<js_forward>(exports, "forward");
  add<js_read>(exports, "read");
  add<js_read_sync>(exports, "readSync");
  add<js_release>(exports, "release");
  add<js_start_timer>(exports, "startTimer");
  add<js_stop_timer>(exports, "stopTimer");
  return exports;
}

}  // namespace flashdiff

using flashdiff::init;
NODE_API_MODULE(flashdiff, init)
