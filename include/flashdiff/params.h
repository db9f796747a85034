// What an engine is asked to compute: flat, by value, no ownership.
#pragma once

#include <cstdint>

#include "flashdiff/dtype.h"
#include "flashdiff/mask.h"

namespace flashdiff {

// Distances in elements. The last dimension of every operand is contiguous.
struct Strides {
  int64_t batch = 0;
  int64_t seq = 0;
  int64_t head = 0;
};

// Differential attention forward, for every differential head h with kv head g = h / (H / Hkv):
//   out[h] = output_scale * norm(softmax(s Q1 K1^T + mask) V - lambda softmax(s Q2 K2^T + mask) V)
// Pointers with a [2] hold map 1 and map 2 (q, k) or the left and right half of the value (v):
// layouts are base pointers and strides, never copies.
struct ForwardParams {
  DType dtype = DType::kFloat32;  // of q, k, v and out

  int32_t batch_size = 0;    // B
  int32_t num_heads = 0;     // H, differential heads: half the query heads
  int32_t num_kv_heads = 0;  // Hkv, divides H
  int32_t seqlen_q = 0;      // Nq
  int32_t seqlen_k = 0;      // Nk
  int32_t head_dim = 0;      // D
  int32_t value_dim = 0;     // Dv: D or 2 D

  const void* q[2] = {};  // [B, Nq, H, D] each
  const void* k[2] = {};  // [B, Nk, Hkv, D] each; equal pointers when the maps share their keys
  const void* v[2] = {};  // [B, Nk, Hkv, D] each; v[1] is null when Dv == D
  Strides q_strides;
  Strides k_strides;
  Strides v_strides;

  void* out = nullptr;   // [B, Nq, H, Dv], contiguous
  float* lse = nullptr;  // [2, B, H, Nq], natural logarithm, contiguous; null: not wanted

  const float* lambda_data = nullptr;  // [B, Nq, H] by lambda_strides; null: use `lambda`
  Strides lambda_strides;              // zero where lambda does not vary
  float lambda = 0;

  float softmax_scale = 1;
  Mask mask;  // its seqlen_q and seqlen_k equal the ones above

  bool subln = false;  // RMSNorm over the value dimension
  float subln_eps = 0;
  const float* subln_weight = nullptr;  // [Dv], contiguous; null: ones
  float output_scale = 1;
};

// Gathers a strided tensor into a contiguous one, converting its elements (nearest even).
struct CopyParams {
  static constexpr int kMaxRank = 8;

  DType src_dtype = DType::kFloat32;
  DType dst_dtype = DType::kFloat32;
  int32_t rank = 0;
  int64_t shape[kMaxRank] = {};
  int64_t strides[kMaxRank] = {};  // of src, in elements
  const void* src = nullptr;
  void* dst = nullptr;

  // Only what is not empty is known to be countable.
  int64_t size() const {
    int64_t count = 1;
    for (int32_t i = 0; i < rank; ++i) {
      if (shape[i] == 0) return 0;
    }
    for (int32_t i = 0; i < rank; ++i) count *= shape[i];
    return count;
  }
};

}  // namespace flashdiff
