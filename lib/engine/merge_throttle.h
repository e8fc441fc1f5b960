// Holds merges to a rate of bytes (Options::compaction_bytes_per_second).
#pragma once

#include <atomic>
#include <cstdint>

#include "io/sync.h"

namespace stoa {

/// Two meters, of what all merges of a database read and of what they write, each of which may run at a rate
/// and no faster. A step is paid for after it was made, by all merges together: whoever comes next waits
/// until the meters have caught up with the clock. So nobody has to know beforehand what a step will cost,
/// and over time the rate is exact, however many threads merge. Idle time is not saved up; but merges read
/// and write by turns, so while one meter is waited for, the other may fall behind it by kApartMicrosMax, and
/// is in advance by so much when its turn comes. Thread-safe; takes a lock for each step of a merge, none
/// without a limit.
class MergeThrottle {
 public:
  /// `bytes_per_second` 0: nobody ever waits.
  explicit MergeThrottle(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  /// A step has read and written about so many bytes; fewer than none where an estimate was too high.
  void Charge(int64_t bytes_read, int64_t bytes_written, int64_t now_micros) ABSL_LOCKS_EXCLUDED(mutex_);

  /// How long the next step has to wait before it asks again, in microseconds; 0: it may be made. Never
  /// longer than kWaitMicrosMax, so that a merge soon notices that it is to end or that the limit was lifted.
  int64_t NextWait(int64_t now_micros) ABSL_LOCKS_EXCLUDED(mutex_);

  /// As long as it is lifted nobody waits, and nothing has to be paid for later.
  void SetLifted(bool lifted) ABSL_LOCKS_EXCLUDED(mutex_);

  /// The waits that it has asked for, in microseconds, all threads together.
  int64_t waited_micros() const { return waited_micros_.load(std::memory_order_relaxed); }

  static constexpr int64_t kWaitMicrosMax = 100'000;
  /// Less is put off until it comes together.
  static constexpr int64_t kWaitMicrosMin = 1'000;

 private:
  static constexpr double kApartMicrosMax = 1e6;

  double PaidUntil() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const uint64_t bytes_per_second_;
  std::atomic<int64_t> waited_micros_{0};

  Mutex mutex_;
  bool lifted_ ABSL_GUARDED_BY(mutex_) = false;
  /// When what was read and written so far will be paid for, by the monotonic clock.
  double read_until_micros_ ABSL_GUARDED_BY(mutex_) = 0;
  double written_until_micros_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace stoa
