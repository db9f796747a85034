// One instruction set's table: element types are chosen here, once a block.
#include "../kernels.h"
#include "direct.h"
#include "finish.h"
#include "packed.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {
namespace {

#if defined(__AVX512BF16__)
constexpr const char* kName = "avx512-bf16";
using BFloat16Product = BFloat16Unit;
#else
using BFloat16Product = FloatUnit;
#if defined(__AVX512F__)
constexpr const char* kName = "avx512";
#elif defined(__AVX2__)
constexpr const char* kName = "avx2";
#else
constexpr const char* kName = "baseline";
#endif
#endif

// Calls f(element, unit of the product) with values of the types that a dtype means.
template <class F>
auto with_types(DType dtype, const F& f) {
  switch (dtype) {
    case DType::kFloat16: return f(Float16(), FloatUnit());
    case DType::kBFloat16: return f(BFloat16(), BFloat16Product());
    default: return f(float(), FloatUnit());
  }
}

size_t state_floats(const ForwardParams& p, int64_t rows) { return State::floats(p, rows); }

size_t scratch_floats(const ForwardParams& p, const Tiling& tiling) {
  return with_types(p.dtype, [&]<class T, class Unit>(T, Unit) {
    if (tiling.block_m <= kFewRows) return DirectBlock<T>::scratch_floats(p, tiling);
    return PackedBlock<T, Unit>::scratch_floats(p, tiling);
  });
}

void accumulate(const ForwardParams& p, const Tiling& tiling, const Block& block, float* state,
                float* scratch) {
  with_types(p.dtype, [&]<class T, class Unit>(T, Unit) {
    if (tiling.block_m <= kFewRows) {
      DirectBlock<T>(p, block, state, scratch).run();
    } else {
      PackedBlock<T, Unit>(p, tiling, block, state, scratch).run();
    }
  });
}

// Calls f(kv head, where its state begins).
template <class F>
void for_each_head(const ForwardParams& p, const Block& block, const F& f) {
  const size_t floats = State::floats(p, block.row_end - block.row_begin);
  for (int32_t i = 0; i < block.kv_heads; ++i) {
    f(block.kv_head + i, static_cast<size_t>(i) * floats);
  }
}

void merge(const ForwardParams& p, const Block& block, float* state, const float* other) {
  for_each_head(p, block, [&](int32_t, size_t at) {
    merge_states(p, block.row_end - block.row_begin, state + at, other + at);
  });
}

void finish(const ForwardParams& p, const Block& block, float* state) {
  with_types(p.dtype, [&]<class T, class Unit>(T, Unit) {
    for_each_head(p, block, [&](int32_t kv_head, size_t at) {
      Finish<T>(p, block, kv_head, state + at).run();
    });
  });
}

void widen(DType dtype, const void* src, float* dst, int64_t count) {
  with_types(dtype, [&]<class T, class Unit>(T, Unit) {
    widen_all(static_cast<const T*>(src), dst, count);
  });
}

void narrow(DType dtype, const float* src, void* dst, int64_t count) {
  with_types(dtype,
             [&]<class T, class Unit>(T, Unit) { narrow_all(src, static_cast<T*>(dst), count); });
}

}  // namespace

extern const Kernels table;
constinit const Kernels table = {
    .isa = kName,
    .row_step = kRows,
    .key_step = kPanel,
    .max_block_n = kMaxBlockN,
    .few_rows = kFewRows,
    .state_floats = state_floats,
    .scratch_floats = scratch_floats,
    .accumulate = accumulate,
    .merge = merge,
    .finish = finish,
    .widen = widen,
    .narrow = narrow,
};

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
