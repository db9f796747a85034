// Reads and checks ForwardArgs.
#pragma once

#include <napi.h>

#include "operations.h"

namespace flashdiff {

ForwardRequest read_forward_args(Napi::Value args);

}  // namespace flashdiff
