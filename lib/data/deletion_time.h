// Timestamps, expiry and deletions: the small values that all of reconciliation is about.
#pragma once

#include <cstdint>
#include <limits>

namespace stoa {

/// Write timestamps are microseconds chosen by the writer, usually since 1970. INT64_MIN is not a timestamp.
inline constexpr int64_t kNoTimestamp = std::numeric_limits<int64_t>::min();

/// The greatest timestamp before `timestamp`; the least there is has none before it, and stays.
inline constexpr int64_t TimestampBefore(int64_t timestamp) {
  return timestamp > kNoTimestamp + 1 ? timestamp - 1 : timestamp;
}

/// Expiry and local deletion times are seconds since 1970. A cell without time to live has kNoExpiry.
inline constexpr int64_t kNoExpiry = std::numeric_limits<int64_t>::max();

/// A deletion: everything written at or before `timestamp` is gone. `local_time` is when the deletion was
/// made by the clock of this machine, for purging alone. The default is no deletion.
struct DeletionTime {
  int64_t timestamp = kNoTimestamp;
  int64_t local_time = kNoExpiry;

  bool live() const { return timestamp == kNoTimestamp; }
  bool Shadows(int64_t write_timestamp) const { return write_timestamp <= timestamp; }

  friend bool operator==(const DeletionTime&, const DeletionTime&) = default;
};

/// Of two deletions of the same data the one that matters: the greater timestamp, then the later local time.
inline const DeletionTime& Stronger(const DeletionTime& a, const DeletionTime& b) {
  if (a.live() || b.live()) return a.live() ? b : a;
  if (a.timestamp != b.timestamp) return a.timestamp > b.timestamp ? a : b;
  return a.local_time >= b.local_time ? a : b;
}

}  // namespace stoa
