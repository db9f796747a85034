// The compiled kernels: one .cu file a head dimension in instances/, each with both element types,
// both value dimensions and every amount of shared memory.
#pragma once

#include "../target.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda::generic {

// For head_dim up to kHeadDim, which it is padded to.
template <int kHeadDim>
void forward_instance(const ForwardParams& params, const Target& target);

}  // namespace flashdiff::cuda::generic
