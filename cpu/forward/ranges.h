// The keys that some or all of a run of queries see, within limits.
#pragma once

#include "flashdiff/mask.h"

namespace flashdiff::cpu::FLASHDIFF_ISA {

inline KeyRange intersect(KeyRange a, KeyRange b) {
  return {a.begin > b.begin ? a.begin : b.begin, a.end < b.end ? a.end : b.end};
}
inline bool is_empty(KeyRange range) { return range.end <= range.begin; }

// Up to two intervals, ascending, apart from each other.
struct KeyRanges {
  KeyRange range[2];
  int count = 0;

  void add(KeyRange next) {
    if (is_empty(next)) return;
    if (count > 0 && next.begin <= range[count - 1].end) {
      KeyRange& last = range[count - 1];
      last.end = last.end > next.end ? last.end : next.end;
    } else {
      range[count++] = next;
    }
  }
};

inline KeyRanges seen_by_any(const Mask& mask, int32_t first, int32_t last, KeyRange limits) {
  KeyRanges ranges;
  ranges.add(intersect(mask.sinks_of_any(first, last), limits));
  ranges.add(intersect(mask.window_of_any(first, last), limits));
  return ranges;
}

inline bool seen_by_all(const Mask& mask, int32_t first, int32_t last, KeyRange keys) {
  const KeyRange sinks = mask.sinks_of_all(first, last);
  const KeyRange window = mask.window_of_all(first, last);
  const auto within = [keys](int32_t begin, int32_t end) {
    return begin <= keys.begin && keys.end <= end;
  };
  const bool joined = !is_empty(window) && window.begin <= sinks.end && sinks.end <= window.end;
  return within(0, sinks.end) || within(joined ? 0 : window.begin, window.end);
}

}  // namespace flashdiff::cpu::FLASHDIFF_ISA
