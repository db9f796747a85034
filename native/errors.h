// Exceptions on their way to JavaScript.
#pragma once

#include <napi.h>

#include <string>

#include "failure.h"

namespace flashdiff {

// For the wrong kind of value: TypeError, ERR_INVALID_ARG_TYPE.
[[noreturn]] void throw_wrong_kind(Napi::Value got, const char* expected, const char* name);
// For the right kind out of bounds: RangeError, ERR_OUT_OF_RANGE.
[[noreturn]] void throw_out_of_range(Napi::Env env, const std::string& message);
[[noreturn]] void throw_error(Napi::Env env, const Failure& failure);

// Turns whatever `function` throws into an exception of JavaScript.
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    return function(info);
  } catch (const Napi::Error&) {
    throw;
  } catch (...) {
    throw_error(info.Env(), *current_failure());
  }
}

}  // namespace flashdiff
