// The forward kernel for every supported problem on GPUs of compute capability 8.0 and later.
#pragma once

#include "../target.h"
#include "flashdiff/params.h"

namespace flashdiff::cuda::generic {

// Throws Error{kUnsupported}, with the way out in the message, for a problem that the kernel does
// not compute: float32; a head dimension that is no multiple of 8 up to 128, or a value dimension
// that is neither the same nor twice as large; operands that do not start and stride by 16 bytes;
// sequences of 2^31 - 1023 and longer; 2^31 blocks of 64 queries.
void check(const ForwardParams& params);

// Puts the work on the stream of the current device. Throws Error{kOutOfMemory, kDevice}.
void forward(const ForwardParams& params, const Target& target);

}  // namespace flashdiff::cuda::generic
