#include "storage.h"

#include "arguments.h"
#include "copy_args.h"
#include "environment.h"
#include "errors.h"
#include "forward_args.h"
#include "operations.h"

namespace flashdiff {

Napi::Value js_allocated_bytes(const Napi::CallbackInfo& info) {
  // A device that nobody has used, or that does not work, holds nothing.
  const Device* device = Device::find(as_device_index(info[0], "device"));
  const int64_t bytes = device == nullptr ? 0 : device->allocated_bytes.load();
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

Napi::Value js_upload(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Device& device = as_device(info[0], "device");
  const DType src_dtype = as_dtype(info[2], "srcDtype");
  const DType dst_dtype = as_dtype(info[3], "dstDtype");
  const int64_t count = as_integer(info[4], "count", 0, kMaxInteger / 4);
  const Bytes data = as_bytes(info[1], "data");
  const size_t needed = static_cast<size_t>(count) * size_of(src_dtype);
  if (data.size < needed) {
    throw_out_of_range(env, "expected at least " + std::to_string(needed) +
                                " bytes for `data`, got " + std::to_string(data.size));
  }
  return Environment::of(env).wrap(upload(device, data.data, src_dtype, dst_dtype, count));
}

Napi::Value js_zeros(const Napi::CallbackInfo& info) {
  Device& device = as_device(info[0], "device");
  const DType dtype = as_dtype(info[1], "dtype");
  const int64_t count = as_integer(info[2], "count", 0, kMaxInteger / 4);
  return Environment::of(info.Env()).wrap(zeros(device, dtype, count));
}

Napi::Value js_copy(const Napi::CallbackInfo& info) {
  return Environment::of(info.Env()).wrap(copy(read_copy_args(info[0])));
}

Napi::Value js_transfer(const Napi::CallbackInfo& info) {
  const MemoryRef src = as_storage(info[0], "src");
  Device& device = as_device(info[1], "device");
  return Environment::of(info.Env()).wrap(transfer(src, device));
}

Napi::Value js_forward(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  const ForwardResult result = forward(read_forward_args(info[0]));
  const auto storages = Napi::Array::New(info.Env(), result.lse == nullptr ? 1 : 2);
  storages.Set(0u, environment.wrap(result.out));
  if (result.lse != nullptr) storages.Set(1u, environment.wrap(result.lse));
  return storages;
}

Napi::Value js_release(const Napi::CallbackInfo& info) {
  Handle<Memory>* handle = Environment::of(info.Env()).storages.find(info[0]);
  if (handle == nullptr) throw_wrong_kind(info[0], "a Storage", "src");
  handle->release(info.Env());
  return info.Env().Undefined();
}

}  // namespace flashdiff
