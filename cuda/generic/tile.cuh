// A tile of 16-bit elements in shared memory, and how it is filled.
#pragma once

#include <cstdint>

#include "../ptx/cp_async.cuh"
#include "../ptx/shared.cuh"

namespace flashdiff::cuda::generic {

// Rows of 16-byte chunks. The chunks of a row are permuted (exclusive or with the row), so that
// the same chunk of eight rows on end, as ldmatrix reads it, lies in all 32 banks.
template <int kRows_, int kCols>
struct alignas(128) Tile {
  static constexpr int kRows = kRows_;
  static constexpr int kChunks = kCols / 8;
  static constexpr int kPeriod = kChunks % 8 == 0 ? 8 : 4;  // chunks permuted among each other
  static constexpr int kRowBytes = 16 * kChunks;
  static_assert(kChunks % kPeriod == 0);

  uint4 chunks[kRows * kChunks];

  __device__ static constexpr int index(int row, int chunk) {
    return row * kChunks + (chunk ^ (kPeriod == 8 ? row % 8 : row / 2 % 4));
  }

  __device__ uint32_t address(int row, int chunk) const {
    return ptx::shared_address(chunks + index(row, chunk));
  }

  // From the address of a chunk to that of one `distance` further in its row. Within a period the
  // two numbers must have no bit in common.
  __device__ static constexpr uint32_t advance(uint32_t address, int distance) {
    return (address ^ (distance % kPeriod * 16)) + distance / kPeriod * kPeriod * 16;
  }
};

// Rows of floats. The 16-byte chunks are permuted so that a warp's writes from the layout of mma
// accumulators, 8 bytes a lane on eight rows, spread over all banks.
template <int kRows, int kCols>
struct alignas(128) FloatTile {
  float4 chunks[kRows * kCols / 4];

  // Two elements, of which the first has an even column.
  __device__ float2* pair(int row, int column) {
    const int chunk = row * (kCols / 4) + (column / 4 ^ row % 4 * 2);
    return reinterpret_cast<float2*>(chunks + chunk) + column / 2 % 2;
  }
};

// The rows of one head: one base for keys and queries, two for a value in two halves.
template <typename Element, int kHalves>
struct Rows {
  const void* bases[2];
  int64_t offset;  // of the head, in elements
  int64_t stride;  // elements
  int32_t count;
  int32_t head_dim;  // of a half

  __device__ __forceinline__ const Element* base(int half) const {
    return static_cast<const Element*>(kHalves == 2 && half == 1 ? bases[1] : bases[0]);
  }
};

// Starts copying rows [first, first + T::kRows) to shared memory; rows and columns that do not
// exist become zeros.
template <int kThreads, class T, typename Element, int kHalves>
__device__ __forceinline__ void load_tile(T& tile, const Rows<Element, kHalves>& rows,
                                          int32_t first) {
  constexpr int kLanes = T::kPeriod;  // threads that share a row
  constexpr int kRowStep = kThreads / kLanes;
  constexpr int kHalfChunks = T::kChunks / kHalves;
  static_assert(kRowStep % 8 == 0);
  const int lane = threadIdx.x % kLanes;
  const int thread_row = threadIdx.x / kLanes;
  const uint32_t address = tile.address(thread_row, lane);
#pragma unroll
  for (int i = 0; i < T::kRows; i += kRowStep) {
    if (T::kRows % kRowStep != 0 && thread_row + i >= T::kRows) break;
    const int32_t row = first + thread_row + i;
    const int64_t offset = rows.offset + row * rows.stride;
#pragma unroll
    for (int j = 0; j < T::kChunks; j += kLanes) {
      const int half = (lane + j) / kHalfChunks;
      const int column = (lane + j) % kHalfChunks * 8;
      ptx::cp_async_16(address + i * T::kRowBytes + j * 16, rows.base(half) + offset + column,
                       row < rows.count && column < rows.head_dim);
    }
  }
}

}  // namespace flashdiff::cuda::generic
