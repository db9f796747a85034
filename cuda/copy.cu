#include <algorithm>
#include <cstdint>

#include "copy.h"
#include "element.cuh"
#include "launch.h"

namespace flashdiff::cuda {
namespace {

// Strides are of vectors where a thread takes several elements.
struct Gather {
  int32_t rank;
  int64_t count;  // of vectors
  int64_t shape[CopyParams::kMaxRank];
  int64_t strides[CopyParams::kMaxRank];
};

template <typename T, int kSize>
struct alignas(sizeof(T) * kSize < 16 ? sizeof(T) * kSize : 16) Vector {
  T data[kSize];
};

template <typename Dst, typename Src>
__device__ Dst convert(Src x) {
  if constexpr (std::is_same_v<Dst, Src>) {
    return x;
  } else {
    return static_cast<Dst>(static_cast<float>(x));
  }
}

// Index is 32 bits wide where that holds the count: division is most of the work.
template <typename Src, typename Dst, int kSize, typename Index>
__global__ void gather(const __grid_constant__ Gather gather, const Vector<Src, kSize>* src,
                       Vector<Dst, kSize>* dst) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < gather.count; i += step) {
    Index rest = static_cast<Index>(i);
    int64_t offset = 0;
    for (int dim = gather.rank - 1; dim > 0; --dim) {
      const Index extent = static_cast<Index>(gather.shape[dim]);
      const Index next = rest / extent;
      offset += int64_t{rest - next * extent} * gather.strides[dim];
      rest = next;
    }
    const Vector<Src, kSize> in = src[offset + int64_t{rest} * gather.strides[0]];
    Vector<Dst, kSize> out;
#pragma unroll
    for (int e = 0; e < kSize; ++e) out.data[e] = convert<Dst>(in.data[e]);
    dst[i] = out;
  }
}

// Drops dimensions of one element and joins those that lie behind each other without a gap.
Gather simplify(const CopyParams& params) {
  Gather g{.rank = 0, .count = params.size(), .shape = {}, .strides = {}};
  for (int dim = 0; dim < params.rank; ++dim) {
    const int64_t extent = params.shape[dim];
    const int64_t stride = params.strides[dim];
    if (extent == 1) continue;
    if (g.rank > 0 && g.strides[g.rank - 1] == extent * stride) {
      g.shape[g.rank - 1] *= extent;
      g.strides[g.rank - 1] = stride;
    } else {
      g.shape[g.rank] = extent;
      g.strides[g.rank++] = stride;
    }
  }
  if (g.rank == 0) g = {.rank = 1, .count = g.count, .shape = {1}, .strides = {1}};
  return g;
}

bool is_vectorizable(const Gather& g, const CopyParams& params, int size) {
  const int last = g.rank - 1;
  if (g.strides[last] != 1 || g.shape[last] % size != 0) return false;
  const auto aligned = [&](const void* data, DType dtype) {
    return reinterpret_cast<uintptr_t>(data) % std::min<size_t>(size * size_of(dtype), 16) == 0;
  };
  return std::all_of(g.strides, g.strides + last, [&](int64_t s) { return s % size == 0; }) &&
         aligned(params.src, params.src_dtype) && aligned(params.dst, params.dst_dtype);
}

template <typename Src, typename Dst, int kSize>
void launch_gather(Gather g, const CopyParams& params, cudaStream_t stream) {
  g.count /= kSize;
  g.shape[g.rank - 1] /= kSize;
  for (int dim = 0; dim < g.rank - 1; ++dim) g.strides[dim] /= kSize;
  constexpr int kThreads = 256;
  constexpr int64_t kMaxBlocks = 1 << 16;
  const auto blocks =
      static_cast<unsigned>(std::min((g.count + kThreads - 1) / kThreads, kMaxBlocks));
  const auto kernel =
      g.count <= UINT32_MAX ? gather<Src, Dst, kSize, uint32_t> : gather<Src, Dst, kSize, int64_t>;
  launch(kernel, blocks, kThreads, 0, stream, g, static_cast<const Vector<Src, kSize>*>(params.src),
         static_cast<Vector<Dst, kSize>*>(params.dst));
}

template <typename Src, typename Dst>
void copy_as(const CopyParams& params, cudaStream_t stream) {
  constexpr int kSize = 8;
  const Gather g = simplify(params);
  if (is_vectorizable(g, params, kSize)) {
    launch_gather<Src, Dst, kSize>(g, params, stream);
  } else {
    launch_gather<Src, Dst, 1>(g, params, stream);
  }
}

template <typename Src>
void copy_from(const CopyParams& params, cudaStream_t stream) {
  switch (params.dst_dtype) {
    case DType::kFloat32: return copy_as<Src, float>(params, stream);
    case DType::kFloat16: return copy_as<Src, __half>(params, stream);
    case DType::kBFloat16: return copy_as<Src, __nv_bfloat16>(params, stream);
  }
}

}  // namespace

void copy(const CopyParams& params, cudaStream_t stream) {
  if (params.size() == 0) return;
  switch (params.src_dtype) {
    case DType::kFloat32: return copy_from<float>(params, stream);
    case DType::kFloat16: return copy_from<__half>(params, stream);
    case DType::kBFloat16: return copy_from<__nv_bfloat16>(params, stream);
  }
}

}  // namespace flashdiff::cuda
