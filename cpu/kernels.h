// What each instruction set's build of forward/ offers to the rest of the engine. The arithmetic is
// compiled once per instruction set; which build runs is decided here, once a process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "flashdiff/params.h"

namespace flashdiff::cpu {

// Chosen by the caller within the kernels' steps; nothing here changes what is computed.
struct Tiling {
  int32_t block_m = 0;   // rows a block
  int32_t block_n = 0;   // keys a tile
  int32_t kv_heads = 1;  // a block; several only where its rows are few
};

// A part of the problem. The rows of a kv head are its (query, head of the group) pairs, heads
// innermost: row r is query r / group, head kv_head * group + r % group, group = H / Hkv.
struct Block {
  int32_t batch = 0;
  int32_t kv_head = 0;   // the first
  int32_t kv_heads = 1;  // each with the rows below
  int64_t row_begin = 0;
  int64_t row_end = 0;
  int32_t key_begin = 0;  // keys outside take no part
  int32_t key_end = 0;
};

struct Kernels {
  const char* isa;
  int32_t row_step;  // block_m is a multiple
  int32_t key_step;  // block_n is a multiple
  int32_t max_block_n;
  int64_t few_rows;  // blocks of at most so many read keys and values where they lie

  // Online softmax of a block, kv head by kv head: maxima, sums and unnormalised results of both
  // maps. The size of one head's, a multiple of 16.
  size_t (*state_floats)(const ForwardParams&, int64_t rows);
  size_t (*scratch_floats)(const ForwardParams&, const Tiling&);
  // `state` and `scratch` are aligned to 64 bytes; what they hold before does not matter.
  void (*accumulate)(const ForwardParams&, const Tiling&, const Block&, float* state,
                     float* scratch);
  // Folds the state of the same rows over other keys into `state`.
  void (*merge)(const ForwardParams&, const Block&, float* state, const float* other);
  // Normalises, subtracts, applies the norm and the scale; stores out and lse.
  void (*finish)(const ForwardParams&, const Block&, float* state);

  void (*widen)(DType src_dtype, const void* src, float* dst, int64_t count);
  void (*narrow)(DType dst_dtype, const float* src, void* dst, int64_t count);
};

// The build in use: the fastest that this machine runs, or the one FLASHDIFF_CPU_ISA names. Throws
// Error{kUnsupported} when it names none that runs here.
const Kernels& kernels();
// Fastest first.
std::vector<std::string> runnable_isas();

}  // namespace flashdiff::cpu
