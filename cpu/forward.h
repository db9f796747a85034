// The forward pass on a pool of threads: cuts the problem into blocks and deals them out.
#pragma once

#include "flashdiff/params.h"
#include "thread_pool.h"

namespace flashdiff::cpu {

void forward(const ForwardParams& params, ThreadPool& pool);

}  // namespace flashdiff::cpu
