// Copies between pageable host memory and a device, in chunks through two pinned buffers, so that
// the host's copy of one chunk and the device's of another overlap. What the driver takes along
// with the command itself needs no buffer, and waits for none.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <optional>

#include "event.h"

namespace flashdiff::cuda {

class Staging {
 public:
  Staging() = default;
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Both work on the current device, and throw Error{kOutOfMemory} or Error{kDevice}.
  // Returns when `host` has been read; the device's copy takes its turn on the stream.
  void upload(void* dst, const void* host, size_t bytes, cudaStream_t stream);
  // Returns when `host` has been written.
  void download(void* host, const void* src, size_t bytes, cudaStream_t stream);

 private:
  static constexpr size_t kChunkBytes = 4 << 20;
  static constexpr size_t kBytesInCommand = 64 << 10;

  struct Slot {
    std::byte* memory = nullptr;
    std::optional<Event> copied;  // the device is done with `memory`
  };

  // The slot that is free first; its buffer is allocated when first used.
  Slot& next_slot();

  Slot slots_[2];
  int turn_ = 0;
};

}  // namespace flashdiff::cuda
