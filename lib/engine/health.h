// Whether the database still takes writes.
#pragma once

#include <atomic>

#include <absl/status/status.h>

#include "base/strings.h"
#include "io/sync.h"

namespace stoa {

/// Ok until the first failure of the log or the manifest, then read-only for good: what the disk holds is no
/// longer known, and only recovery can tell. No write or sync is tried again. Thread-safe.
class Health {
 public:
  /// OK, or FailedPrecondition with the first cause.
  absl::Status Check() const {
    if (!latched_.load(std::memory_order_acquire)) [[likely]]
      return absl::OkStatus();
    MutexLock lock(&mutex_);
    return cause_;
  }

  /// Latches the database read-only and returns the status to hand to callers. Only the first cause is kept.
  absl::Status Latch(const absl::Status& cause) {
    MutexLock lock(&mutex_);
    if (cause_.ok()) {
      cause_ = FailedPrecondition("the database is read-only since an error; reopen it to recover: ",
                                  FromAbsl(cause.message()));
      latched_.store(true, std::memory_order_release);
    }
    return cause_;
  }

 private:
  std::atomic<bool> latched_{false};
  mutable Mutex mutex_;
  absl::Status cause_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
