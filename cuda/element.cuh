// The 16-bit element types of the kernels, and their conversion to and from float.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace flashdiff::cuda {

template <typename Element>
struct ElementPair;
template <>
struct ElementPair<__half> {
  using Type = __half2;
};
template <>
struct ElementPair<__nv_bfloat16> {
  using Type = __nv_bfloat162;
};

__device__ inline float2 to_float2(__half2 pair) { return __half22float2(pair); }
__device__ inline float2 to_float2(__nv_bfloat162 pair) { return __bfloat1622float2(pair); }

template <typename Element>
__device__ inline typename ElementPair<Element>::Type as_pair(uint32_t bits) {
  return *reinterpret_cast<typename ElementPair<Element>::Type*>(&bits);
}

template <typename Element>
__device__ inline float2 unpack(uint32_t bits) {
  return to_float2(as_pair<Element>(bits));
}

// Rounds to nearest even; `low` takes the lower half of the word.
template <typename Element>
__device__ uint32_t pack(float low, float high);
template <>
__device__ inline uint32_t pack<__half>(float low, float high) {
  const __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}
template <>
__device__ inline uint32_t pack<__nv_bfloat16>(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

}  // namespace flashdiff::cuda
