// Which kernel computes a problem on a device. FLASHDIFF_CUDA_KERNEL=auto|generic|hopper narrows
// the choice; auto takes the first that supports the problem.
#pragma once

#include <cuda_runtime_api.h>

#include <string>
#include <vector>

#include "device.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda {

// The forward kernels that the device runs, preferred first.
std::vector<std::string> forward_kernels(const Device& device);

// Throws Error{kUnsupported} when no kernel computes the problem.
void check_forward(const ForwardParams& params, const Device& device);

// Puts the work on the stream of the current device. Throws as check_forward, or Error{kDevice}.
void forward(const ForwardParams& params, const Device& device, cudaStream_t stream);

}  // namespace flashdiff::cuda
