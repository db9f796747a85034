#include "staging.h"

#include <algorithm>
#include <cstring>

#include "error.h"

namespace flashdiff::cuda {

Staging::~Staging() {
  for (Slot& slot : slots_) {
    if (slot.memory != nullptr) cudaFreeHost(slot.memory);
  }
}

Staging::Slot& Staging::next_slot() {
  Slot& slot = slots_[turn_];
  turn_ ^= 1;
  if (!slot.copied) slot.copied.emplace(cudaEventDisableTiming);
  if (slot.memory == nullptr) {
    void* memory = nullptr;
    expect_success(cudaHostAlloc(&memory, kChunkBytes, cudaHostAllocDefault), "cudaHostAlloc");
    slot.memory = static_cast<std::byte*>(memory);
  }
  slot.copied->wait();
  return slot;
}

void Staging::upload(void* dst, const void* host, size_t bytes, cudaStream_t stream) {
  if (bytes <= kBytesInCommand) {
    expect_success(cudaMemcpyAsync(dst, host, bytes, cudaMemcpyHostToDevice, stream),
                   "cudaMemcpyAsync");
    return;
  }
  for (size_t begin = 0; begin < bytes; begin += kChunkBytes) {
    const size_t size = std::min(kChunkBytes, bytes - begin);
    Slot& slot = next_slot();
    std::memcpy(slot.memory, static_cast<const std::byte*>(host) + begin, size);
    expect_success(cudaMemcpyAsync(static_cast<std::byte*>(dst) + begin, slot.memory, size,
                                   cudaMemcpyHostToDevice, stream),
                   "cudaMemcpyAsync");
    slot.copied->record(stream);
  }
}

void Staging::download(void* host, const void* src, size_t bytes, cudaStream_t stream) {
  Slot* pending = nullptr;
  size_t pending_begin = 0;
  const auto finish = [&](size_t end) {
    if (pending == nullptr) return;
    pending->copied->wait();
    std::memcpy(static_cast<std::byte*>(host) + pending_begin, pending->memory,
                end - pending_begin);
  };
  for (size_t begin = 0; begin < bytes; begin += kChunkBytes) {
    Slot& slot = next_slot();
    expect_success(
        cudaMemcpyAsync(slot.memory, static_cast<const std::byte*>(src) + begin,
                        std::min(kChunkBytes, bytes - begin), cudaMemcpyDeviceToHost, stream),
        "cudaMemcpyAsync");
    slot.copied->record(stream);
    finish(begin);
    pending = &slot;
    pending_begin = begin;
  }
  finish(bytes);
}

}  // namespace flashdiff::cuda
