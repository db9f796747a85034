#include "failure.h"

#include <new>

#include "flashdiff/error.h"

namespace flashdiff {
namespace {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOutOfMemory: return "ERR_OUT_OF_MEMORY";
    case ErrorCode::kUnsupported: return "ERR_UNSUPPORTED";
    case ErrorCode::kDevice: return "ERR_DEVICE";
    case ErrorCode::kCudaUnavailable: return "ERR_CUDA_UNAVAILABLE";
  }
  return "ERR_DEVICE";
}

// Made while there still is memory, and never destroyed.
const FailureRef& kOutOfHostMemory = *new FailureRef(std::make_shared<const Failure>(
    Failure{"ERR_OUT_OF_MEMORY", "expected more host memory, but the system has none left"}));

FailureRef describe_current() {
  try {
    throw;
  } catch (const Failed& error) {
    return error.cause();
  } catch (const Error& error) {
    return std::make_shared<const Failure>(Failure{name_of(error.code()), error.what()});
  } catch (const std::bad_alloc&) {
    return kOutOfHostMemory;
  } catch (const std::exception& error) {
    return std::make_shared<const Failure>(Failure{"ERR_DEVICE", error.what()});
  } catch (...) {
    return std::make_shared<const Failure>(Failure{"ERR_DEVICE", "an unknown exception"});
  }
}

}  // namespace

FailureRef current_failure() noexcept {
  try {
    return describe_current();
  } catch (...) {
    return kOutOfHostMemory;
  }
}

}  // namespace flashdiff
