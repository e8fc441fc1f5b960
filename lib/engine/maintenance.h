// Decides when to seal, flush, sync and let go of log, and runs it in the background.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/database.h>
#include <stoa/listener.h>
#include <stoa/options.h>

#include "engine/commit_pipeline.h"
#include "engine/compaction_scheduler.h"
#include "engine/flush_job.h"
#include "engine/store.h"
#include "engine/write_pacer.h"
#include "wal/log_writer.h"

namespace stoa {

/// Thread-safe. Nothing here runs on a thread of its own: the commit path asks (BeforeGroup, AfterCommit: a
/// few loads when there is nothing to do), jobs do the work.
class Maintenance {
 public:
  /// `compactions` is told of what was flushed, `pacer` of how long it took.
  Maintenance(const Options& options, Store& store, LogWriter& log, CompactionScheduler& compactions,
              WritePacer& pacer);

  /// The pipeline that calls BeforeGroup and AfterVisible; set once, before anything is committed.
  void SetPipeline(CommitPipeline* pipeline) { pipeline_ = pipeline; }

  /// Between groups, by the leader: seals what was asked for.
  void BeforeGroup(uint64_t last_sequence);
  /// After the visible sequence has moved.
  void AfterVisible();
  /// After a commit that relies on the periodic sync.
  void AfterPeriodicCommit();

  /// Before a commit: waits as the pacer says. Returns why flushing does not get on, if it fails; Unavailable
  /// instead of waiting if not `may_wait`.
  absl::Status WaitForRoom(bool may_wait) {
    if (pacer_.HasRoom(UnflushedBytes())) [[likely]]
      return absl::OkStatus();
    return WaitUnderPressure(may_wait);
  }

  /// ResourceExhausted when readers pin so much flushed memory that no further snapshot is given.
  absl::Status CheckPinnedMemory() ABSL_LOCKS_EXCLUDED(mutex_);

  /// Seals everything and waits until it is flushed.
  absl::Status FlushAll();

  /// Has everything flushed and the log that it is in released, without waiting.
  void FlushForDeadline();

  /// Moves the manifest's first log segment up to the first one that is needed, and removes those below.
  void ReleaseLog();

  /// Makes the reserve whole; when the disk is full, has it tried again and again. Other errors are returned.
  absl::Status TakeReserve();

  /// No new jobs; running ones stop at their next step if `abort`. Waits for them.
  void Stop(bool abort);

  void FillMetrics(Metrics* metrics) const;

 private:
  struct Lifetime;  // outlives this object in delayed jobs

  /// Seals all memtables, alone in the commit order, and has them flushed; with `roll_log` ends the log
  /// segment too. Returns the sequence up to which all is sealed.
  absl::StatusOr<uint64_t> SealAll(bool roll_log);
  absl::Status WaitUnderPressure(bool may_wait);
  absl::Status WaitForMemory();
  void ScheduleFlushes() ABSL_LOCKS_EXCLUDED(mutex_);
  void RetryFlushesLater();
  void FlushDone(TableId table, const FlushJob::Outcome& outcome);
  /// Outside of locks, before the flush is taken for ended.
  void TellFlushEnd(const FlushJob::Outcome& outcome, int64_t duration_micros) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  void TellSyncError(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void ScheduleLogHousekeeping() ABSL_LOCKS_EXCLUDED(mutex_);
  void PrepareLogSegment();
  void LookForSpaceLater();
  void LookForSpace();
  void SyncLog();
  void JobDone() ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t UnflushedBytes() const;
  void NoteFlushedMemtables() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Condition>
  absl::Status WaitUntil(const Condition& condition) ABSL_LOCKS_EXCLUDED(mutex_);

  const Options options_;
  Store& store_;
  LogWriter& log_;
  CompactionScheduler& compactions_;
  WritePacer& pacer_;
  CommitPipeline* pipeline_ = nullptr;
  const std::shared_ptr<Lifetime> lifetime_;

  std::atomic<bool> abort_{false};
  std::atomic<bool> seal_largest_{false};
  std::atomic<uint64_t> seal_up_to_{0};      ///< seal memtables that hold sequences at or below; 0: none
  std::atomic<bool> sealed_pending_{false};  ///< sealed memtables wait for a flush job
  std::atomic<bool> flush_running_{false};
  std::atomic<bool> sync_scheduled_{false};
  std::atomic<bool> prepare_scheduled_{false};
  /// Bytes of memtables that are flushed but still pinned by readers: not held against writers.
  std::atomic<uint64_t> pinned_bytes_{0};

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  size_t jobs_ ABSL_GUARDED_BY(mutex_) = 0;
  /// Tables that are being flushed, and since when by the monotonic clock.
  std::map<TableId, int64_t> flushing_ ABSL_GUARDED_BY(mutex_);
  /// Of the last flush; OK again after a success.
  absl::Status flush_status_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::weak_ptr<const Memtable>, uint64_t>> pinned_ ABSL_GUARDED_BY(mutex_);
  Metrics counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
