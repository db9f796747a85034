// Stands in for the CUDA engine in a build without nvcc.
#include "flashdiff/engine.h"
#include "flashdiff/error.h"

namespace flashdiff::cuda {
namespace {

constexpr const char* kReason =
    "this build of flashdiff has no CUDA engine, because nvcc was not found when it was built";

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
