#include "select.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
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
  void (*forward)(const ForwardParams&, const Device&, cudaStream_t);
};

// Preferred first. Every supported problem is one that the last of them computes.
constexpr ForwardKernel kForwardKernels[] = {
#ifdef FLASHDIFF_WITH_HOPPER
    {"hopper", [](const Device& device) { return device.major == 9 && device.minor == 0; },
     hopper::supports,
     [](const ForwardParams& params, const Device&, cudaStream_t stream) {
       hopper::forward(params, stream);
     }},
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

void check_aligned(const char* name, const void* data, const Strides& strides, int32_t batch_size,
                   int32_t seqlen, int32_t num_heads) {
  constexpr int64_t kVector = 8;  // elements of 16 bytes
  const auto fits = [](int64_t extent, int64_t stride) {
    return extent <= 1 || stride % kVector == 0;
  };
  if (reinterpret_cast<uintptr_t>(data) % 16 == 0 && fits(batch_size, strides.batch) &&
      fits(seqlen, strides.seq) && fits(num_heads, strides.head)) {
    return;
  }
  refuse(std::string("expected the start and the strides of `") + name +
         "` on CUDA to be multiples of 16 bytes, got another view: copy it with .contiguous()");
}

}  // namespace

std::vector<std::string> forward_kernels(const Device& device) {
  std::vector<std::string> names;
  for (const ForwardKernel& kernel : kernels_of(device)) names.emplace_back(kernel.name);
  return names;
}

void check_forward(const ForwardParams& p, const Device& device) {
  if (p.dtype == DType::kFloat32) {
    refuse(
        "expected `q`, `k` and `v` on CUDA to be float16 or bfloat16, got float32: convert them "
        "with .to({ dtype: 'bfloat16' })");
  }
  if (p.head_dim < 8 || p.head_dim > 128 || p.head_dim % 8 != 0) {
    refuse("expected a head dimension on CUDA that is a multiple of 8 up to 128, got " +
           std::to_string(p.head_dim));
  }
  if (p.value_dim != p.head_dim && p.value_dim != 2 * p.head_dim) {
    refuse("expected a value dimension on CUDA of " + std::to_string(p.head_dim) + " or " +
           std::to_string(2 * p.head_dim) + ", got " + std::to_string(p.value_dim));
  }
  constexpr int32_t kLongest = std::numeric_limits<int32_t>::max() - 1023;
  if (p.seqlen_q > kLongest || p.seqlen_k > kLongest) {
    refuse("expected a sequence on CUDA of at most " + std::to_string(kLongest) + ", got " +
           std::to_string(p.seqlen_q > kLongest ? p.seqlen_q : p.seqlen_k));
  }
  const int halves = p.value_dim / p.head_dim;
  for (int i = 0; i < 2; ++i) {
    check_aligned("q", p.q[i], p.q_strides, p.batch_size, p.seqlen_q, p.num_heads);
    check_aligned("k", p.k[i], p.k_strides, p.batch_size, p.seqlen_k, p.num_kv_heads);
    if (i >= halves) continue;
    check_aligned("v", p.v[i], p.v_strides, p.batch_size, p.seqlen_k, p.num_kv_heads);
  }
  kernels_of(device);
}

void forward(const ForwardParams& params, const Device& device, cudaStream_t stream) {
  check_forward(params, device);
  if (params.batch_size == 0 || params.num_heads == 0 || params.seqlen_q == 0) return;
  find(params, device).forward(params, device, stream);
}

}  // namespace flashdiff::cuda
