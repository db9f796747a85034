#include "forward.h"

#include <algorithm>
#include <string>

#include "flashdiff/error.h"
#include "instances.h"
#include "limits.h"

namespace flashdiff::cuda::generic {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorCode::kUnsupported, message);
}

void check_aligned(const char* name, const void* data, const Strides& strides, int32_t batch_size,
                   int32_t seqlen, int32_t num_heads) {
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

void check(const ForwardParams& p) {
  if (p.dtype == DType::kFloat32) {
    refuse(
        "expected `q`, `k` and `v` on CUDA to be float16 or bfloat16, got float32: convert them "
        "with .to({ dtype: 'bfloat16' })");
  }
  if (p.head_dim < kVector || p.head_dim > kMaxHeadDim || p.head_dim % kVector != 0) {
    refuse("expected a head dimension on CUDA that is a multiple of " + std::to_string(kVector) +
           " up to " + std::to_string(kMaxHeadDim) + ", got " + std::to_string(p.head_dim));
  }
  if (p.value_dim != p.head_dim && p.value_dim != 2 * p.head_dim) {
    refuse("expected a value dimension on CUDA of " + std::to_string(p.head_dim) + " or " +
           std::to_string(2 * p.head_dim) + ", got " + std::to_string(p.value_dim));
  }
  const int32_t longest = std::max(p.seqlen_q, p.seqlen_k);
  if (longest > kMaxLength) {
    refuse("expected a sequence on CUDA of at most " + std::to_string(kMaxLength) + ", got " +
           std::to_string(longest));
  }
  const int64_t blocks = int64_t{p.batch_size} * p.num_heads * (p.seqlen_q / kFewestRows + 1);
  if (blocks > std::numeric_limits<int32_t>::max()) {
    refuse("expected at most " + std::to_string(std::numeric_limits<int32_t>::max()) +
           " blocks of " + std::to_string(kFewestRows) + " queries on CUDA, got " +
           std::to_string(blocks));
  }
  const int halves = p.value_dim / p.head_dim;
  for (int i = 0; i < 2; ++i) {
    check_aligned("q", p.q[i], p.q_strides, p.batch_size, p.seqlen_q, p.num_heads);
    check_aligned("k", p.k[i], p.k_strides, p.batch_size, p.seqlen_k, p.num_kv_heads);
    if (i >= halves) continue;
    check_aligned("v", p.v[i], p.v_strides, p.batch_size, p.seqlen_k, p.num_kv_heads);
  }
}

void forward(const ForwardParams& params, const Target& target) {
  if (params.head_dim <= 64) return forward_instance<64>(params, target);
  if (params.head_dim <= 96) return forward_instance<96>(params, target);
  forward_instance<128>(params, target);
}

}  // namespace flashdiff::cuda::generic
