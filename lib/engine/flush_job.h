// Writes sealed memtables of one table into an SSTable, or several where snapshots cut them or a row is too
// large for one, and installs them.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/status/status.h>

#include "compaction/merge_task.h"
#include "engine/store.h"
#include "io/executor.h"
#include "wal/log_writer.h"

namespace stoa {

/// A step is one batch. The order that keeps a crash harmless:
///
///   1. the SSTables are written and synced, then their directory entries;
///   2. the log is synced up to the memtables' last sequence. Otherwise a power failure could keep this
///   table's half of a
///      batch, in the SSTable, and lose another table's half, in the log;
///   3. one manifest edit adds the files and moves the table's flushed sequence; replay skips everything at
///   or below it.
///
/// Snapshots that point into the memtables get the SSTables instead (snapshot_list.h).
class FlushJob : public Job {
 public:
  struct Outcome {
    absl::Status status;
    std::string table;  ///< its name; empty when there was nothing to flush
    uint64_t bytes_written = 0;
    uint64_t sstables = 0;
    /// No longer needed: flushed, or their table was truncated; and how much memory they take. Not held, so
    /// that what they hold can be let go.
    std::vector<std::pair<std::weak_ptr<const Memtable>, uint64_t>> memtables;
  };
  /// `done` is called at the end, once.
  FlushJob(Store& store, LogWriter& log, TableId table, std::function<uint64_t()> visible_sequence,
           const std::atomic<bool>& abort, std::function<void(const Outcome&)> done);

  std::string_view name() const override { return "flush"; }
  Progress Step() override;

 private:
  absl::StatusOr<bool> Advance();
  void Start();
  absl::Status StartPart();
  PurgeRules Purge() const;
  absl::Status SplitPart(const absl::Status& too_large);
  absl::Status FinishPart();
  absl::Status InstallParts();
  void DropParts();

  Store& store_;
  LogWriter& log_;
  const TableId table_;
  const std::function<uint64_t()> visible_sequence_;
  const std::atomic<bool>& abort_;
  const std::function<void(const Outcome&)> done_;

  std::vector<SealedMemtable> memtables_;  // empty: not started
  Table schema_;
  std::vector<FlushedPart> parts_;
  size_t current_part_ = 0;
  std::unique_ptr<MergeTask> task_;  // of the current part

  uint64_t bytes_written_ = 0;
  uint64_t sstables_ = 0;
};

}  // namespace stoa
