// The forward kernel for every supported problem on GPUs of compute capability 8.0 and later.
#pragma once

#include <cuda_runtime_api.h>

#include "../device.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda::generic {

// Puts the work on the stream of the current device. Throws Error{kDevice}.
void forward(const ForwardParams& params, const Device& device, cudaStream_t stream);

}  // namespace flashdiff::cuda::generic
