#include "gather.h"

#include <algorithm>
#include <cstring>

#include "flashdiff/engine.h"
#include "kernels.h"

namespace flashdiff::cpu {
namespace {

constexpr int64_t kChunk = 512;  // elements converted at a time
constexpr int64_t kElementsPerTask = 1 << 16;

// The same elements in the same order with as few dimensions as possible, at least one.
struct Layout {
  explicit Layout(const CopyParams& p) {
    for (int32_t i = 0; i < p.rank; ++i) {
      if (p.shape[i] == 1) continue;
      if (rank > 0 && strides[rank - 1] == p.strides[i] * p.shape[i]) {
        shape[rank - 1] *= p.shape[i];
        strides[rank - 1] = p.strides[i];
      } else {
        shape[rank] = p.shape[i];
        strides[rank++] = p.strides[i];
      }
    }
    if (rank == 0) shape[rank++] = 1;
  }

  int32_t rank = 0;
  int64_t shape[CopyParams::kMaxRank] = {};
  int64_t strides[CopyParams::kMaxRank] = {1};
};

template <class Element>
void pick(const char* src, int64_t stride, Element* dst, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(dst + i, src + i * stride * static_cast<int64_t>(sizeof(Element)), sizeof(Element));
  }
}

void copy_run(const CopyParams& p, const char* src, int64_t stride, char* dst, int64_t count) {
  if (stride == 1) return convert(p.src_dtype, src, p.dst_dtype, dst, count);
  const auto src_size = static_cast<int64_t>(size_of(p.src_dtype));
  const auto dst_size = static_cast<int64_t>(size_of(p.dst_dtype));
  uint32_t picked[kChunk];
  for (int64_t i = 0; i < count; i += kChunk) {
    const int64_t n = std::min(kChunk, count - i);
    const char* from = src + i * stride * src_size;
    if (src_size == 4) {
      pick(from, stride, picked, n);
    } else {
      pick(from, stride, reinterpret_cast<uint16_t*>(picked), n);
    }
    convert(p.src_dtype, picked, p.dst_dtype, dst + i * dst_size, n);
  }
}

// Elements [begin, end) of the result.
void copy_part(const CopyParams& p, const Layout& layout, int64_t begin, int64_t end) {
  const auto* src = static_cast<const char*>(p.src);
  auto* dst = static_cast<char*>(p.dst);
  const int32_t inner = layout.rank - 1;
  int64_t index[CopyParams::kMaxRank];
  int64_t rest = begin;
  int64_t offset = 0;
  for (int32_t i = inner; i >= 0; --i) {
    index[i] = rest % layout.shape[i];
    rest /= layout.shape[i];
    offset += index[i] * layout.strides[i];
  }
  while (begin < end) {
    const int64_t run = std::min(layout.shape[inner] - index[inner], end - begin);
    copy_run(p, src + offset * static_cast<int64_t>(size_of(p.src_dtype)), layout.strides[inner],
             dst + begin * static_cast<int64_t>(size_of(p.dst_dtype)), run);
    begin += run;
    index[inner] += run;
    offset += run * layout.strides[inner];
    for (int32_t i = inner; i > 0 && index[i] == layout.shape[i]; --i) {
      offset += layout.strides[i - 1] - index[i] * layout.strides[i];
      index[i] = 0;
      ++index[i - 1];
    }
  }
}

}  // namespace

void convert(DType src_dtype, const void* src, DType dst_dtype, void* dst, int64_t count) {
  const Kernels& kernels = cpu::kernels();
  if (src_dtype == dst_dtype) {
    if (count > 0) std::memcpy(dst, src, static_cast<size_t>(count) * size_of(src_dtype));
  } else if (src_dtype == DType::kFloat32) {
    kernels.narrow(dst_dtype, static_cast<const float*>(src), dst, count);
  } else if (dst_dtype == DType::kFloat32) {
    kernels.widen(src_dtype, src, static_cast<float*>(dst), count);
  } else {
    float wide[kChunk];
    for (int64_t i = 0; i < count; i += kChunk) {
      const int64_t n = std::min(kChunk, count - i);
      kernels.widen(src_dtype, static_cast<const uint16_t*>(src) + i, wide, n);
      kernels.narrow(dst_dtype, wide, static_cast<uint16_t*>(dst) + i, n);
    }
  }
}

void gather(const CopyParams& p, ThreadPool& pool) {
  const int64_t size = p.size();
  if (size == 0) return;
  const Layout layout(p);
  const int64_t tasks = (size + kElementsPerTask - 1) / kElementsPerTask;
  pool.run(tasks, static_cast<int>(std::min<int64_t>(tasks, pool.threads())), [&](int64_t task) {
    const int64_t begin = task * kElementsPerTask;
    copy_part(p, layout, begin, std::min(begin + kElementsPerTask, size));
  });
}

}  // namespace flashdiff::cpu
