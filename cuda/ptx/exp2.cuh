// 2^x of the special function unit: relative error 2^-22, subnormals are zero.
#pragma once

namespace flashdiff::cuda::ptx {

__device__ __forceinline__ float exp2_approx(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

}  // namespace flashdiff::cuda::ptx
