// Sizes and reach of views, safe from overflow: every extent, stride and offset is at most 2^53.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

#include "flashdiff/dtype.h"
#include "memory.h"

namespace flashdiff {

struct Axis {
  int64_t extent;
  int64_t stride;
};

// The bytes of an array of this shape. Throws RangeError when they pass 2^53.
size_t bytes_of(Napi::Env env, std::span<const int64_t> shape, DType dtype, const char* name);

// Throws RangeError unless the view lies inside the storage. An empty view reads nothing, so its
// offset may be anywhere.
void check_inside(Napi::Env env, const Memory& memory, DType dtype, int64_t offset,
                  std::span<const Axis> axes, const char* name);

}  // namespace flashdiff
