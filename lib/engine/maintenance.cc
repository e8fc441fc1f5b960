#include "engine/maintenance.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {
namespace {

constexpr int64_t kRetryMicros = 1'000'000;
constexpr int64_t kPauseMicrosMax = 1000;

}  // namespace

/// Lets a delayed job find out whether its maintenance still exists.
struct Maintenance::Lifetime {
  Mutex mutex;
  Maintenance* owner ABSL_GUARDED_BY(mutex) = nullptr;
};

Maintenance::Maintenance(const Options& options, Store& store, LogWriter& log,
                         CompactionScheduler& compactions, WritePacer& pacer)
    : options_(options),
      store_(store),
      log_(log),
      compactions_(compactions),
      pacer_(pacer),
      lifetime_(std::make_shared<Lifetime>()) {
  store_.reserve().SetGivenUp([this] { LookForSpaceLater(); });
  MutexLock lock(&lifetime_->mutex);
  lifetime_->owner = this;
}

// ---- Sealing

void Maintenance::BeforeGroup(uint64_t last_sequence) {
  const bool largest = seal_largest_.load(std::memory_order_relaxed);
  const uint64_t up_to = seal_up_to_.load(std::memory_order_relaxed);
  if (!largest && up_to == 0) [[likely]]
    return;
  uint64_t largest_bytes = 0;
  if (largest) {
    const std::shared_ptr<const View> view = store_.views().Get();
    for (const auto& [id, table] : view->tables()) {
      largest_bytes = std::max(largest_bytes, table->active->memory_bytes());
    }
  }
  // Tables half as large as the largest go with it: fewer, larger flushes than taking them one by one.
  const size_t sealed = store_.Seal(last_sequence, [&](const TableView& table) {
    return (up_to != 0 && table.active_after_sequence < up_to) ||
           (largest && table.active->memory_bytes() >= largest_bytes / 2);
  });
  seal_largest_.store(false, std::memory_order_relaxed);
  seal_up_to_.store(0, std::memory_order_relaxed);
  if (sealed > 0) sealed_pending_.store(true);
}

absl::StatusOr<uint64_t> Maintenance::SealAll(bool roll_log) {
  uint64_t sequence = 0;
  const auto seal = [&](const CommitStamp& stamp) {
    sequence = stamp.sequence;
    if (store_.Seal(stamp.sequence, [](const TableView&) { return true; }) > 0) sealed_pending_.store(true);
    return roll_log ? log_.Roll() : absl::OkStatus();
  };
  STOA_RETURN_IF_ERROR(pipeline_->RunExclusive(seal));
  ScheduleFlushes();
  return sequence;
}

uint64_t Maintenance::UnflushedBytes() const {
  const uint64_t used = store_.memtable_budget().used();
  const uint64_t pinned = pinned_bytes_.load(std::memory_order_relaxed);
  return used > pinned ? used - pinned : 0;
}

void Maintenance::AfterVisible() {
  if (sealed_pending_.load(std::memory_order_relaxed)) [[unlikely]]
    ScheduleFlushes();
  if (pinned_bytes_.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    MutexLock lock(&mutex_);
    NoteFlushedMemtables();
  }
  // Half of the memory is for writing into while the other half is being flushed.
  if (UnflushedBytes() > store_.memtable_budget().limit() / 2 &&
      !sealed_pending_.load(std::memory_order_relaxed) && !flush_running_.load(std::memory_order_relaxed)) {
    seal_largest_.store(true, std::memory_order_relaxed);
  }
  if (log_.needs_segment() && !prepare_scheduled_.exchange(true)) ScheduleLogHousekeeping();
}

absl::Status Maintenance::WaitUnderPressure(bool may_wait) {
  while (true) {
    const std::optional<int64_t> delay =
        pacer_.Delay(UnflushedBytes(), store_.env().clock.NowMonotonicMicros());
    if (delay == 0) return absl::OkStatus();
    if (!may_wait) {
      return absl::UnavailableError(StrCat("writers have to wait: memtables take ", UnflushedBytes(),
                                           " bytes of ", store_.memtable_budget().limit(),
                                           ", which are being flushed"));
    }
    if (!delay.has_value()) return WaitForMemory();
    // In the middle of a longer pause a flush may give memory back.
    store_.env().executor.Pause(std::min(*delay, kPauseMicrosMax));
    store_.views().Reclaim();
  }
}

/// All memory is taken: nobody writes before a flush has given some back.
absl::Status Maintenance::WaitForMemory() {
  STOA_RETURN_IF_ERROR(SealAll(/*roll_log=*/false).status());
  absl::Status status;
  STOA_RETURN_IF_ERROR(WaitUntil([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    store_.views().Reclaim();
    NoteFlushedMemtables();
    if (UnflushedBytes() <= store_.memtable_budget().limit()) return true;
    status = flush_status_;
    return flushing_.empty();
  }));
  return status;
}

// ---- Flushing

void Maintenance::ScheduleFlushes() {
  sealed_pending_.store(false);
  const std::shared_ptr<const View> view = store_.views().Get();
  const uint64_t visible = pipeline_->visible_sequence();
  MutexLock lock(&mutex_);
  if (stopping_) return;
  for (const auto& entry : view->tables()) {
    const TableId id = entry.first;
    const TableView* const table = entry.second.get();
    if (table->sealed.empty() || flushing_.contains(id)) continue;
    if (table->sealed.front().seal_sequence > visible) {
      sealed_pending_.store(true);
      continue;
    }
    flushing_.emplace(id, store_.env().clock.NowMonotonicMicros());
    ++jobs_;
    flush_running_.store(true, std::memory_order_relaxed);
    store_.env().executor.Schedule(
        JobPriority::kFlush, std::make_unique<FlushJob>(
                                 store_, log_, id, [this] { return pipeline_->visible_sequence(); }, abort_,
                                 [this, id](const FlushJob::Outcome& outcome) { FlushDone(id, outcome); }));
  }
}

void Maintenance::TellFlushEnd(const FlushJob::Outcome& outcome, int64_t duration_micros) const {
  if (options_.listener == nullptr || outcome.table.empty()) return;
  if (outcome.status.ok()) {
    options_.listener->OnFlushEnd({outcome.table, outcome.sstables, outcome.bytes_written, duration_micros});
  } else if (!absl::IsCancelled(outcome.status)) {
    options_.listener->OnBackgroundError({outcome.table, "flush", outcome.status});
  }
}

void Maintenance::FlushDone(TableId table, const FlushJob::Outcome& outcome) {
  // The disk is full: at once, with the reserve.
  bool again = absl::IsResourceExhausted(outcome.status) && store_.reserve().GiveUp();
  int64_t duration_micros = 0;
  {
    MutexLock lock(&mutex_);
    const auto flushed = flushing_.find(table);
    duration_micros = store_.env().clock.NowMonotonicMicros() - flushed->second;
    if (outcome.status.ok()) pacer_.NoteFlush(duration_micros);
    flushing_.erase(flushed);
    flush_running_.store(!flushing_.empty(), std::memory_order_relaxed);
    flush_status_ = again ? absl::OkStatus() : outcome.status;
    if (outcome.status.ok()) {
      ++counters_.flushes;
      counters_.flushed_bytes += outcome.bytes_written;
      pinned_.insert(pinned_.end(), outcome.memtables.begin(), outcome.memtables.end());
      NoteFlushedMemtables();
      again = true;
    }
  }
  if (again) {
    ScheduleFlushes();
    compactions_.Check(table);
    ReleaseLog();
  } else {
    RetryFlushesLater();
  }
  store_.RemoveObsoleteFiles();
  TellFlushEnd(outcome, duration_micros);
  JobDone();
}

/// The disk may be full now and not in a second.
void Maintenance::RetryFlushesLater() {
  store_.env().executor.ScheduleAfter(kRetryMicros, JobPriority::kFlush,
                                      NewFunctionJob("retry flush", [lifetime = lifetime_] {
                                        MutexLock lock(&lifetime->mutex);
                                        if (lifetime->owner != nullptr) lifetime->owner->ScheduleFlushes();
                                      }));
}

void Maintenance::NoteFlushedMemtables() {
  std::erase_if(pinned_, [](const auto& entry) { return entry.first.expired(); });
  uint64_t bytes = 0;
  for (const auto& entry : pinned_) bytes += entry.second;
  pinned_bytes_.store(bytes, std::memory_order_relaxed);
}

absl::Status Maintenance::CheckPinnedMemory() {
  const uint64_t most = options_.memory_budget_bytes / 4;
  if (pinned_bytes_.load(std::memory_order_relaxed) <= most) return absl::OkStatus();
  store_.views().Reclaim();
  MutexLock lock(&mutex_);
  NoteFlushedMemtables();
  const uint64_t pinned = pinned_bytes_.load(std::memory_order_relaxed);
  if (pinned <= most) return absl::OkStatus();
  return ResourceExhausted("snapshots and cursors pin ", pinned, " bytes of memtables; at most ", most,
                           " are allowed before a snapshot is refused");
}

absl::Status Maintenance::FlushAll() {
  STOA_ASSIGN_OR_RETURN(const uint64_t sealed_up_to, SealAll(/*roll_log=*/false));
  absl::Status status;
  STOA_RETURN_IF_ERROR(WaitUntil([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (!flushing_.empty()) return false;
    // What others have sealed since need not be flushed, nor even be visible.
    const std::shared_ptr<const View> view = store_.views().Get();
    const bool done = std::none_of(view->tables().begin(), view->tables().end(), [&](const auto& entry) {
      const std::vector<SealedMemtable>& sealed = entry.second->sealed;
      return !sealed.empty() && sealed.front().seal_sequence <= sealed_up_to;
    });
    if (done) return true;
    // Between two flushes of a table there is none for a moment.
    if (flush_status_.ok() && !stopping_) return false;
    status = flush_status_.ok() ? absl::UnavailableError("flush was interrupted") : flush_status_;
    return true;
  }));
  return status;
}

void Maintenance::FlushForDeadline() {
  if (!SealAll(/*roll_log=*/true).ok()) return;  // it is tried again with the next look
  ReleaseLog();                                  // where nothing was to be flushed
}

// ---- The log

void Maintenance::ScheduleLogHousekeeping() {
  MutexLock lock(&mutex_);
  if (stopping_) return;
  ++jobs_;
  store_.env().executor.Schedule(JobPriority::kCommit, NewFunctionJob("prepare log segment", [this] {
                                   PrepareLogSegment();
                                   JobDone();
                                 }));
}

void Maintenance::PrepareLogSegment() {
  const absl::Status prepared = log_.PrepareSegment();
  ReleaseLog();
  // If it fails again the next append tries, and reports.
  if (!prepared.ok()) (void)store_.reserve().Spend([this] { return log_.PrepareSegment(); });
  if (store_.sealed_log_bytes() > options_.wal_bytes_max) seal_up_to_.store(store_.oldest_sealed_sequence());
  prepare_scheduled_.store(false);
}

void Maintenance::ReleaseLog() {
  store_.AddSealedSegments(log_.TakeSealed());
  const uint64_t visible = pipeline_->visible_sequence();
  const std::shared_ptr<const View> view = store_.views().Get();
  const uint64_t needed = store_.FirstNeededSegment(*view, visible, log_.segment_number());
  absl::StatusOr<bool> moved = store_.Install(
      [&](const DatabaseState& state, VersionEdit* edit) {
        edit->first_log_number = needed;
        edit->last_timestamp = pipeline_->last_timestamp();
        return needed > state.first_log_number;
      },
      [](View::Tables*) {});
  if (moved.ok()) store_.RemoveObsoleteFiles();
}

// ---- A full disk

absl::Status Maintenance::TakeReserve() {
  const absl::Status taken = store_.reserve().Take();
  if (!absl::IsResourceExhausted(taken)) return taken;
  LookForSpaceLater();
  return absl::OkStatus();
}

void Maintenance::LookForSpaceLater() {
  store_.env().executor.ScheduleAfter(kRetryMicros, JobPriority::kCommit,
                                      NewFunctionJob("look for space", [lifetime = lifetime_] {
                                        MutexLock lock(&lifetime->mutex);
                                        if (lifetime->owner != nullptr) lifetime->owner->LookForSpace();
                                      }));
}

/// Frees what can be freed and takes the reserve again: service as ever.
void Maintenance::LookForSpace() {
  if (!store_.health().Check().ok()) return;
  ReleaseLog();
  store_.RemoveObsoleteFiles();  // those that readers have let go
  if (store_.reserve().Take().ok()) {
    ScheduleFlushes();
    compactions_.CheckAll();
    return;
  }
  compactions_.ForgetUnfinished();
  // What is in memory takes less space in SSTables than in the log, and deletions have to get there for
  // merges to carry them out.
  const std::shared_ptr<const View> view = store_.views().Get();
  const bool any = std::any_of(view->tables().begin(), view->tables().end(),
                               [](const auto& entry) { return !entry.second->active->empty(); });
  if (any && !flush_running_.load()) (void)SealAll(/*roll_log=*/false);
  LookForSpaceLater();
}

// ---- Periodic syncs

void Maintenance::AfterPeriodicCommit() {
  if (sync_scheduled_.load(std::memory_order_relaxed) || sync_scheduled_.exchange(true)) return;
  store_.env().executor.ScheduleAfter(options_.sync_interval_ms * 1000, JobPriority::kCommit,
                                      NewFunctionJob("sync log", [lifetime = lifetime_] {
                                        MutexLock lock(&lifetime->mutex);
                                        if (lifetime->owner != nullptr) lifetime->owner->SyncLog();
                                      }));
}

void Maintenance::SyncLog() {
  sync_scheduled_.store(false);
  const absl::StatusOr<uint64_t> synced = log_.Sync();
  if (synced.ok()) return;
  (void)store_.health().Latch(synced.status());
  TellSyncError(synced.status());
}

/// In a job of its own, for the caller holds a lock.
void Maintenance::TellSyncError(const absl::Status& status) {
  if (options_.listener == nullptr) return;
  MutexLock lock(&mutex_);
  if (stopping_) return;
  ++jobs_;
  store_.env().executor.Schedule(JobPriority::kCommit, NewFunctionJob("tell of an error", [this, status] {
                                   options_.listener->OnBackgroundError({"", "sync log", status});
                                   JobDone();
                                 }));
}

// ---- Waiting and stopping

template <typename Condition>
absl::Status Maintenance::WaitUntil(const Condition& condition) {
  MutexLock lock(&mutex_);
  while (!condition()) {
    if (!store_.env().executor.Wait(&mutex_, &changed_)) {
      return absl::InternalError("waiting for background work, but there is none");
    }
  }
  return absl::OkStatus();
}

void Maintenance::JobDone() {
  MutexLock lock(&mutex_);
  --jobs_;
  changed_.SignalAll();
}

void Maintenance::Stop(bool abort) {
  if (abort) abort_.store(true);
  {
    MutexLock lock(&lifetime_->mutex);
    lifetime_->owner = nullptr;
  }
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  (void)WaitUntil([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return jobs_ == 0; });
}

void Maintenance::FillMetrics(Metrics* metrics) const {
  MutexLock lock(&mutex_);
  metrics->flushes = counters_.flushes;
  metrics->flushed_bytes = counters_.flushed_bytes;
}

}  // namespace stoa
