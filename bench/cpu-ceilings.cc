// What this machine can do at most, printed as JSON: floating-point operations a second in a loop
// of independent fused multiply-adds, the same of bfloat16 dot products where it has them, and
// bytes a second read from memory, on N threads.
//
// usage: cpu-ceilings THREADS     built by bench/cpu.mjs with -O3 -march=native -ffp-contract=fast
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
constexpr int kSums = 12;  // more than latency times throughput of any core so far
constexpr int64_t kSteps = 1 << 22;
constexpr int64_t kFloats = 1 << 26;  // 256 MiB: beyond every cache
constexpr size_t kHugePage = size_t{2} << 20;
constexpr int kRounds = 15;

using Vec [[gnu::vector_size(kLanes * 4)]] = float;

volatile float sink;

double seconds_of(int threads, const std::function<void(int)>& work) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> pool;
  for (int i = 1; i < threads; ++i) pool.emplace_back(work, i);
  work(0);
  for (std::thread& thread : pool) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void multiply_add(int seed) {
  Vec sums[kSums];
  for (int v = 0; v < kSums; ++v) sums[v] = Vec{} + static_cast<float>(v);
  const Vec a = Vec{} + 1.0f / static_cast<float>(seed + 2);
  const Vec b = Vec{} + 0.5f;
  for (int64_t i = 0; i < kSteps; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kSums; ++v) sums[v] = sums[v] * a + b;
  }
  for (int i = 1; i < kSums; ++i) sums[0] += sums[i];
  sink = sums[0][0];
}

#ifdef __AVX512BF16__
void multiply_add_bfloat16(int seed) {
  Vec sums[kSums];
  for (int v = 0; v < kSums; ++v) sums[v] = Vec{} + static_cast<float>(v);
  const Vec value = Vec{} + 1.0f / static_cast<float>(seed + 2);
  const __m512bh a = _mm512_cvtne2ps_pbh(value, value);
  for (int64_t i = 0; i < kSteps; ++i) {
#pragma GCC unroll 16
    for (int v = 0; v < kSums; ++v) sums[v] = _mm512_dpbf16_ps(sums[v], a, a);
  }
  for (int i = 1; i < kSums; ++i) sums[0] += sums[i];
  sink = sums[0][0];
}
#endif

void read(const float* data, int64_t count) {
  Vec sums[8] = {};
  for (int64_t i = 0; i < count; i += 8 * kLanes) {
#pragma GCC unroll 8
    for (int v = 0; v < 8; ++v) sums[v] += *reinterpret_cast<const Vec*>(data + i + v * kLanes);
  }
  for (int i = 1; i < 8; ++i) sums[0] += sums[i];
  sink = sums[0][0];
}

void print(const char* name, double scale, std::vector<double> seconds, const char* end) {
  std::sort(seconds.begin(), seconds.end());
  std::printf("\"%s\": {\"median\": %.2f, \"max\": %.2f, \"min\": %.2f}%s", name,
              scale / seconds[seconds.size() / 2], scale / seconds.front(), scale / seconds.back(),
              end);
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = std::max(1, argc > 1 ? std::atoi(argv[1]) : 1);
  struct Free {
    void operator()(float* memory) const { std::free(memory); }
  };
  const std::unique_ptr<float, Free> memory(
      static_cast<float*>(std::aligned_alloc(kHugePage, kFloats * sizeof(float))));
  if (!memory) return 1;
  float* const data = memory.get();
#ifdef __linux__
  madvise(data, kFloats * sizeof(float), MADV_HUGEPAGE);
#endif
  const int64_t share = kFloats / threads / 1024 * 1024;
  seconds_of(threads, [&](int i) { std::fill_n(data + i * share, share, 1.0f); });

  std::vector<double> arithmetic;
  std::vector<double> bfloat16;
  std::vector<double> reading;
  for (int round = 0; round < kRounds; ++round) {
    arithmetic.push_back(seconds_of(threads, multiply_add));
#ifdef __AVX512BF16__
    bfloat16.push_back(seconds_of(threads, multiply_add_bfloat16));
#endif
    reading.push_back(seconds_of(threads, [&](int i) { read(data + i * share, share); }));
  }
  const double flops = 2.0 * kLanes * kSums * kSteps * threads;
  const double bytes = static_cast<double>(share) * sizeof(float) * threads;
  std::printf("{\"threads\": %d, ", threads);
  print("gflops", flops / 1e9, arithmetic, ", ");
  if (!bfloat16.empty()) print("gflopsOfBFloat16", 2 * flops / 1e9, bfloat16, ", ");
  print("gbps", bytes / 1e9, reading, "}\n");
}
