// From a problem to the launch of the kernel that fits it and the device.
#pragma once

#include "../l2_section.h"
#include "../launch.h"
#include "instances.h"
#include "kernel.cuh"
#include "limits.h"

namespace flashdiff::cuda::generic {

template <typename Element, class Config>
void launch_config(const ForwardParams& params, const Target& target) {
  static_assert(Config::kBlockM >= kFewestRows);
  const Schedule schedule = {
      .m_blocks = (params.seqlen_q + Config::kBlockM - 1) / Config::kBlockM,
      .heads = params.batch_size * params.num_heads,
      .heads_per_section = heads_per_section(params, target.device),
  };
  launch(forward_kernel<Element, Config>, schedule.heads * schedule.m_blocks, Config::kThreads,
         sizeof(typename Config::SharedStorage), target.stream, params, schedule);
}

// A CTA may have 227 KB of shared memory on sm_90 and sm_100, 163 on sm_80, 99 on the others. From
// sm_120 on, kernels for more are not compiled.
template <typename Element, int kHeadDim, int kValueHalves>
void launch_dims(const ForwardParams& params, const Target& target) {
  const Device& device = target.device;
  const int shared_kb = device.major >= 12 ? 99 : device.shared_memory >> 10;
  if (shared_kb >= 227) {
    launch_config<Element, FittingConfig<kHeadDim, kValueHalves, 227>>(params, target);
  } else if (shared_kb >= 163) {
    launch_config<Element, FittingConfig<kHeadDim, kValueHalves, 163>>(params, target);
  } else {
    launch_config<Element, FittingConfig<kHeadDim, kValueHalves, 99>>(params, target);
  }
}

template <typename Element, int kHeadDim>
void launch_type(const ForwardParams& params, const Target& target) {
  if (params.value_dim == params.head_dim) {
    launch_dims<Element, kHeadDim, 1>(params, target);
  } else {
    launch_dims<Element, kHeadDim, 2>(params, target);
  }
}

template <int kHeadDim>
void forward_instance(const ForwardParams& params, const Target& target) {
  if (params.dtype == DType::kFloat16) {
    launch_type<__half, kHeadDim>(params, target);
  } else {
    launch_type<__nv_bfloat16, kHeadDim>(params, target);
  }
}

}  // namespace flashdiff::cuda::generic
