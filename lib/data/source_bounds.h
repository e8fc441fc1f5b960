// What is known of a source without reading it, kept alike by memtables, SSTables and blocks. Purging,
// picking, skipping and early stop are pure functions of it.
#pragma once

#include <cstdint>
#include <limits>

#include "data/deletion_time.h"
#include "data/position.h"

namespace stoa {

/// Covers markers, cells and deletions of every kind. Of an empty source min > max.
struct TimeBounds {
  int64_t min_timestamp = std::numeric_limits<int64_t>::max();
  int64_t max_timestamp = kNoTimestamp;
  /// Of tombstones and expiring cells: local deletion time or expiry; kNoExpiry for plain cells.
  int64_t min_local_time = kNoExpiry;
  int64_t max_local_time = std::numeric_limits<int64_t>::min();
  bool has_tombstones = false;  ///< of any kind
  bool has_expiring = false;

  bool empty() const { return min_timestamp > max_timestamp; }
  void AddWrite(int64_t timestamp, int64_t expiry);
  void AddDeletion(const DeletionTime& deletion);
  void Add(const TimeBounds& other);
  friend bool operator==(const TimeBounds&, const TimeBounds&) = default;
};

struct SourceBounds {
  /// Of rows and of bounds of range deletions; both included. A partition deletion reaches from the start of
  /// its partition to the bound after all its rows, so that no slice of the partition seems to lie outside.
  Position first;
  Position last;
  TimeBounds times;

  bool Overlaps(const PositionRange& range) const;
  bool Overlaps(const SourceBounds& other) const;
  friend bool operator==(const SourceBounds&, const SourceBounds&) = default;
};

/// The purge rule. A deletion or an expired cell with timestamp `timestamp` and local time `local_time` may
/// be dropped by a merge if it is older than the grace period and nothing outside the merge that overlaps its
/// place holds anything with a timestamp at or below it. `min_timestamp_outside` is the least such timestamp,
/// memtables included; INT64_MAX when there is none.
inline bool CanPurge(int64_t timestamp, int64_t local_time, int64_t now_seconds, int64_t gc_grace_seconds,
                     int64_t min_timestamp_outside) {
  return local_time < now_seconds - gc_grace_seconds && timestamp < min_timestamp_outside;
}

}  // namespace stoa
