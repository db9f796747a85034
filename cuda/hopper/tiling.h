// The numbers that a kernel of this family is built from. They change its speed and never what it
// computes. README.md has the arithmetic behind them.
#pragma once

namespace flashdiff::cuda::hopper {

// kBlockN             keys a tile
// kMaps               2: a warpgroup holds both maps of its rows, and they take turns
//                     1: one map a CTA; the two CTAs of a cluster hold the maps of the same rows
// kKeySlots           key tiles (of one map) in flight
// kValueSlots         value tiles in flight
// unit kPingPong           the two consumer warpgroups issue their products in turn
template <int kHeadDim, int kValueDim>
struct Tiling;

// Registers: scores 48, weights 24, two outputs 128: 200.
template <>
struct Tiling<64, 128> {
  static constexpr int kBlockN = 96;
  static constexpr int kMaps = 2;
  static constexpr int kKeySlots = 4;
  static constexpr int kValueSlots = 2;
  static constexpr bool kPingPong = false;
};

// Scores 64, weights 32, output 96: 192. 216 KB; 144 keys would pass 227 KB.
template <>
struct Tiling<96, 192> {
  static constexpr int kBlockN = 128;
  static constexpr int kMaps = 1;
  static constexpr int kKeySlots = 2;
  static constexpr int kValueSlots = 2;
  static constexpr bool kPingPong = false;
};

// Scores 48, weights 24, output 128: 200. 194 KB; 112 keys have no registers.
template <>
struct Tiling<128, 256> {
  static constexpr int kBlockN = 96;
  static constexpr int kMaps = 1;
  static constexpr int kKeySlots = 2;
  static constexpr int kValueSlots = 2;
  static constexpr bool kPingPong = false;
};

// Scores 72, weights 36, two outputs 64: 172; 160 keys spill.
template <>
struct Tiling<64, 64> {
  static constexpr int kBlockN = 128;
  static constexpr int kMaps = 2;
  static constexpr int kKeySlots = 2;
  static constexpr int kValueSlots = 3;
  static constexpr bool kPingPong = true;
};

// As 64/128.
template <>
struct Tiling<128, 128> {
  static constexpr int kBlockN = 96;
  static constexpr int kMaps = 2;
  static constexpr int kKeySlots = 2;
  static constexpr int kValueSlots = 2;
  static constexpr bool kPingPong = false;
};

}  // namespace flashdiff::cuda::hopper
