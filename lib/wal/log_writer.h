// Appends to the write-ahead log: one log for the database, a sequence of segments.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "io/env.h"
#include "io/log_segment.h"
#include "io/sync.h"
#include "wal/log_record.h"

namespace stoa {

struct LogWriterOptions {
  uint64_t segment_bytes = 16 << 20;
  /// Seeds record checksums, so that segments of another database never pass.
  uint64_t database_id = 0;
};

/// A segment that is no longer written to.
struct SealedSegment {
  uint64_t number = 0;
  uint64_t last_sequence = 0;  ///< 0: it holds no record
  uint64_t bytes = 0;
};

/// Append is called by one thread at a time; everything else may be called concurrently with it.
///
/// The next segment is created ahead of need (PrepareSegment, run in the background by the owner when
/// needs_segment() says so), so that a full disk is met before anything is acknowledged: Append without room and without
/// a prepared segment tries to create one and returns ResourceExhausted, having written nothing; that may be
/// retried. Any other error, and any error after bytes were published, is final: every later call returns it.
class LogWriter {
 public:
  /// Starts segment `first_number`, which must not exist; segments are named "<number, 10 digits>.wal".
  /// `after_sequence`: greatest sequence that exists already.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Create(Directory& directory, const LogWriterOptions& options,
                                                           uint64_t first_number, uint64_t after_sequence);
  ~LogWriter();

  /// Appends all records with one publish (two when the segment changes). A record larger than a segment gets a
  /// segment of its own size.
  absl::Status Append(std::span<const LogRecord> records);

  /// Makes everything appended so far durable, and says up to which sequence that is. Concurrent calls share
  /// syncs. Never retried after an error.
  absl::StatusOr<uint64_t> Sync();

  uint64_t appended_sequence() const { return appended_sequence_.load(std::memory_order_acquire); }
  uint64_t synced_sequence() const { return synced_sequence_.load(std::memory_order_acquire); }
  /// The segment being written.
  uint64_t segment_number() const;
  /// The error that ended the log, OK while there is none.
  absl::Status status() const;

  bool needs_segment() const;
  absl::Status PrepareSegment();

  /// Segments sealed since the last call.
  std::vector<SealedSegment> TakeSealed();

  /// Seals the segment, syncs and closes: after a clean close every byte of the log is known to be complete.
  absl::Status Close();

 private:
  LogWriter(Directory& directory, const LogWriterOptions& options);
  // ... private members are the implementer's.
  std::atomic<uint64_t> appended_sequence_{0};
  std::atomic<uint64_t> synced_sequence_{0};
};

std::string LogSegmentName(uint64_t number);
/// The number of a segment file's name, or 0 if it is not one.
uint64_t ParseLogSegmentName(std::string_view name);

}  // namespace stoa
