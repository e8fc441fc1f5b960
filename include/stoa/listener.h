// What a database does in the background, told as it happens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>

namespace stoa {

/// Why files are merged.
enum class CompactionReason : uint8_t {
  kExpired,     ///< everything in the files has expired
  kCovered,     ///< a deletion in another file hides everything in the files
  kDeadline,    ///< deletions whose time (delete_persistence_seconds) has come
  kTombstones,  ///< enough of the rows can be forgotten
  kDeadReads,   ///< reads have stepped over as many dead rows as it takes to be rid of them
  kReads,       ///< too many files over each other
  kSpace,       ///< too many rows that others have replaced
  kLevel,       ///< the threshold of a level
  kSmallFiles,  ///< many small files beside each other
  kWanted,      ///< asked for (Database::Compact)
  kResumed,     ///< closing or a crash had interrupted it: what it had finished then is taken over
};
inline constexpr size_t kCompactionReasons = 11;
/// A word or two, for people. Lives for ever.
std::string_view CompactionReasonName(CompactionReason reason);

/// A merge, under way or at its end.
struct CompactionInfo {
  uint64_t id = 0;  ///< tells merges of one opening of the database apart
  std::string table;
  CompactionReason reason = CompactionReason::kWanted;
  uint64_t input_files = 0;
  uint64_t input_bytes = 0;
  /// Read of the inputs so far, about. May stay below their bytes: what is cached, or hidden by deletions, is
  /// not read, and nothing is of files that have expired whole, or are hidden whole by one deletion.
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;     ///< so far, about; at the end the bytes of the output
  uint64_t bytes_taken_over = 0;  ///< of these, written before the database was opened (kResumed)
  uint64_t bytes_copied = 0;      ///< of these, in blocks that were copied without being decoded
  uint64_t output_files = 0;      ///< known at the end
  int64_t duration_micros = 0;    ///< since it was begun, by the monotonic clock
};

/// Memtables of one table were written into SSTables.
struct FlushInfo {
  std::string table;
  uint64_t output_files = 0;
  uint64_t bytes_written = 0;
  int64_t duration_micros = 0;  ///< since it was scheduled, by the monotonic clock
};

/// Background work that failed. It is tried again unless the database has become read-only.
struct BackgroundError {
  std::string table;      ///< empty: of the whole database
  std::string_view work;  ///< "flush", "compaction" or "sync log"
  absl::Status status;
};

/// Is told of background work; each method does nothing until it is overridden.
///
/// Methods are called on background threads, of different pieces of work at the same time, with no lock of
/// the database held: so they may read, write, and ask for metrics. But the thread that calls is missing
/// where it works while a method takes its time, so they should return soon; and they must not wait for
/// background work (Database::Flush, Compact, Close, or a write when memory is full, so writes only with
/// no_slowdown). Close and the destructor of Database wait until all calls have returned; none comes
/// afterwards. A Listener must outlive the database, may serve several, and may be called before Open has
/// returned.
class Listener {
 public:
  virtual ~Listener() = default;

  /// A flush is complete: what it wrote is durable and read from its SSTables. Database::Flush may have
  /// returned by then.
  virtual void OnFlushEnd(const FlushInfo& /*flush*/) {}

  /// A merge begins to read. Nothing is told of merges whose files turn out to be gone, their table having
  /// been truncated or dropped.
  virtual void OnCompactionBegin(const CompactionInfo& /*compaction*/) {}
  /// A merge has read about a tenth more of its input; of several threads that merge together, whichever has.
  virtual void OnCompactionProgress(const CompactionInfo& /*compaction*/) {}
  /// A merge has ended, after all its other calls; once for each OnCompactionBegin. If `status` is OK the
  /// output has taken the place of the input; else nothing has changed.
  virtual void OnCompactionEnd(const CompactionInfo& /*compaction*/, const absl::Status& /*status*/) {}

  /// A flush, a merge or a sync of the log failed. Not called for work that closing interrupts.
  virtual void OnBackgroundError(const BackgroundError& /*error*/) {}
};

}  // namespace stoa
