// What can be done on devices: makes the memory of the results and queues the work. Free of
// JavaScript; every request has passed the second gate.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device.h"
#include "flashdiff/params.h"
#include "memory.h"

namespace flashdiff {

struct CopyRequest {
  MemoryRef src;
  int64_t offset = 0;  // in elements
  CopyParams params;   // without addresses
  size_t dst_bytes = 0;
};

struct ForwardRequest {
  Device* device = nullptr;
  ForwardParams params;  // without addresses

  MemoryRef q;
  MemoryRef k;
  MemoryRef v;
  MemoryRef lambda;        // null: params.lambda
  MemoryRef subln_weight;  // null: ones
  // In elements.
  int64_t q_offset[2] = {};
  int64_t k_offset[2] = {};
  int64_t v_offset[2] = {};
  int64_t lambda_offset = 0;
  int64_t subln_weight_offset = 0;

  bool return_lse = false;
  size_t out_bytes = 0;
  size_t lse_bytes = 0;

  // The engine's view of it; operands that are not ready yet get stand-ins.
  ForwardParams place(const std::byte* out, const std::byte* lse) const;
};

struct ForwardResult {
  MemoryRef out;
  MemoryRef lse;  // null unless asked for
};

// Copies before it returns.
MemoryRef upload(Device& device, const std::byte* data, DType src_dtype, DType dst_dtype,
                 int64_t count);
MemoryRef zeros(Device& device, DType dtype, int64_t count);
MemoryRef copy(const CopyRequest& request);
MemoryRef transfer(const MemoryRef& src, Device& device);
ForwardResult forward(const ForwardRequest& request);

}  // namespace flashdiff
