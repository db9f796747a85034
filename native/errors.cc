#include "errors.h"

namespace flashdiff {
namespace {

std::string describe(Napi::Value value) {
  switch (value.Type()) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return value.As<Napi::Boolean>().Value() ? "true" : "false";
    case napi_number: return value.ToString().Utf8Value();
    case napi_string: {
      const std::string text = value.As<Napi::String>().Utf8Value();
      const char* end = text.size() > 40 ? "...'" : "'";
      return std::string("'") + text.substr(0, 40) + end;
    }
    case napi_symbol: return "a symbol";
    case napi_function: return "a function";
    case napi_bigint: return "a bigint";
    default: return value.IsArray() ? "an array" : "an object";
  }
}

template <class E>
[[noreturn]] void throw_with_code(Napi::Env env, const char* code, const std::string& message) {
  E error = E::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  throw error;
}

}  // namespace

void throw_wrong_kind(Napi::Value got, const char* expected, const char* name) {
  throw_with_code<Napi::TypeError>(
      got.Env(), "ERR_INVALID_ARG_TYPE",
      std::string("expected ") + expected + " for `" + name + "`, got " + describe(got));
}

void throw_out_of_range(Napi::Env env, const std::string& message) {
  throw_with_code<Napi::RangeError>(env, "ERR_OUT_OF_RANGE", message);
}

void throw_error(Napi::Env env, const Failure& failure) {
  throw_with_code<Napi::Error>(env, failure.code, failure.message);
}

}  // namespace flashdiff
