#include "fill.h"

#include <cstdlib>
#include <string_view>

#include "flashdiff/params.h"

namespace flashdiff {

// A copy that reads one element again and again.
void fill(Engine& engine, std::byte* data, DType dtype, int64_t count, uint32_t bits) {
  CopyParams params{.src_dtype = dtype, .dst_dtype = dtype, .rank = 1, .shape = {count}};
  void* element = engine.allocate(sizeof bits);
  try {
    engine.upload(element, &bits, sizeof bits);
    params.src = element;
    params.dst = data;
    engine.copy(params);
  } catch (...) {
    engine.release(element, sizeof bits);
    throw;
  }
  engine.release(element, sizeof bits);
}

void poison(Engine& engine, std::byte* data, size_t bytes) {
  static const bool wanted = [] {
    const char* value = std::getenv("FLASHDIFF_POISON");
    return value != nullptr && std::string_view(value) == "1";
  }();
  constexpr uint32_t kNaN = 0xFFFFFFFF;  // in every dtype, at every offset
  const size_t size = size_of(DType::kBFloat16);
  if (wanted) fill(engine, data, DType::kBFloat16, static_cast<int64_t>(bytes / size), kNaN);
}

}  // namespace flashdiff
