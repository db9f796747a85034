// The factor of the second map.
#pragma once

#include <cstdint>

#include "flashdiff/params.h"

namespace flashdiff::cuda {

__device__ __forceinline__ float lambda_of(const ForwardParams& params, int32_t batch, int32_t row,
                                           int32_t head) {
  if (params.lambda_data == nullptr) return params.lambda;
  const Strides& strides = params.lambda_strides;
  return params.lambda_data[batch * strides.batch + row * strides.seq + head * strides.head];
}

}  // namespace flashdiff::cuda
