#include "kernels.h"

#include <cstdlib>

#include "flashdiff/error.h"

namespace flashdiff::cpu {

#ifdef FLASHDIFF_CPU_X86
namespace avx512_bf16 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
namespace avx2 {
extern const Kernels table;
}
#endif
namespace baseline {
extern const Kernels table;
}

namespace {

std::vector<const Kernels*> runnable() {
  std::vector<const Kernels*> found;
#ifdef FLASHDIFF_CPU_X86
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("f16c");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                          __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  // Intel's dot products of bfloat16 have half the rate of fused multiply-adds, AMD's twice.
  const bool has_bf16 = has_avx512 && __builtin_cpu_supports("avx512bf16");
  const bool is_bf16_fast = !__builtin_cpu_is("intel");
  if (has_bf16 && is_bf16_fast) found.push_back(&avx512_bf16::table);
  if (has_avx512) found.push_back(&avx512::table);
  if (has_bf16 && !is_bf16_fast) found.push_back(&avx512_bf16::table);
  if (has_avx2) found.push_back(&avx2::table);
#endif
  found.push_back(&baseline::table);
  return found;
}

const Kernels& choose() {
  const std::vector<const Kernels*> found = runnable();
  const char* wanted = std::getenv("FLASHDIFF_CPU_ISA");
  if (wanted == nullptr || *wanted == '\0') return *found.front();
  std::string names;
  for (const Kernels* kernels : found) {
    if (std::string(kernels->isa) == wanted) return *kernels;
    names += (names.empty() ? "" : ", ") + std::string(kernels->isa);
  }
  throw Error(ErrorCode::kUnsupported,
              "expected FLASHDIFF_CPU_ISA to be one of those that this machine runs (" + names +
                  "), got '" + wanted + "'");
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

std::vector<std::string> runnable_isas() {
  std::vector<std::string> names;
  for (const Kernels* kernels : runnable()) names.emplace_back(kernels->isa);
  return names;
}

}  // namespace flashdiff::cpu
