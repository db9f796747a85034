#include "environment.h"

#include <utility>

namespace flashdiff {
namespace {

constexpr napi_type_tag kStorageTag = {0x7d1c0f2be5a94c63, 0x9be27a3d41f8065a};
constexpr napi_type_tag kTimerTag = {0x3f86b1d95c7e4a20, 0xa7430e9d682cb1f5};

}  // namespace

Environment::Environment(Napi::Env env)
    : storages(env, "Storage", kStorageTag),
      timers(env, "Timer", kTimerTag),
      replies(Replies::open(env)) {}

Napi::Value Environment::wrap(MemoryRef memory) {
  const auto bytes = static_cast<int64_t>(memory->bytes());
  return storages.make(std::move(memory), bytes);
}

}  // namespace flashdiff
