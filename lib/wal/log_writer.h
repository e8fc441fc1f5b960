// Appends to the write-ahead log: one log for the database, a sequence of segments.
//
// Segments and syncs. When a segment is full it is sealed and the next one is written to at once: nobody
// waits for a sync there, for it would hold up writers that asked for no durability. So at a crash the new
// segment may hold records while the old one lost its tail. Neither of two things may come of that, an
// acknowledged record that is lost and a hole in what is recovered, and neither does:
//
//   * Sync makes segments durable in order, oldest first, and says that a record is durable only when every
//     segment up to the record's is. Whatever was acknowledged has nothing but durable bytes before it.
//   * Replay ends at the first byte that is not as it was written, and takes nothing from later segments
//     (log_decoder.h). What it drops there was never acknowledged, by the first point.
//
// The next segment's file, however, is durable in its directory before the old one is sealed, so that a
// segment which is missing is always an error.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/prefetch.h"
#include "io/clock.h"
#include "io/file_system.h"
#include "io/sync.h"
#include "wal/log_format.h"
#include "wal/log_record.h"
#include "wal/segment_supply.h"
#include "wal/sync_turns.h"

namespace stoa {

struct LogWriterOptions {
  static constexpr uint64_t kSegmentBytesMin = 512;
  static constexpr uint64_t kSegmentBytesMax = 1 << 30;

  uint64_t segment_bytes = 16 << 20;
  /// Seeds record checksums, so that segments of another database never pass.
  uint64_t database_id = 0;
  /// Outlives the writer. Without a clock nobody waits for others before syncing.
  Clock* clock = nullptr;
};

/// A segment that is no longer written to. It need not be durable yet.
struct SealedSegment {
  uint64_t number = 0;
  uint64_t last_sequence = 0;  ///< 0: it holds no record
  uint64_t bytes = 0;
};

/// Append, Roll and Close are called by one thread at a time; everything else may be called concurrently with
/// them.
///
/// The next segment is created ahead of need (PrepareSegment, run in the background by the owner when
/// needs_segment() says so), so that a full disk is met before anything is acknowledged: Append without room
/// and without a prepared segment tries to create one and returns ResourceExhausted, having written nothing;
/// that may be retried. Any other error of a file, and any error after bytes were published, is final: every
/// later call returns it.
class LogWriter {
 public:
  /// Starts a log with segment `first_number`, which must not exist. `after_sequence`: greatest sequence that
  /// exists already. The new log does not continue an older one: whatever was replayed is durable elsewhere
  /// before anything is appended here, and older segments are not replayed together with these. `directory`
  /// outlives the writer.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Create(Directory& directory,
                                                           const LogWriterOptions& options,
                                                           uint64_t first_number, uint64_t after_sequence);
  /// Without Close like the end of the process: nothing is promised of what was not synced.
  ~LogWriter();

  /// Appends all records, to one segment, with one publish (two when the segment changes). Records that are
  /// together larger than a segment get a segment of their own size. InvalidArgument, with nothing written,
  /// when one is larger than kLogPayloadBytesMax or all are larger than kLogSegmentBytesMax, or the sequences
  /// do not increase.
  absl::Status Append(std::span<const LogRecord> records);

  /// Ends the segment being written if it holds a record, so that it can go when what is in it is elsewhere.
  /// Called like Append; the same errors.
  absl::Status Roll();

  /// Makes everything durable that was appended before the call, and says up to which sequence all is.
  /// Concurrent calls share syncs. Never retried after an error.
  absl::StatusOr<uint64_t> Sync();

  uint64_t appended_sequence() const { return appended_sequence_.load(std::memory_order_acquire); }
  uint64_t synced_sequence() const { return synced_sequence_.load(std::memory_order_acquire); }
  /// Bytes written to segments, their headers and marks included.
  uint64_t appended_bytes() const { return appended_bytes_.load(std::memory_order_relaxed); }
  /// The segment being written.
  uint64_t segment_number() const;
  /// The error that ended the log, OK while there is none.
  absl::Status status() const;

  /// True when the segment is half full and there is no next one.
  bool needs_segment() const {
    return half_full_.load(std::memory_order_relaxed) && !supply_.ready() &&
           !ended_.load(std::memory_order_relaxed);
  }
  /// Creates the next segment. ResourceExhausted may be retried.
  absl::Status PrepareSegment();

  /// Segments sealed since the last call.
  std::vector<SealedSegment> TakeSealed();

  /// Makes everything durable and closes the log: from then on every byte of it is known to be complete.
  /// Later calls get FailedPrecondition.
  absl::Status Close();

 private:
  LogWriter(Directory& directory, const LogWriterOptions& options, uint64_t first_number,
            uint64_t after_sequence);
  uint64_t EndOffset() const;
  absl::Status Rotate(uint64_t bytes_min);
  void Use(std::unique_ptr<OpenLogSegment> segment, const LogSegmentHeader& header);
  absl::Status Publish(std::span<const LogRecord> records);
  /// REQUIRES: a turn.
  absl::Status SyncAll();
  absl::Status End(absl::Status status);
  /// The result of creating a segment: a full disk does not end the log.
  absl::Status CheckCreated(absl::Status status);

  const uint64_t database_id_;
  SegmentSupply supply_;
  std::atomic<uint64_t> synced_sequence_;
  std::atomic<bool> half_full_{false};
  std::atomic<bool> ended_{false};
  LogSegmentHeader header_;  // of `current_`; written together with its first record

  // What every append changes, on one line of memory, for it goes from one appender's processor to the next.
  alignas(kCacheLineBytes) OpenLogSegment* current_ = nullptr;
  uint64_t segment_key_ = 0;
  uint64_t chain_ = 0;
  std::atomic<uint64_t> appended_sequence_;
  std::atomic<uint64_t> appended_bytes_{0};

  /// Taken before `mutex_`.
  alignas(kCacheLineBytes) SyncTurns turns_;

  mutable Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  /// Segments not known to be durable to their end, in order; the last is `current_`. Taken out only in a
  /// turn.
  std::vector<std::unique_ptr<OpenLogSegment>> open_ ABSL_GUARDED_BY(mutex_);
  std::vector<SealedSegment> sealed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
