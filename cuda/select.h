// Which kernel computes a problem on a device: the first of the device's that supports it.
// FLASHDIFF_CUDA_KERNEL=auto|hopper|generic names the one to begin with.
#pragma once

#include <string>
#include <vector>

#include "device.h"
#include "flashdiff/params.h"
#include "target.h"

namespace flashdiff::cuda {

// The forward kernels in use on the device, preferred first. Throws Error{kUnsupported} when it
// runs none, or not the one that FLASHDIFF_CUDA_KERNEL names.
std::vector<std::string> forward_kernels(const Device& device);

// Throws Error{kUnsupported} when no kernel computes the problem, or as forward_kernels.
void check_forward(const ForwardParams& params, const Device& device);

// Puts the work on the stream of the current device. Throws as check_forward, or
// Error{kOutOfMemory, kDevice}.
void forward(const ForwardParams& params, const Target& target);

}  // namespace flashdiff::cuda
