// The second gate: what JavaScript values are. Each function returns a plain C++ value or throws a
// TypeError or RangeError that names the argument. Nothing is coerced.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "device.h"
#include "flashdiff/dtype.h"
#include "memory.h"

namespace flashdiff {

// The largest integer that a JavaScript number holds exactly; no size, offset or stride is larger.
constexpr int64_t kMaxInteger = (int64_t{1} << 53) - 1;

int64_t to_integer(Napi::Env env, double number, const char* name, int64_t min, int64_t max);
// Finite, also as a float.
float to_float(Napi::Env env, double number, const char* name);

int64_t as_integer(Napi::Value value, const char* name, int64_t min, int64_t max);
bool as_boolean(Napi::Value value, const char* name);
DType as_dtype(Napi::Value value, const char* name);
int as_device_index(Napi::Value value, const char* name);
Device& as_device(Napi::Value value, const char* name);
Napi::Function as_function(Napi::Value value, const char* name);
// Throws ERR_DISPOSED for a released one.
MemoryRef as_storage(Napi::Value value, const char* name);

// The bytes of a typed array or DataView, as they are now: running JavaScript may move them.
struct Bytes {
  std::byte* data;
  size_t size;
};
Bytes as_bytes(Napi::Value value, const char* name);

// The fields of an argument object. Each get may run JavaScript, so what is read stays valid
// whatever that does: numbers by value, storages by shared ownership.
class Fields {
 public:
  Fields(Napi::Value value, const char* name);

  Napi::Value get(const char* name) const;

  int64_t integer(const char* name, int64_t min = 0, int64_t max = kMaxInteger) const {
    return as_integer(get(name), name, min, max);
  }
  bool boolean(const char* name) const { return as_boolean(get(name), name); }
  DType dtype(const char* name) const { return as_dtype(get(name), name); }
  MemoryRef storage(const char* name) const { return as_storage(get(name), name); }
  // Null for null.
  MemoryRef optional_storage(const char* name) const;

  Napi::Env env() const { return object_.Env(); }

 private:
  Napi::Object object_;
};

}  // namespace flashdiff
