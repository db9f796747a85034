// One value in every element of a memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "flashdiff/dtype.h"
#include "flashdiff/engine.h"

namespace flashdiff {

// In order, like the engine's own functions. `bits` begins with the element.
void fill(Engine& engine, std::byte* data, DType dtype, int64_t count, uint32_t bits);

// With FLASHDIFF_POISON=1, which tests set, results begin as NaN: what no kernel writes shows.
void poison(Engine& engine, std::byte* data, size_t bytes);

}  // namespace flashdiff
