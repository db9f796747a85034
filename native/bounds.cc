#include "bounds.h"

#include <algorithm>
#include <string>

#include "arguments.h"
#include "errors.h"

namespace flashdiff {
namespace {

// Holds sums of products of two integers of 53 bits.
using Wide = __int128;

}  // namespace

size_t bytes_of(Napi::Env env, std::span<const int64_t> shape, DType dtype, const char* name) {
  const bool is_empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  Wide bytes = is_empty ? 0 : static_cast<Wide>(size_of(dtype));
  for (const int64_t extent : shape) {
    bytes *= extent;
    if (bytes > kMaxInteger) {
      throw_out_of_range(env, std::string("expected a size of at most 2^53 - 1 bytes for `") +
                                  name + "`, got a larger one");
    }
  }
  return static_cast<size_t>(bytes);
}

void check_inside(Napi::Env env, const Memory& memory, DType dtype, int64_t offset,
                  std::span<const Axis> axes, const char* name) {
  Wide end = static_cast<Wide>(offset) + 1;
  for (const Axis& axis : axes) {
    if (axis.extent == 0) return;
    end += static_cast<Wide>(axis.extent - 1) * axis.stride;
  }
  const auto elements = static_cast<int64_t>(memory.bytes() / size_of(dtype));
  if (end > elements) {
    throw_out_of_range(
        env, std::string("expected a view inside its storage of ") + std::to_string(elements) +
                 " elements for `" + name + "`, got one " +
                 (end > kMaxInteger ? std::string("that passes 2^53")
                                    : "up to " + std::to_string(static_cast<int64_t>(end))));
  }
}

}  // namespace flashdiff
