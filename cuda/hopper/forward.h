// The forward kernels for Hopper GPUs (compute capability 9.0): D/Dv of 64/128, 96/192, 128/256,
// and 64/64 and 128/128 where the maps share their keys; float16 and bfloat16.
#pragma once

#include "../target.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda::hopper {

// Whether forward() can compute this problem. Besides the dimensions above it needs what the copy
// engine needs: base pointers and strides in multiples of 16 bytes, strides that are positive where
// the dimension is longer than 1, a positive finite softmax_scale, and at least one query and key.
bool supports(const ForwardParams& params);

// Puts the work on the stream of the current device. Throws Error{kOutOfMemory, kDevice}.
void forward(const ForwardParams& params, const Target& target);

}  // namespace flashdiff::cuda::hopper
