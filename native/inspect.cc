#include "inspect.h"

#include <string>
#include <vector>

#include "flashdiff/engine.h"

namespace flashdiff {
namespace {

// 13000 is '13.0'; 0 is none.
std::string version_of(int number) {
  if (number == 0) return "";
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

Napi::Array to_array(Napi::Env env, const std::vector<std::string>& words) {
  const auto array = Napi::Array::New(env, words.size());
  for (uint32_t i = 0; i < words.size(); ++i) array.Set(i, Napi::String::New(env, words[i]));
  return array;
}

Napi::Object to_object(Napi::Env env, const CpuInfo& info) {
  const auto object = Napi::Object::New(env);
  object.Set("isa", info.isa);
  object.Set("isas", to_array(env, info.isas));
  object.Set("threads", info.threads);
  return object;
}

Napi::Object to_object(Napi::Env env, const CudaDeviceInfo& info) {
  const auto object = Napi::Object::New(env);
  object.Set("name", info.name);
  object.Set("computeCapability", std::to_string(info.major) + "." + std::to_string(info.minor));
  object.Set("multiprocessors", info.multiprocessors);
  object.Set("memory", static_cast<double>(info.memory));
  object.Set("kernels", to_array(env, info.kernels));
  return object;
}

Napi::Object to_object(Napi::Env env, const CudaInfo& info) {
  const auto devices = Napi::Array::New(env, info.devices.size());
  for (uint32_t i = 0; i < info.devices.size(); ++i)
    devices.Set(i, to_object(env, info.devices[i]));
  const auto object = Napi::Object::New(env);
  object.Set("available", info.available);
  object.Set("reason", info.reason);
  object.Set("driver", version_of(info.driver_version));
  object.Set("runtime", version_of(info.runtime_version));
  object.Set("devices", devices);
  return object;
}

}  // namespace

Napi::Value js_inspect(const Napi::CallbackInfo& info) {
  // Looking for the driver takes a while and its answer does not change.
  static const auto& cuda_info = *new CudaInfo(cuda::info());
  const auto object = Napi::Object::New(info.Env());
  object.Set("version", FLASHDIFF_VERSION);
  object.Set("cpu", to_object(info.Env(), cpu::info()));
  object.Set("cuda", to_object(info.Env(), cuda_info));
  return object;
}

}  // namespace flashdiff
