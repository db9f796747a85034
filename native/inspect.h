#pragma once

#include <napi.h>

namespace flashdiff {

Napi::Value js_inspect(const Napi::CallbackInfo& info);

}  // namespace flashdiff
