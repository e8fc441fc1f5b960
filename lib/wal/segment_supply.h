// Makes the segments of the log, one ahead of need.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "io/file_system.h"
#include "io/log_segment.h"
#include "io/sync.h"

namespace stoa {

/// A segment that is being written, or not yet durable to its end.
struct OpenLogSegment {
  uint64_t number = 0;
  uint64_t capacity_bytes = 0;
  std::unique_ptr<LogSegment> file;
  /// How much of it is known to be durable; if not 0, all segments before it are.
  std::atomic<uint64_t> synced_bytes{0};
};

/// Thread-safe. After an error the same call may be tried again.
class SegmentSupply {
 public:
  SegmentSupply(Directory& directory, uint64_t first_number, uint64_t segment_bytes)
      : directory_(directory), segment_bytes_(segment_bytes), next_number_(first_number) {}

  /// Whether a segment was made ahead.
  bool ready() const { return ready_.load(std::memory_order_relaxed); }

  /// Makes the next segment, unless it is there.
  absl::Status Prepare();

  /// The next segment, with room for at least `bytes_min` bytes.
  absl::StatusOr<std::unique_ptr<OpenLogSegment>> Take(uint64_t bytes_min);

  /// Removes the segment made ahead, if there is one.
  absl::Status Discard();

 private:
  absl::StatusOr<std::unique_ptr<OpenLogSegment>> Create(uint64_t bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Remove() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Directory& directory_;
  const uint64_t segment_bytes_;
  std::atomic<bool> ready_{false};

  /// Held while a file is made: whoever waits for it needs that file.
  Mutex mutex_;
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<OpenLogSegment> prepared_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
