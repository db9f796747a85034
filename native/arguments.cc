#include "arguments.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

#include "environment.h"
#include "errors.h"

namespace flashdiff {
namespace {

std::string text_of(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", number);
  return text;
}

size_t element_size(napi_typedarray_type type) {
  constexpr int kFloat16Array = 11;  // newer than the Node-API version that the addon asks for
  switch (static_cast<int>(type)) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array: return 1;
    case napi_int16_array:
    case napi_uint16_array:
    case kFloat16Array: return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array: return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array: return 8;
    default: return 0;
  }
}

}  // namespace

int64_t to_integer(Napi::Env env, double number, const char* name, int64_t min, int64_t max) {
  const bool fits = number >= static_cast<double>(min) && number <= static_cast<double>(max);
  if (!fits || number != std::trunc(number)) {
    throw_out_of_range(env, "expected an integer from " + std::to_string(min) + " to " +
                                std::to_string(max) + " for `" + name + "`, got " +
                                text_of(number));
  }
  return static_cast<int64_t>(number);
}

float to_float(Napi::Env env, double number, const char* name) {
  const auto result = static_cast<float>(number);
  if (!std::isfinite(result)) {
    throw_out_of_range(
        env, std::string("expected a finite float32 for `") + name + "`, got " + text_of(number));
  }
  return result;
}

int64_t as_integer(Napi::Value value, const char* name, int64_t min, int64_t max) {
  double number = 0;
  if (napi_get_value_double(value.Env(), value, &number) != napi_ok) {
    throw_wrong_kind(value, "an integer", name);
  }
  return to_integer(value.Env(), number, name, min, max);
}

bool as_boolean(Napi::Value value, const char* name) {
  bool result = false;
  if (napi_get_value_bool(value.Env(), value, &result) != napi_ok) {
    throw_wrong_kind(value, "a boolean", name);
  }
  return result;
}

DType as_dtype(Napi::Value value, const char* name) {
  char text[16];
  size_t length = 0;
  if (napi_get_value_string_utf8(value.Env(), value, text, sizeof text, &length) != napi_ok) {
    throw_wrong_kind(value, "a dtype", name);
  }
  const std::string_view word(text, length);
  for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
    if (word == name_of(dtype)) return dtype;
  }
  throw_out_of_range(value.Env(), std::string("expected 'float32', 'float16' or 'bfloat16' for `") +
                                      name + "`, got '" + text + "'");
}

int as_device_index(Napi::Value value, const char* name) {
  constexpr int64_t kMaxDevice = std::numeric_limits<int32_t>::max();
  return static_cast<int>(as_integer(value, name, Device::kCpu, kMaxDevice));
}

Device& as_device(Napi::Value value, const char* name) {
  return Device::at(as_device_index(value, name));
}

Napi::Function as_function(Napi::Value value, const char* name) {
  if (!value.IsFunction()) throw_wrong_kind(value, "a function", name);
  return value.As<Napi::Function>();
}

MemoryRef as_storage(Napi::Value value, const char* name) {
  const Handle<Memory>* handle = Environment::of(value.Env()).storages.find(value);
  if (handle == nullptr) throw_wrong_kind(value, "a Storage", name);
  if (handle->object == nullptr) {
    throw_error(value.Env(), {"ERR_DISPOSED", std::string("expected a live storage for `") + name +
                                                  "`, got one that was released"});
  }
  return handle->object;
}

Bytes as_bytes(Napi::Value value, const char* name) {
  const napi_env env = value.Env();
  napi_typedarray_type type = napi_int8_array;
  size_t size = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &size, &data, &buffer, nullptr) == napi_ok) {
    size *= element_size(type);
  } else if (napi_get_dataview_info(env, value, &size, &data, &buffer, nullptr) != napi_ok) {
    throw_wrong_kind(value, "a typed array or DataView", name);
  }
  bool is_detached = false;
  napi_is_detached_arraybuffer(env, buffer, &is_detached);
  if (is_detached) throw_wrong_kind(value, "an array whose buffer is not detached", name);
  return {static_cast<std::byte*>(data), size};
}

Fields::Fields(Napi::Value value, const char* name) {
  if (!value.IsObject()) throw_wrong_kind(value, "an object", name);
  object_ = value.As<Napi::Object>();
}

Napi::Value Fields::get(const char* name) const {
  napi_value value = nullptr;
  if (napi_get_named_property(env(), object_, name, &value) != napi_ok) {
    throw Napi::Error::New(env());
  }
  return Napi::Value(env(), value);
}

MemoryRef Fields::optional_storage(const char* name) const {
  const Napi::Value value = get(name);
  return value.IsNull() ? nullptr : as_storage(value, name);
}

}  // namespace flashdiff
