#pragma once

namespace flashdiff::cpu {

// How many cores this process may keep busy: those of its affinity mask, and no more than the time
// that a container grants it.
int available_cores();

}  // namespace flashdiff::cpu
