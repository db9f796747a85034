// Stands in for the CUDA engine in a build without it.
#include "flashdiff/engine.h"
#include "flashdiff/error.h"

namespace flashdiff::cuda {
namespace {

constexpr const char* kReason =
    "this build of flashdiff has no CUDA engine, because " FLASHDIFF_WHY_ABSENT;

}  // namespace

CudaInfo info() {
  CudaInfo info;
  info.reason = kReason;
  return info;
}

std::unique_ptr<Engine> make_engine(int /*ordinal*/) {
  throw Error(ErrorCode::kCudaUnavailable, kReason);
}

}  // namespace flashdiff::cuda
