#include "forward.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>

#include "flashdiff/error.h"
#include "instances.h"
#include "tensor_map.h"

namespace flashdiff::cuda::hopper {
namespace {

// Positions and their offsets stay far from the ends of int32_t: see bounds.cuh.
constexpr int32_t kMaxLength = 1 << 29;

using Launch = void (*)(const ForwardParams&, const Target&);

template <int kHeadDim, int kValueDim>
Launch of_type(DType dtype) {
  return dtype == DType::kFloat16 ? forward_instance<kHeadDim, kValueDim, __half>
                                  : forward_instance<kHeadDim, kValueDim, __nv_bfloat16>;
}

// The list of what there is; null for anything else.
Launch find(const ForwardParams& params) {
  const bool shared_keys = params.k[0] == params.k[1];
  switch (params.head_dim * 1000 + params.value_dim) {
    case 64'128: return of_type<64, 128>(params.dtype);
    case 96'192: return of_type<96, 192>(params.dtype);
    case 128'256: return of_type<128, 256>(params.dtype);
    case 64'064: return shared_keys ? of_type<64, 64>(params.dtype) : nullptr;
    case 128'128: return shared_keys ? of_type<128, 128>(params.dtype) : nullptr;
  }
  return nullptr;
}

}  // namespace

bool supports(const ForwardParams& params) {
  if (params.dtype == DType::kFloat32 || find(params) == nullptr) return false;
  const auto fits = [](int32_t length) { return length > 0 && length <= kMaxLength; };
  if (!fits(params.seqlen_q) || !fits(params.seqlen_k)) return false;
  if (!(params.softmax_scale > 0) || !std::isfinite(params.softmax_scale)) return false;
  const auto is_q = [&](const void* data) {
    return is_mappable(data, params.q_strides, params.batch_size, params.seqlen_q,
                       params.num_heads);
  };
  const auto is_kv = [&](const void* data, const Strides& strides) {
    return is_mappable(data, strides, params.batch_size, params.seqlen_k, params.num_kv_heads);
  };
  return is_q(params.q[0]) && is_q(params.q[1]) && is_kv(params.k[0], params.k_strides) &&
         is_kv(params.k[1], params.k_strides) && is_kv(params.v[0], params.v_strides) &&
         (params.v[1] == nullptr || is_kv(params.v[1], params.v_strides));
}

void forward(const ForwardParams& params, const Target& target) { find(params)(params, target); }

}  // namespace flashdiff::cuda::hopper
