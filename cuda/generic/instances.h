// The compiled kernels: one .cu file a head dimension in instances/, each with both element types,
// both value dimensions and both amounts of shared memory.
#pragma once

#include <cuda_runtime_api.h>

#include "../device.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda::generic {

// For head_dim up to kHeadDim, which it is padded to.
template <int kHeadDim>
void forward_instance(const ForwardParams& params, const Device& device, cudaStream_t stream);

extern template void forward_instance<64>(const ForwardParams&, const Device&, cudaStream_t);
extern template void forward_instance<96>(const ForwardParams&, const Device&, cudaStream_t);
extern template void forward_instance<128>(const ForwardParams&, const Device&, cudaStream_t);

}  // namespace flashdiff::cuda::generic
