// Fills the kernel's parameters and launches it.
#pragma once

#include <algorithm>
#include <cmath>

#include "../launch.h"
#include "instances.h"
#include "kernel.cuh"
#include "tensor_map.h"

namespace flashdiff::cuda::hopper {

// Half of the L2 cache, in which the keys and values of a section of heads are to stay.
inline constexpr int64_t kSectionBytes = 24 << 20;

inline int32_t multiprocessors() {
  int device = 0;
  int count = 0;
  expect_success(cudaGetDevice(&device), "cudaGetDevice");
  expect_success(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device),
                 "cudaDeviceGetAttribute");
  return count;
}

inline TileOrder tile_order(const ForwardParams& f, int32_t ctas) {
  const int32_t heads = f.batch_size * f.num_heads;
  const int32_t num_m_blocks = (f.seqlen_q + kBlockM - 1) / kBlockM;
  const int64_t bytes_of_head =
      int64_t{f.seqlen_k} * (2 * f.head_dim + f.value_dim) * 2 * f.num_kv_heads / f.num_heads;
  const int64_t section =
      f.mask.causal ? std::clamp<int64_t>(kSectionBytes / bytes_of_head, 1, heads) : 1;
  // The last section has two tiles a CTA or more, so that its shortest even out the ends.
  const int32_t last = std::min((2 * ctas + num_m_blocks - 1) / num_m_blocks, heads);
  return {.num_m_blocks = num_m_blocks,
          .num_heads = heads,
          .heads_per_section = static_cast<int32_t>(section),
          .num_full_sections = static_cast<int32_t>((heads - last) / section)};
}

// Memory in the stream's order, given back whatever becomes of the launch.
struct Scratch {
  Scratch(size_t bytes, cudaStream_t stream) : stream(stream) {
    if (bytes > 0) expect_success(cudaMallocAsync(&data, bytes, stream), "cudaMallocAsync");
  }
  Scratch(const Scratch&) = delete;
  ~Scratch() {
    if (data != nullptr && cudaFreeAsync(data, stream) != cudaSuccess) cudaGetLastError();
  }

  void* data = nullptr;
  cudaStream_t stream;
};

template <class Config>
void launch_config(const ForwardParams& f, cudaStream_t stream) {
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
  const int32_t sms = multiprocessors();
  params.order = tile_order(f, sms);
  params.bounds = Bounds(f.mask);
  params.scale_log2 = f.softmax_scale * static_cast<float>(M_LOG2E);
  params.forward = f;

  const int32_t tiles = params.order.count();
  const int32_t ctas = std::min(tiles, sms);
  // Tiles of unequal length go to whoever is free.
  const bool dynamic = f.mask.causal && tiles > ctas;
  const size_t scratch_bytes =
      Config::kPasses == 1
          ? 0
          : sizeof(float4) * ctas * (Config::kValueDim / 8 + 1) * kConsumers * kWarpgroupThreads;
  const size_t bytes = scratch_bytes + (dynamic ? sizeof(uint32_t) : 0);
  const Scratch scratch(bytes, stream);
  params.scratch = static_cast<float4*>(scratch.data);
  if (dynamic) {
    params.counter = reinterpret_cast<uint32_t*>(static_cast<char*>(scratch.data) + scratch_bytes);
    expect_success(cudaMemsetAsync(params.counter, 0, sizeof(uint32_t), stream), "cudaMemsetAsync");
  }
  launch(forward_kernel<Config>, ctas, kThreads, Config::kSharedBytes, stream, params);
}

template <int kHeadDim, int kValueDim, typename Element>
void forward_instance(const ForwardParams& params, cudaStream_t stream) {
  launch_config<Config<kHeadDim, kValueDim, Element>>(params, stream);
}

}  // namespace flashdiff::cuda::hopper
