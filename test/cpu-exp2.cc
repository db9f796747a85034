// Scans 2^x of one instruction set's build over the floats of [-126, 0], every STEP-th, against
// double precision; prints the largest error in units in the last place, and where: a NaN is worse
// than any number.
//
// usage: cpu-exp2 STEP     built by cpu-exp2.test.ts
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "exp2.h"

namespace kernels = flashdiff::cpu::FLASHDIFF_ISA;

static float exp2_of(float x) { return kernels::exp2(kernels::splat(x))[0]; }

int main(int argc, char** argv) {
  const auto step = static_cast<uint32_t>(argc > 1 ? std::atoi(argv[1]) : 1);
  constexpr uint32_t kFirst = 0x80000000;  // -0
  constexpr uint32_t kLast = 0xc2fc0000;   // -126
  constexpr double kWorst = 1e9;           // a number that JSON can hold
  double worst = 0;
  float at = 0;
  for (uint32_t bits = kFirst; bits <= kLast; bits += step * kernels::kLanes) {
    float x[kernels::kLanes];
    float y[kernels::kLanes];
    for (uint32_t i = 0; i < kernels::kLanes; ++i) {
      const uint32_t one = bits + i * step < kLast ? bits + i * step : kLast;
      std::memcpy(&x[i], &one, sizeof one);
    }
    kernels::store(y, kernels::exp2(kernels::load(x)));
    for (int i = 0; i < kernels::kLanes; ++i) {
      const double exact = std::exp2(static_cast<double>(x[i]));
      const double unit = std::ldexp(1.0, std::ilogb(exact) - 23);
      const double error = std::fabs(y[i] - exact) / unit;
      if (error <= worst) continue;
      worst = std::isnan(error) ? kWorst : error;
      at = x[i];
    }
  }
  const float infinity = std::numeric_limits<float>::infinity();
  std::printf("{\"ulp\": %.4f, \"at\": %.9g, \"ofZero\": %.9g, \"far\": %.9g, ", worst, at,
              exp2_of(0.0f), exp2_of(-1e30f));
  std::printf("\"ofMinusInfinity\": %.9g, \"keepsNaN\": %s}\n", exp2_of(-infinity),
              std::isnan(exp2_of(std::nanf("0x7ffff"))) ? "true" : "false");
}
