// The numbers that a kernel of this family is built from. They change its speed and never what it
// computes. README.md has the arithmetic behind them.
#pragma once

namespace flashdiff::cuda::hopper {

// kBlockN             keys a tile
// kMaps               1: a warpgroup takes the maps of its rows one after the other
//                     2: it holds both, and they take turns
// kKeySlots           key tiles (of one map) in flight
// kValueSlots         value tiles in flight
//
// Registers a thread, of 232: scores kBlockN / 2, weights half of that, kMaps outputs Dv / 2 each.
template <int kHeadDim, int kValueDim>
struct Tiling;

// 64 + 32 + 64 = 160. 160 and 176 keys are 2 % faster on long sequences and slower on short ones
// and in windows.
template <>
struct Tiling<64, 128> {
  static constexpr int kBlockN = 128;
  static constexpr int kMaps = 1;
  static constexpr int kKeySlots = 3;
  static constexpr int kValueSlots = 3;
};

// 64 + 32 + 96 = 192; 144 keys spill.
template <>
struct Tiling<96, 192> {
  static constexpr int kBlockN = 128;
  static constexpr int kMaps = 1;
  static constexpr int kKeySlots = 3;
  static constexpr int kValueSlots = 2;
};

// 48 + 24 + 128 = 200; 112 keys spill.
template <>
struct Tiling<128, 256> {
  static constexpr int kBlockN = 96;
  static constexpr int kMaps = 1;
  static constexpr int kKeySlots = 3;
  static constexpr int kValueSlots = 2;
};

// 64 + 32 + 2 * 32 = 160. The maps share keys and values, so that both at a time pay.
template <>
struct Tiling<64, 64> {
  static constexpr int kBlockN = 128;
  static constexpr int kMaps = 2;
  static constexpr int kKeySlots = 2;
  static constexpr int kValueSlots = 3;
};

// 64 + 32 + 64 = 160. Two maps at a time allow 64 keys, and are slower.
template <>
struct Tiling<128, 128> {
  static constexpr int kBlockN = 128;
  static constexpr int kMaps = 1;
  static constexpr int kKeySlots = 3;
  static constexpr int kValueSlots = 2;
};

}  // namespace flashdiff::cuda::hopper
