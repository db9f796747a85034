// From a problem to the launch of the kernel that fits it and the device.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "../launch.h"
#include "instances.h"
#include "kernel.cuh"

namespace flashdiff::cuda::generic {

inline Schedule schedule_of(const ForwardParams& p, const Device& device, int block_m) {
  const int64_t heads = int64_t{p.batch_size} * p.num_heads;
  const int64_t m_blocks = (p.seqlen_q + int64_t{block_m} - 1) / block_m;
  if (heads * m_blocks > INT32_MAX) {
    throw Error(ErrorCode::kUnsupported, "expected at most " + std::to_string(INT32_MAX) +
                                             " blocks of queries on CUDA, got " +
                                             std::to_string(heads * m_blocks));
  }
  const int64_t head_bytes =
      int64_t{p.seqlen_k} * (2 * p.head_dim + p.value_dim) * 2 * p.num_kv_heads / p.num_heads;
  const int64_t section = device.l2_cache / 2 / std::max<int64_t>(head_bytes, 1);
  return {static_cast<int32_t>(m_blocks), static_cast<int32_t>(heads),
          static_cast<int32_t>(std::clamp<int64_t>(section, 1, heads))};
}

template <typename Element, class Config>
void launch_config(const ForwardParams& params, const Device& device, cudaStream_t stream) {
  const Schedule schedule = schedule_of(params, device, Config::kBlockM);
  launch(forward_kernel<Element, Config>, schedule.heads * schedule.m_blocks, Config::kThreads,
         sizeof(typename Config::SharedStorage), stream, params, schedule);
}

// A CTA may have 227 KB of shared memory on sm_90 and sm_100, 163 on sm_80, 99 on the others. From
// sm_120 on, kernels for more are not compiled.
template <typename Element, int kHeadDim, int kValueHalves>
void launch_dims(const ForwardParams& params, const Device& device, cudaStream_t stream) {
  const int shared_kb = device.major >= 12 ? 99 : device.shared_memory >> 10;
  if (shared_kb >= 227) {
    launch_config<Element, FittingConfig<kHeadDim, kValueHalves, 227>>(params, device, stream);
  } else if (shared_kb >= 163) {
    launch_config<Element, FittingConfig<kHeadDim, kValueHalves, 163>>(params, device, stream);
  } else {
    launch_config<Element, FittingConfig<kHeadDim, kValueHalves, 99>>(params, device, stream);
  }
}

template <typename Element, int kHeadDim>
void launch_type(const ForwardParams& params, const Device& device, cudaStream_t stream) {
  if (params.value_dim == params.head_dim) {
    launch_dims<Element, kHeadDim, 1>(params, device, stream);
  } else {
    launch_dims<Element, kHeadDim, 2>(params, device, stream);
  }
}

template <int kHeadDim>
void forward_instance(const ForwardParams& params, const Device& device, cudaStream_t stream) {
  if (params.dtype == DType::kFloat16) {
    launch_type<__half, kHeadDim>(params, device, stream);
  } else {
    launch_type<__nv_bfloat16, kHeadDim>(params, device, stream);
  }
}

}  // namespace flashdiff::cuda::generic
