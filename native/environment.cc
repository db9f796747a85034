#include "environment.h"

#include <algorithm>
#include <utility>

namespace flashdiff {
namespace {

constexpr napi_type_tag kStorageTag = {0x7d1c0f2be5a94c63, 0x9be27a3d41f8065a};
constexpr napi_type_tag kTimerTag = {0x3f86b1d95c7e4a20, 0xa7430e9d682cb1f5};

// Of one storage, told to the garbage collector. V8 starts to mark, which takes half a millisecond,
// when this kind of memory has grown by 64 MiB: a few forgotten tensors should make it, but no
// single one that is disposed as soon as it was used.
constexpr int64_t kMostTold = 32 << 20;

}  // namespace

Environment::Environment(Napi::Env env)
    : storages(env, "Storage", kStorageTag),
      timers(env, "Timer", kTimerTag),
      replies(Replies::open(env)) {}

Napi::Value Environment::wrap(MemoryRef memory) {
  const auto bytes = std::min(static_cast<int64_t>(memory->bytes()), kMostTold);
  return storages.make(std::move(memory), bytes);
}

}  // namespace flashdiff
