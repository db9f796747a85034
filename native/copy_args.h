// Reads and checks CopyArgs.
#pragma once

#include <napi.h>

#include "operations.h"

namespace flashdiff {

CopyRequest read_copy_args(Napi::Value args);

}  // namespace flashdiff
