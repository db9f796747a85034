#include "select.h"

#include <algorithm>
#include <cstdlib>
#include <span>

#include "flashdiff/error.h"
#include "generic/forward.h"
#ifdef FLASHDIFF_WITH_HOPPER
#include "hopper/forward.h"
#endif

namespace flashdiff::cuda {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kUnsupported, message);
}

struct ForwardKernel {
  const char* name;
  bool (*runs_on)(const Device&);
  bool (*supports)(const ForwardParams&);
  void (*forward)(const ForwardParams&, const Target&);
};

// Preferred first. What the last does not compute, as generic::check() tells, none does.
constexpr ForwardKernel kForwardKernels[] = {
#ifdef FLASHDIFF_WITH_HOPPER
    {"hopper", [](const Device& device) { return device.major == 9 && device.minor == 0; },
     hopper::supports, hopper::forward},
#endif
    {"generic", [](const Device& device) { return device.major >= 8; },
     [](const ForwardParams&) { return true; }, generic::forward},
};

// The kernel to begin with; those behind it compute what it does not. Null for one that is unknown,
// or that does not run on the device.
const ForwardKernel* first_kernel(const Device& device, const std::string& wanted) {
  for (const ForwardKernel& kernel : kForwardKernels) {
    if (kernel.runs_on(device) && (wanted == "auto" || wanted == kernel.name)) return &kernel;
  }
  return nullptr;
}

// The kernels in use on a device, preferred first. Throws Error{kUnsupported}.
std::span<const ForwardKernel> kernels_of(const Device& device) {
  static const std::string wanted = [] {
    const char* value = std::getenv("FLASHDIFF_CUDA_KERNEL");
    return std::string(value == nullptr || *value == '\0' ? "auto" : value);
  }();
  const ForwardKernel* first = first_kernel(device, wanted);
  if (first != nullptr) return {first, std::end(kForwardKernels)};
  std::string names;
  for (const ForwardKernel& kernel : kForwardKernels) {
    if (kernel.runs_on(device)) names += std::string(", ") + kernel.name;
  }
  if (names.empty()) {
    refuse("expected a CUDA device of compute capability 8.0 or later, got " + device.name() +
           " of " + std::to_string(device.major) + "." + std::to_string(device.minor));
  }
  refuse("expected FLASHDIFF_CUDA_KERNEL to be one of those that " + device.name() + " runs (auto" +
         names + "), got '" + wanted + "'");
}

const ForwardKernel& find(const ForwardParams& params, const Device& device) {
  const auto kernels = kernels_of(device);
  return *std::ranges::find_if(
      kernels, [&](const ForwardKernel& kernel) { return kernel.supports(params); });
}

}  // namespace

std::vector<std::string> forward_kernels(const Device& device) {
  std::vector<std::string> names;
  for (const ForwardKernel& kernel : kernels_of(device)) names.emplace_back(kernel.name);
  return names;
}

void check_forward(const ForwardParams& params, const Device& device) {
  generic::check(params);
  kernels_of(device);
}

void forward(const ForwardParams& params, const Target& target) {
  check_forward(params, target.device);
  if (params.batch_size == 0 || params.num_heads == 0 || params.seqlen_q == 0) return;
  find(params, target.device).forward(params, target);
}

}  // namespace flashdiff::cuda
