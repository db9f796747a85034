// Descriptions of q, k and v for the copy engine.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "flashdiff/params.h"

namespace flashdiff::cuda::hopper {

// A [batch, seqlen, heads, head_dim] operand, to be copied in boxes of `box_rows` positions by
// `box_columns` elements that land in shared memory swizzled as wide as they are. Throws
// Error{kDevice}.
CUtensorMap make_tensor_map(DType dtype, const void* data, const Strides& strides,
                            int32_t batch_size, int32_t seqlen, int32_t num_heads, int32_t head_dim,
                            int32_t box_rows, int32_t box_columns);

// Whether make_tensor_map() accepts such an operand.
bool is_mappable(const void* data, const Strides& strides, int32_t batch_size, int32_t seqlen,
                 int32_t num_heads);

}  // namespace flashdiff::cuda::hopper
