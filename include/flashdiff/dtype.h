// Element types of tensors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flashdiff {

enum class DType : uint8_t { kFloat32, kFloat16, kBFloat16 };

constexpr size_t size_of(DType dtype) { return dtype == DType::kFloat32 ? 4 : 2; }

constexpr const char* name_of(DType dtype) {
  switch (dtype) {
    case DType::kFloat32: return "float32";
    case DType::kFloat16: return "float16";
    case DType::kBFloat16: return "bfloat16";
  }
  return "unknown";
}

}  // namespace flashdiff
