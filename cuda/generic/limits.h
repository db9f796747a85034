// What the kernel can compute at all.
#pragma once

#include <cstdint>
#include <limits>

namespace flashdiff::cuda::generic {

inline constexpr int32_t kMaxHeadDim = 128;
inline constexpr int32_t kVector = 8;  // elements of 16 bytes, in which everything is copied
// Whole tiles behind the end of a sequence are counted in 32 bits.
inline constexpr int32_t kMaxLength = std::numeric_limits<int32_t>::max() - 1023;
// Of queries, in a CTA of any configuration: their number is one of 32 bits.
inline constexpr int32_t kFewestRows = 64;

}  // namespace flashdiff::cuda::generic
