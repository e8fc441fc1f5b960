#include "data/source_bounds.h"

#include <algorithm>

namespace stoa {

void TimeBounds::AddWrite(int64_t timestamp, int64_t expiry) {
  min_timestamp = std::min(min_timestamp, timestamp);
  max_timestamp = std::max(max_timestamp, timestamp);
  min_local_time = std::min(min_local_time, expiry);
  max_local_time = std::max(max_local_time, expiry);
  has_expiring |= expiry != kNoExpiry;
}

void TimeBounds::AddDeletion(const DeletionTime& deletion) {
  if (deletion.live()) return;
  min_timestamp = std::min(min_timestamp, deletion.timestamp);
  max_timestamp = std::max(max_timestamp, deletion.timestamp);
  min_local_time = std::min(min_local_time, deletion.local_time);
  max_local_time = std::max(max_local_time, deletion.local_time);
  has_tombstones = true;
}

void TimeBounds::Add(const TimeBounds& other) {
  min_timestamp = std::min(min_timestamp, other.min_timestamp);
  max_timestamp = std::max(max_timestamp, other.max_timestamp);
  min_local_time = std::min(min_local_time, other.min_local_time);
  max_local_time = std::max(max_local_time, other.max_local_time);
  has_tombstones |= other.has_tombstones;
  has_expiring |= other.has_expiring;
}

bool SourceBounds::Overlaps(const PositionRange& range) const {
  return !times.empty() && last.view() >= range.start &&
         (!range.end.has_value() || first.view() < *range.end);
}

bool SourceBounds::Overlaps(const SourceBounds& other) const {
  return !times.empty() && !other.times.empty() && first.view() <= other.last.view() &&
         other.first.view() <= last.view();
}

}  // namespace stoa
