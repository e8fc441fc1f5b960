// Decides when SSTables are merged, and keeps account of what is under way.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <absl/status/status.h>

#include <stoa/database.h>
#include <stoa/listener.h>

#include "compaction/picker.h"
#include "engine/compaction_job.h"
#include "engine/store.h"
#include "engine/write_pacer.h"

namespace stoa {

/// How much of a memory budget memtables have.
inline uint64_t MemtableBytes(uint64_t memory_budget_bytes) { return memory_budget_bytes / 4; }
/// About how large the SSTable of a flush is, in bytes, when memtables have `memtable_bytes`: the measure
/// that levels begin with.
double FlushedFileBytes(uint64_t memtable_bytes);
/// Views of the files of `table`.
Files FilesOf(const TableView& table);

/// Thread-safe. Nothing here runs on a thread of its own.
class CompactionScheduler {
 public:
  struct Settings {
    size_t threads = 1;             ///< how many may merge at a time
    double base_bytes = 0;          ///< CompactionState
    uint64_t bytes_per_second = 0;  ///< MergeThrottle
    Listener* listener = nullptr;   ///< outlives this object; may be null
  };
  /// `pacer` is told when merges do not follow.
  CompactionScheduler(Store& store, WritePacer& pacer, const Settings& settings);

  /// What writes everything in memory out and lets go of the log; called when a deadline for deletions wants
  /// it. Set once, before Check.
  void SetFlush(std::function<void()> flush) { flush_ = std::move(flush); }

  /// Merges that an earlier opening has left, as `state` has them: they go before all others. Set once,
  /// before Check.
  void SetUnfinished(const DatabaseState& state) ABSL_LOCKS_EXCLUDED(mutex_);

  /// Starts what the table needs, as far as there are threads; called whenever its files or options have
  /// changed, and by itself when time alone may have given work to do.
  void Check(TableId table) ABSL_LOCKS_EXCLUDED(mutex_);

  /// Check for every table.
  void CheckAll() ABSL_LOCKS_EXCLUDED(mutex_);

  /// Merges all SSTables of a table and waits.
  absl::Status CompactTable(TableId table) ABSL_LOCKS_EXCLUDED(mutex_);

  /// Forgets the unfinished merges that wait for a thread, and removes what they have written, which takes up
  /// space: they will begin anew.
  void ForgetUnfinished() ABSL_LOCKS_EXCLUDED(mutex_);

  /// No new merges. Running ones stop at their next step if `abort`; else as soon as what they have done is
  /// not lost (Compaction::Context::closing). Waits for them.
  void Stop(bool abort) ABSL_LOCKS_EXCLUDED(mutex_);

  /// Sets what it knows of, which is 0 yet.
  void FillMetrics(Metrics* metrics) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Lifetime;  // outlives this object in delayed jobs

  /// A merge that waits to be gone on with.
  struct Unfinished {
    TableId table;
    UnfinishedMerge merge;
  };
  /// What is known of files that cover each other.
  struct Covers {
    std::set<uint64_t> looked_at;  ///< numbers of files, each with all others
    bool is_looking = false;
    std::set<FileCover> found;
  };

  void CheckLocked(TableId table) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Starts the merge of all files of a table, none of them busy; false if that would change nothing.
  bool StartWanted(TableId table) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// What the picker sees of a table, nothing of it busy; no files if there is no such table.
  CompactionState StateIn(const View& view, TableId table) const;
  void StartUnfinished(size_t threads) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// What is finished of the merge of `inputs`, which is to start. Unfinished merges of other inputs that
  /// share one with it are over.
  std::vector<MergedPiece> TakeUnfinished(TableId table, const std::vector<uint64_t>& inputs)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Start(TableId table, CompactionPlan plan) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Done(uint64_t id, TableId table, const CompactionPlan& plan, const Compaction::Outcome& outcome)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void TellEnd(const Compaction::Outcome& outcome, bool is_tried_again) const ABSL_LOCKS_EXCLUDED(mutex_);
  /// Whether files have to be looked at first (CoverSearch). Then that was begun, and Check is called again.
  bool LookForCovers(TableId table, const TableView& sources) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pace(TableId table, const CompactionState& state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LookAgain(int64_t at_seconds, int64_t now_seconds) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& store_;
  WritePacer& pacer_;
  const Settings settings_;
  const std::shared_ptr<Lifetime> lifetime_;
  std::function<void()> flush_;
  std::atomic<bool> abort_{false};
  std::atomic<bool> closing_{false};
  MergeThrottle throttle_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  /// The last one given to a merge.
  uint64_t last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  /// Merges under way, by id; each takes itself out.
  std::map<uint64_t, std::shared_ptr<const Compaction>> under_way_ ABSL_GUARDED_BY(mutex_);
  /// Files that are being merged.
  std::map<TableId, std::set<uint64_t>> busy_ ABSL_GUARDED_BY(mutex_);
  std::vector<Unfinished> unfinished_ ABSL_GUARDED_BY(mutex_);
  std::map<TableId, Covers> covers_ ABSL_GUARDED_BY(mutex_);
  size_t searches_ ABSL_GUARDED_BY(mutex_) = 0;  // for covers, under way
  /// How many files lie over each other beyond what a table allows.
  std::map<TableId, size_t> excess_ ABSL_GUARDED_BY(mutex_);
  /// Files of merges that failed, and until when they are left alone, in seconds since 1970.
  std::map<TableId, std::map<uint64_t, int64_t>> set_aside_ ABSL_GUARDED_BY(mutex_);
  /// Tables that CompactTable has for itself.
  std::set<TableId> reserved_ ABSL_GUARDED_BY(mutex_);
  /// Of the last merge of each table that failed; none after one that did not.
  std::map<TableId, absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  /// When CheckAll comes next, in seconds since 1970; INT64_MAX: never.
  int64_t next_look_ ABSL_GUARDED_BY(mutex_) = kNoExpiry;
  std::array<CompactionCounters, kCompactionReasons> counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
