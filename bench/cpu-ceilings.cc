// What N threads of this machine can do at most, printed as JSON: floating-point operations a
// second in loops of independent fused multiply-adds, the same of bfloat16 dot products where it
// has them, and bytes a second read from memory. Of arithmetic, what the threads do together in a
// given time: none waits for a slower one. `multiply-adds` measures the first alone, briefly.
//
// usage: cpu-ceilings THREADS [multiply-adds]     built by bench/ceilings.mjs
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <numeric>
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
constexpr int64_t kSteps = 1 << 14;
constexpr std::chrono::milliseconds kSpan{8};
constexpr int64_t kFloats = 1 << 26;  // 256 MiB: beyond every cache
constexpr size_t kHugePage = size_t{2} << 20;
constexpr int kRounds = 15;
constexpr int kBriefRounds = 5;

using Vec [[gnu::vector_size(kLanes * 4)]] = float;

volatile float sink;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void on_threads(int threads, const std::function<void(int)>& work) {
  std::vector<std::thread> pool;
  for (int i = 1; i < threads; ++i) pool.emplace_back(work, i);
  work(0);
  for (std::thread& thread : pool) thread.join();
}

// How often a second all threads together do `work`.
double rate_of(int threads, const std::function<void(int)>& work) {
  std::vector<double> rates(static_cast<size_t>(threads));
  std::atomic<int> missing = threads;
  on_threads(threads, [&](int i) {
    // Awake: who sleeps may wake on the core of another.
    for (--missing; missing > 0;) std::this_thread::yield();
    const auto start = Clock::now();
    int64_t times = 0;
    for (; Clock::now() - start < kSpan; ++times) work(i);
    rates[static_cast<size_t>(i)] = static_cast<double>(times) / seconds_since(start);
  });
  return std::accumulate(rates.begin(), rates.end(), 0.0);
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

void print(const char* name, std::vector<double> rates, const char* end) {
  std::sort(rates.begin(), rates.end());
  std::printf("\"%s\": {\"median\": %.2f, \"max\": %.2f, \"min\": %.2f}%s", name,
              rates[rates.size() / 2], rates.back(), rates.front(), end);
}

double gflops_of(int threads) {
  return 2e-9 * kLanes * kSums * kSteps * rate_of(threads, multiply_add);
}

int measure_briefly(int threads) {
  std::vector<double> gflops;
  gflops_of(threads);  // wakes the cores
  for (int round = 0; round < kBriefRounds; ++round) gflops.push_back(gflops_of(threads));
  std::printf("{\"threads\": %d, ", threads);
  print("gflops", gflops, "}\n");
  return 0;
}

int measure_all(int threads) {
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
  const double gigabytes = 1e-9 * static_cast<double>(share) * sizeof(float) * threads;
  on_threads(threads, [&](int i) { std::fill_n(data + i * share, share, 1.0f); });

  std::vector<double> gflops;
  std::vector<double> gflops_of_bfloat16;
  std::vector<double> gbps;
  for (int round = 0; round < kRounds; ++round) {
    gflops.push_back(gflops_of(threads));
#ifdef __AVX512BF16__
    gflops_of_bfloat16.push_back(4e-9 * kLanes * kSums * kSteps *
                                 rate_of(threads, multiply_add_bfloat16));
#endif
    const auto start = Clock::now();
    on_threads(threads, [&](int i) { read(data + i * share, share); });
    gbps.push_back(gigabytes / seconds_since(start));
  }
  std::printf("{\"threads\": %d, ", threads);
  print("gflops", gflops, ", ");
  if (!gflops_of_bfloat16.empty()) print("gflopsOfBFloat16", gflops_of_bfloat16, ", ");
  print("gbps", gbps, "}\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = std::max(1, argc > 1 ? std::atoi(argv[1]) : 1);
  const bool brief = argc > 2 && std::strcmp(argv[2], "multiply-adds") == 0;
  return brief ? measure_briefly(threads) : measure_all(threads);
}
