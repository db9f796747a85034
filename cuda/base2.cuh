// Kernels exponentiate in base 2.
#pragma once

namespace flashdiff::cuda {

inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2 = 0.693147181f;

}  // namespace flashdiff::cuda
