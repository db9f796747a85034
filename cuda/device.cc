#include "device.h"

#include <cuda_runtime_api.h>

#include "error.h"
#include "flashdiff/engine.h"
#include "select.h"

namespace flashdiff::cuda {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

Device describe_device(int ordinal) {
  const auto attribute = [&](cudaDeviceAttr which) {
    int value = 0;
    expect_success(cudaDeviceGetAttribute(&value, which, ordinal), "cudaDeviceGetAttribute");
    return value;
  };
  return {
      .ordinal = ordinal,
      .major = attribute(cudaDevAttrComputeCapabilityMajor),
      .minor = attribute(cudaDevAttrComputeCapabilityMinor),
      .multiprocessors = attribute(cudaDevAttrMultiProcessorCount),
      .shared_memory = attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin),
      .l2_cache = attribute(cudaDevAttrL2CacheSize),
  };
}

std::string find_devices(int& count) {
  count = 0;
  int driver = 0;
  cudaDriverGetVersion(&driver);
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return "";
  cudaGetLastError();
  count = 0;
  if (driver == 0) return "no NVIDIA driver was found on this machine";
  if (status == cudaErrorInsufficientDriver) {
    return "expected an NVIDIA driver for CUDA " + version_text(CUDART_VERSION) +
           " or later, got one for " + version_text(driver);
  }
  if (status == cudaSuccess || status == cudaErrorNoDevice) {
    return "no NVIDIA GPU was found on this machine";
  }
  return std::string("cudaGetDeviceCount failed with ") + cudaGetErrorName(status) + ": " +
         cudaGetErrorString(status);
}

CudaInfo info() {
  CudaInfo info;
  int count = 0;
  info.reason = find_devices(count);
  cudaDriverGetVersion(&info.driver_version);
  cudaRuntimeGetVersion(&info.runtime_version);
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    // A device that does not work keeps its place in the list, and leaves the reason.
    CudaDeviceInfo& device = info.devices.emplace_back();
    try {
      cudaDeviceProp properties;
      expect_success(cudaGetDeviceProperties(&properties, ordinal), "cudaGetDeviceProperties");
      device.name = properties.name;
      device.major = properties.major;
      device.minor = properties.minor;
      device.multiprocessors = properties.multiProcessorCount;
      device.memory = properties.totalGlobalMem;
      device.kernels = forward_kernels(describe_device(ordinal));
      info.available = true;
    } catch (const Error& error) {
      info.reason = error.what();
    }
  }
  if (info.available) info.reason.clear();
  return info;
}

}  // namespace flashdiff::cuda
