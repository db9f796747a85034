// The numbers of ForwardArgs. They travel in one Float64Array: to read a property through Node-API
// takes 0.1 us, and forty of them as long as a small problem.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string_view>

#include "arguments.h"

namespace flashdiff {

// The elements of ForwardNumbers in binding.d.ts, name by name.
constexpr const char* kForwardNumbers[] = {
    "batchSize",
    "numHeads",
    "numKvHeads",
    "seqlenQ",
    "seqlenK",
    "headDim",
    "valueDim",
    "q1Offset",
    "q2Offset",
    "qStrideBatch",
    "qStrideSeq",
    "qStrideHead",
    "k1Offset",
    "k2Offset",
    "kStrideBatch",
    "kStrideSeq",
    "kStrideHead",
    "vLeftOffset",
    "vRightOffset",
    "vStrideBatch",
    "vStrideSeq",
    "vStrideHead",
    "lambda",
    "lambdaOffset",
    "lambdaStrideBatch",
    "lambdaStrideSeq",
    "lambdaStrideHead",
    "softmaxScale",
    "windowLeft",
    "windowRight",
    "sinks",
    "sublnEps",
    "sublnWeightOffset",
    "outputScale",
};

class ForwardNumbers {
 public:
  // One of the names, looked up by the compiler.
  struct Name {
    consteval Name(const char* name) {  // NOLINT: a name is written as such
      while (std::string_view(kForwardNumbers[index]) != name) ++index;
    }
    const char* text() const { return kForwardNumbers[index]; }
    size_t index = 0;
  };

  // `value`: the Float64Array, which is copied.
  ForwardNumbers(Napi::Value value, const char* name);

  int64_t integer(Name name, int64_t min = 0, int64_t max = kMaxInteger) const {
    return to_integer(env_, numbers_[name.index], name.text(), min, max);
  }
  int32_t int32(Name name, int32_t min = 0) const {
    return static_cast<int32_t>(integer(name, min, std::numeric_limits<int32_t>::max()));
  }
  float number(Name name) const { return to_float(env_, numbers_[name.index], name.text()); }

 private:
  const Napi::Env env_;
  double numbers_[std::size(kForwardNumbers)];
};

}  // namespace flashdiff
