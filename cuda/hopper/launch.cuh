// Fills the kernel's parameters and launches it.
#pragma once

#include <algorithm>

#include "../base2.cuh"
#include "../l2_section.h"
#include "../launch.h"
#include "instances.h"
#include "kernel.cuh"
#include "tensor_map.h"

namespace flashdiff::cuda::hopper {

inline TileOrder tile_order(const ForwardParams& f, const Device& device) {
  const int32_t heads = f.batch_size * f.num_heads;
  const int32_t num_m_blocks = (f.seqlen_q + kBlockM - 1) / kBlockM;
  const int32_t section = f.mask.causal ? heads_per_section(f, device) : 1;
  // The last section has two tiles a CTA or more, so that its shortest even out the ends.
  const int32_t last =
      std::min((2 * device.multiprocessors + num_m_blocks - 1) / num_m_blocks, heads);
  return {.num_m_blocks = num_m_blocks,
          .num_heads = heads,
          .heads_per_section = section,
          .num_full_sections = (heads - last) / section};
}

template <class Config>
void launch_config(const ForwardParams& f, const Target& target) {
  const auto map_of = [&](const void* data, const Strides& strides, int32_t seqlen,
                          int32_t num_heads, int32_t rows) {
    return make_tensor_map(f.dtype, data, strides, f.batch_size, seqlen, num_heads, f.head_dim,
                           rows, Config::kChunk);
  };
  KernelParams params{};
  for (int map = 0; map < 2; ++map) {
    params.q[map] = map_of(f.q[map], f.q_strides, f.seqlen_q, f.num_heads, kBlockM);
    params.k[map] = map_of(f.k[map], f.k_strides, f.seqlen_k, f.num_kv_heads, Config::kBlockN);
  }
  for (int half = 0; half < Config::kValueHalves; ++half) {
    params.v[half] = map_of(f.v[half], f.v_strides, f.seqlen_k, f.num_kv_heads, Config::kBlockN);
  }
  params.order = tile_order(f, target.device);
  params.bounds = Bounds(f.mask);
  params.scale_log2 = f.softmax_scale * kLog2E;
  params.forward = f;

  const int32_t tiles = params.order.count();
  const int32_t ctas = std::min(tiles, target.device.multiprocessors);
  // The counter comes first, where it is whatever else a launch needs: each leaves it at 0.
  constexpr size_t kLine = 256;
  const size_t scratch_bytes =
      Config::kPasses == 1
          ? 0
          : sizeof(float4) * ctas * (Config::kValueDim / 8 + 1) * kConsumers * kWarpgroupThreads;
  auto* workspace = static_cast<char*>(target.workspace.reserve(kLine + scratch_bytes));
  // Tiles of unequal length go to whoever is free.
  const bool is_dynamic = f.mask.causal && tiles > ctas;
  params.counter = is_dynamic ? reinterpret_cast<uint32_t*>(workspace) : nullptr;
  params.scratch = reinterpret_cast<float4*>(workspace + kLine);
  launch(forward_kernel<Config>, ctas, kThreads, Config::kSharedBytes, target.stream, params);
}

template <int kHeadDim, int kValueDim, typename Element>
void forward_instance(const ForwardParams& params, const Target& target) {
  launch_config<Config<kHeadDim, kValueDim, Element>>(params, target);
}

}  // namespace flashdiff::cuda::hopper
