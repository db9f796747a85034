// Where a kernel is launched.
#pragma once

#include <cuda_runtime_api.h>

#include "device.h"
#include "workspace.h"

namespace flashdiff::cuda {

struct Target {
  const Device& device;
  cudaStream_t stream;
  Workspace& workspace;
};

}  // namespace flashdiff::cuda
