// What time it is for whoever destroys data by it.
#pragma once

#include <cstdint>
#include <optional>

#include "io/clock.h"
#include "io/sync.h"

namespace stoa {

/// Follows the wall clock, but believes that it jumped forward by more than an hour only an hour of monotonic
/// time after that was first seen, if it has not come back by then. Until then time goes on from where it
/// was: so a clock that is wrong for a while hides what it makes expire, but destroys nothing. What it shows
/// when the database is opened is believed, and so is every jump back. (Where the monotonic clock stands
/// still while a machine sleeps, waking up is a jump: purging begins an hour later.) Thread-safe.
class PurgeClock {
 public:
  explicit PurgeClock(Clock& clock);

  /// Seconds since 1970 by which deletions and expired cells may be purged.
  int64_t NowSeconds();

 private:
  Clock& clock_;
  Mutex mutex_;
  // What is believed: the wall clock stood at wall_ when the monotonic one stood at monotonic_.
  int64_t wall_ ABSL_GUARDED_BY(mutex_);
  int64_t monotonic_ ABSL_GUARDED_BY(mutex_);
  /// When a jump was first seen, by the monotonic clock; none while there is no doubt.
  std::optional<int64_t> doubted_since_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
