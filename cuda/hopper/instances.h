// The compiled kernels, one .cu file a pair of dimensions in instances/.
#pragma once

#include "../target.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda::hopper {

template <int kHeadDim, int kValueDim, typename Element>
void forward_instance(const ForwardParams& params, const Target& target);

}  // namespace flashdiff::cuda::hopper
