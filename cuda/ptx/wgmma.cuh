// wgmma: a warpgroup multiplies A [64, 16] by B [16, kN] into float accumulators [64, kN].
//
// Accumulators of a thread with lane l in warp w: d[4 i + {0, 1}] are row 16 w + l / 4, columns
// 8 i + 2 (l % 4) + {0, 1}, and d[4 i + {2, 3}] the row 8 below. A from registers has the same
// order, two elements a register: {row, k 0-7}, {row + 8, k 0-7}, {row, k 8-15}, {row + 8, k 8-15}.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <concepts>
#include <cstdint>

#include "shared.cuh"

namespace flashdiff::cuda::ptx {

enum class Swizzle : uint32_t { k128 = 1, k64 = 2 };

// Matrix descriptor of swizzled shared memory. `stride`: bytes between groups of eight rows of
// memory; `leading`: bytes between swizzle-wide columns of memory, where the non-reduced dimension
// is the contiguous one (else ignored).
struct WgmmaDescriptor {
  int32_t low;
  uint32_t high;

  __device__ __forceinline__ WgmmaDescriptor(const void* data, Swizzle swizzle, uint32_t stride,
                                             uint32_t leading)
      : low(static_cast<int32_t>(shared_address(data) >> 4 | leading >> 4 << 16)),
        high(stride >> 4 | static_cast<uint32_t>(swizzle) << 30) {}

  // The same matrix `bytes` further on.
  __device__ __forceinline__ uint64_t at(uint32_t bytes) const {
    return uint64_t{high} << 32 | (static_cast<uint32_t>(low) + (bytes >> 4));
  }
};

// Before the first wgmma that uses registers written by other instructions.
__device__ __forceinline__ void wgmma_fence() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

__device__ __forceinline__ void wgmma_commit() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// Waits until at most kPending committed groups are unfinished.
template <int kPending>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

// Keeps the compiler from moving accesses to these registers across this point: a wgmma writes its
// accumulators after the statement that names them.
template <typename Register, int kCount>
__device__ __forceinline__ void wgmma_hold(Register (&registers)[kCount]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    if constexpr (std::same_as<Register, float>) {
      asm volatile("" : "+f"(registers[i])::"memory");
    } else {
      asm volatile("" : "+r"(registers[i])::"memory");
    }
  }
}

// ss: A and B from shared memory, both contiguous along the reduced dimension.
// rs: A from registers, B from shared memory, contiguous along kN.
// Both add to d, or overwrite it where `accumulate` is 0.
template <int kN, typename Element>
struct Wgmma;

#define FLASHDIFF_D4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define FLASHDIFF_D16(i) \
  FLASHDIFF_D4(i), FLASHDIFF_D4(i + 4), FLASHDIFF_D4(i + 8), FLASHDIFF_D4(i + 12)
#define FLASHDIFF_D32(i) FLASHDIFF_D16(i), FLASHDIFF_D16(i + 16)
#define FLASHDIFF_D64(i) FLASHDIFF_D32(i), FLASHDIFF_D32(i + 32)

#define FLASHDIFF_TEN(t) \
  "%" #t "0,%" #t "1,%" #t "2,%" #t "3,%" #t "4,%" #t "5,%" #t "6,%" #t "7,%" #t "8,%" #t "9"
#define FLASHDIFF_R30 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9," FLASHDIFF_TEN(1) "," FLASHDIFF_TEN(2)
#define FLASHDIFF_R60 FLASHDIFF_R30 "," FLASHDIFF_TEN(3) "," FLASHDIFF_TEN(4) "," FLASHDIFF_TEN(5)
#define FLASHDIFF_R90 FLASHDIFF_R60 "," FLASHDIFF_TEN(6) "," FLASHDIFF_TEN(7) "," FLASHDIFF_TEN(8)

#define FLASHDIFF_UNWRAP(...) __VA_ARGS__

// n0 .. n5: the numbers that follow those of the accumulators.
#define FLASHDIFF_WGMMA(kN, kType, type, D, R, n0, n1, n2, n3, n4, n5)                      \
  template <>                                                                               \
  struct Wgmma<kN, kType> {                                                                 \
    static __device__ __forceinline__ void ss(float (&d)[kN / 2], uint64_t a, uint64_t b,   \
                                              int accumulate) {                             \
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #n2                                 \
                   ", 0;\n"                                                                 \
                   "wgmma.mma_async.sync.aligned.m64n" #kN "k16.f32." type "." type " {" R  \
                   "}, "                                                                    \
                   "%" #n0 ", %" #n1 ", p, 1, 1, 0, 0;\n}\n"                                \
                   : FLASHDIFF_UNWRAP D                                                     \
                   : "l"(a), "l"(b), "r"(accumulate));                                      \
    }                                                                                       \
    static __device__ __forceinline__ void rs(float (&d)[kN / 2], uint32_t a0, uint32_t a1, \
                                              uint32_t a2, uint32_t a3, uint64_t b,         \
                                              int accumulate) {                             \
      asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %" #n5                                 \
                   ", 0;\n"                                                                 \
                   "wgmma.mma_async.sync.aligned.m64n" #kN "k16.f32." type "." type " {" R  \
                   "}, "                                                                    \
                   "{%" #n0 ", %" #n1 ", %" #n2 ", %" #n3 "}, %" #n4 ", p, 1, 1, 1;\n}\n"   \
                   : FLASHDIFF_UNWRAP D                                                     \
                   : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b), "r"(accumulate));          \
    }                                                                                       \
  };
#define FLASHDIFF_WGMMA_BOTH(kN, D, R, ...)                     \
  FLASHDIFF_WGMMA(kN, __nv_bfloat16, "bf16", D, R, __VA_ARGS__) \
  FLASHDIFF_WGMMA(kN, __half, "f16", D, R, __VA_ARGS__)

FLASHDIFF_WGMMA_BOTH(64, (FLASHDIFF_D32(0)), FLASHDIFF_R30 ",%30,%31",  //
                     32, 33, 34, 35, 36, 37)
FLASHDIFF_WGMMA_BOTH(96, (FLASHDIFF_D32(0), FLASHDIFF_D16(32)),
                     FLASHDIFF_R30 "," FLASHDIFF_TEN(3) ",%40,%41,%42,%43,%44,%45,%46,%47",  //
                     48, 49, 50, 51, 52, 53)
FLASHDIFF_WGMMA_BOTH(128, (FLASHDIFF_D64(0)), FLASHDIFF_R60 ",%60,%61,%62,%63",  //
                     64, 65, 66, 67, 68, 69)
FLASHDIFF_WGMMA_BOTH(192, (FLASHDIFF_D64(0), FLASHDIFF_D32(64)),
                     FLASHDIFF_R90 ",%90,%91,%92,%93,%94,%95",  //
                     96, 97, 98, 99, 100, 101)
FLASHDIFF_WGMMA_BOTH(256, (FLASHDIFF_D64(0), FLASHDIFF_D64(64)),
                     FLASHDIFF_R90 "," FLASHDIFF_TEN(9) "," FLASHDIFF_TEN(10) "," FLASHDIFF_TEN(
                         11) ",%120,%121,%122,%123,%124,%125,%126,%127",  //
                     128, 129, 130, 131, 132, 133)

#undef FLASHDIFF_UNWRAP
#undef FLASHDIFF_WGMMA_BOTH
#undef FLASHDIFF_WGMMA
#undef FLASHDIFF_R90
#undef FLASHDIFF_R60
#undef FLASHDIFF_R30
#undef FLASHDIFF_TEN
#undef FLASHDIFF_D64
#undef FLASHDIFF_D32
#undef FLASHDIFF_D16
#undef FLASHDIFF_D4

}  // namespace flashdiff::cuda::ptx
