#include "tensor_map.h"

#include <cudaTypedefs.h>
#include <cuda_runtime_api.h>

#include <string>

#include "flashdiff/error.h"

namespace flashdiff::cuda::hopper {
namespace {

constexpr int64_t kElementBytes = 2;
constexpr int64_t kMaxStrideBytes = int64_t{1} << 40;
constexpr int64_t kAlignment = 16;

// By name from the driver that is loaded, so that nothing links against it.
PFN_cuTensorMapEncodeTiled_v12000 encode_function() {
  static const auto function = [] {
    void* entry = nullptr;
    cudaDriverEntryPointQueryResult result;
    const cudaError_t status = cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry,
                                                                12000, cudaEnableDefault, &result);
    if (status != cudaSuccess || result != cudaDriverEntryPointSuccess) {
      throw Error(ErrorCode::kDevice, "the CUDA driver has no cuTensorMapEncodeTiled");
    }
    return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(entry);
  }();
  return function;
}

bool is_valid_stride(int64_t elements, int32_t length) {
  const int64_t bytes = elements * kElementBytes;
  return length == 1 || (bytes > 0 && bytes < kMaxStrideBytes && bytes % kAlignment == 0);
}

// A dimension of length 1 never moves, whatever its stride says.
cuuint64_t stride_bytes(int64_t elements, int32_t length) {
  return length == 1 ? kAlignment : elements * kElementBytes;
}

}  // namespace

bool is_mappable(const void* data, const Strides& strides, int32_t batch_size, int32_t seqlen,
                 int32_t num_heads) {
  return reinterpret_cast<uintptr_t>(data) % kAlignment == 0 &&
         is_valid_stride(strides.batch, batch_size) && is_valid_stride(strides.seq, seqlen) &&
         is_valid_stride(strides.head, num_heads);
}

CUtensorMap make_tensor_map(DType dtype, const void* data, const Strides& strides,
                            int32_t batch_size, int32_t seqlen, int32_t num_heads, int32_t head_dim,
                            int32_t box_rows, int32_t box_columns) {
  const cuuint64_t lengths[] = {static_cast<cuuint64_t>(head_dim), static_cast<cuuint64_t>(seqlen),
                                static_cast<cuuint64_t>(num_heads),
                                static_cast<cuuint64_t>(batch_size)};
  const cuuint64_t strides_bytes[] = {stride_bytes(strides.seq, seqlen),
                                      stride_bytes(strides.head, num_heads),
                                      stride_bytes(strides.batch, batch_size)};
  const cuuint32_t box[] = {static_cast<cuuint32_t>(box_columns), static_cast<cuuint32_t>(box_rows),
                            1, 1};
  const cuuint32_t element_strides[] = {1, 1, 1, 1};
  CUtensorMap map;
  const CUresult status = encode_function()(
      &map,
      dtype == DType::kFloat16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
      4, const_cast<void*>(data), lengths, strides_bytes, box, element_strides,
      CU_TENSOR_MAP_INTERLEAVE_NONE,
      box_columns * kElementBytes == 128 ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B,
      CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (status != CUDA_SUCCESS) {
    throw Error(ErrorCode::kDevice,
                "cuTensorMapEncodeTiled failed with CUresult " + std::to_string(status));
  }
  return map;
}

}  // namespace flashdiff::cuda::hopper
