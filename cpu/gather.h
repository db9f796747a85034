// Copies with conversion between element types.
#pragma once

#include "flashdiff/params.h"
#include "thread_pool.h"

namespace flashdiff::cpu {

void gather(const CopyParams& params, ThreadPool& pool);

}  // namespace flashdiff::cpu
