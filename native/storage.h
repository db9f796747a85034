// The functions of binding.d.ts that make storages, read them and let them go.
#pragma once

#include <napi.h>

namespace flashdiff {

Napi::Value js_allocated_bytes(const Napi::CallbackInfo& info);
Napi::Value js_upload(const Napi::CallbackInfo& info);
Napi::Value js_zeros(const Napi::CallbackInfo& info);
Napi::Value js_copy(const Napi::CallbackInfo& info);
Napi::Value js_transfer(const Napi::CallbackInfo& info);
Napi::Value js_forward(const Napi::CallbackInfo& info);
Napi::Value js_read(const Napi::CallbackInfo& info);
Napi::Value js_read_sync(const Napi::CallbackInfo& info);
Napi::Value js_release(const Napi::CallbackInfo& info);

}  // namespace flashdiff
