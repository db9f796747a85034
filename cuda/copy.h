// Gathering strided tensors into contiguous ones, with conversion.
#pragma once

#include <cuda_runtime_api.h>

#include "flashdiff/params.h"

namespace flashdiff::cuda {

// Puts the copy on the stream of the current device. Throws Error{kOutOfMemory, kDevice}.
void copy(const CopyParams& params, cudaStream_t stream);

}  // namespace flashdiff::cuda
