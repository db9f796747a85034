// A mark in a device's order of work, from which device time is measured.
#pragma once

#include <napi.h>

#include <memory>

#include "device.h"

namespace flashdiff {

struct Timer {
  Device& device;
  // Set by the queue, which also settles these before anything that measures from them.
  std::unique_ptr<Fence> start;
  FailureRef failure;  // to start
  std::shared_ptr<const FailureRef> work_failure;
};

Napi::Value js_start_timer(const Napi::CallbackInfo& info);
Napi::Value js_stop_timer(const Napi::CallbackInfo& info);

}  // namespace flashdiff
