#include "cores.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

namespace flashdiff::cpu {
namespace {

int schedulable_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return static_cast<int>(std::thread::hardware_concurrency());
}

// In cores; Infinity where nothing limits it. As control groups tell it, version 2 and 1:
// microseconds in each period.
double granted_cores() {
  double quota = 0;
  double period = 0;
  std::ifstream both("/sys/fs/cgroup/cpu.max");
  if (!(both >> quota >> period)) {  // "max" is no number
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : INFINITY;
}

}  // namespace

int available_cores() {
  const double cores = std::min<double>(schedulable_cores(), std::ceil(granted_cores()));
  return std::max(1, static_cast<int>(cores));
}

}  // namespace flashdiff::cpu
