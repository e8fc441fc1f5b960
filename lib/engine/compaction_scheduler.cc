#include "engine/compaction_scheduler.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "compaction/overlap.h"
#include "engine/cover_search.h"

namespace stoa {
namespace {

/// A merge that failed is tried again after so long. What did not fit on the disk takes all there is until it
/// fails again; a row that is too large for an SSTable will be so for long.
constexpr int64_t kRetrySeconds = 10;
constexpr int64_t kRetryFullSeconds = 60;
constexpr int64_t kRetryTooLargeSeconds = 3600;
/// The wall clock may be set forward before a later look would come.
constexpr int64_t kLookSecondsMax = 3600;
/// About how many times smaller the SSTable of a flush is than the memory for memtables: half of that is
/// flushed at once, and a row takes several times fewer bytes on disk than in memory.
constexpr double kFlushesPerMemory = 16;

int64_t RetrySeconds(const absl::Status& failure) {
  if (absl::IsOutOfRange(failure)) return kRetryTooLargeSeconds;
  return absl::IsResourceExhausted(failure) ? kRetryFullSeconds : kRetrySeconds;
}

/// What the picker looks at. Views of the schema and of the files of `table`.
CompactionState StateOf(const TableView& table, const std::set<uint64_t>& busy, int64_t now_seconds,
                        double base_bytes) {
  CompactionState state =
      CompactionState::Of(FilesOf(table), table.schema->options(), now_seconds, base_bytes);
  for (const std::shared_ptr<SSTable>& sstable : table.sstables) {
    if (const uint64_t dead = sstable->dead(); dead > 0) state.dead[sstable->metadata().number] = dead;
  }
  state.busy = busy;
  state.memtables.push_back(table.active->times());
  for (const SealedMemtable& sealed : table.sealed) state.memtables.push_back(sealed.memtable->times());
  return state;
}

/// Merged together they would become the same files again.
bool IsMerged(const Files& files) {
  return OverlapGroups(files).size() == files.size() &&
         std::none_of(files.begin(), files.end(), [](const SSTableMetadata* file) {
           return file->bounds.times.has_tombstones || file->bounds.times.has_expiring;
         });
}

}  // namespace

Files FilesOf(const TableView& table) {
  Files files;
  for (const std::shared_ptr<SSTable>& sstable : table.sstables) files.push_back(&sstable->metadata());
  return files;
}

double FlushedFileBytes(uint64_t memtable_bytes) {
  return static_cast<double>(memtable_bytes) / kFlushesPerMemory;
}

/// Lets a delayed job find out whether its scheduler still exists.
struct CompactionScheduler::Lifetime {
  Mutex mutex;
  CompactionScheduler* owner ABSL_GUARDED_BY(mutex) = nullptr;
};

CompactionScheduler::CompactionScheduler(Store& store, WritePacer& pacer, const Settings& settings)
    : store_(store),
      pacer_(pacer),
      settings_(settings),
      lifetime_(std::make_shared<Lifetime>()),
      throttle_(settings.bytes_per_second) {
  MutexLock lock(&lifetime_->mutex);
  lifetime_->owner = this;
}

void CompactionScheduler::Check(TableId table) {
  MutexLock lock(&mutex_);
  CheckLocked(table);
}

void CompactionScheduler::CheckLocked(TableId table) {
  // On a full disk one at a time, so that they do not take the reserve from each other.
  const size_t threads = store_.reserve().whole() ? settings_.threads : 1;
  StartUnfinished(threads);
  if (reserved_.contains(table)) return;
  const std::shared_ptr<const View> view = store_.views().Get();
  const TableView* sources = view->Find(table);
  if (sources == nullptr) {
    excess_.erase(table);
    covers_.erase(table);
    return;
  }
  const int64_t now = store_.purge_clock().NowSeconds();
  CompactionState state = StateOf(*sources, busy_[table], now, settings_.base_bytes);
  std::erase_if(set_aside_[table], [now](const auto& entry) { return entry.second <= now; });
  for (const auto& entry : set_aside_[table]) state.busy.insert(entry.first);
  Pace(table, state);
  for (const Unfinished& unfinished : unfinished_) {
    if (unfinished.table != table) continue;
    state.busy.insert(unfinished.merge.inputs.begin(), unfinished.merge.inputs.end());
  }
  if (LookForCovers(table, *sources)) return;
  const std::set<FileCover>& covers = covers_[table].found;
  state.covers.assign(covers.begin(), covers.end());
  while (!stopping_ && under_way_.size() < threads) {
    std::optional<CompactionPlan> plan = PickCompaction(state);
    if (!plan.has_value()) break;
    state.busy.insert(plan->inputs.begin(), plan->inputs.end());
    Start(table, *std::move(plan));
  }
  if (const std::optional<int64_t> at = NextLook(state)) LookAgain(*at, now);
}

/// Before anything is merged: what is covered need not be.
bool CompactionScheduler::LookForCovers(TableId table, const TableView& sources) {
  Covers& covers = covers_[table];
  if (covers.is_looking || stopping_) return true;
  std::set<uint64_t> present;
  for (const std::shared_ptr<SSTable>& sstable : sources.sstables) present.insert(sstable->metadata().number);
  std::erase_if(covers.found, [&](const FileCover& cover) {
    return !present.contains(cover.file) || !present.contains(cover.by);
  });
  std::vector<FilePair> pairs = PairsToLookAt(sources, covers.looked_at);
  covers.looked_at = std::move(present);
  if (pairs.empty()) return false;
  covers.is_looking = true;
  ++searches_;
  auto done = [this, table](const std::vector<FileCover>& found) {
    MutexLock lock(&mutex_);
    Covers& known = covers_[table];
    known.found.insert(found.begin(), found.end());
    known.is_looking = false;
    --searches_;
    CheckLocked(table);
    changed_.SignalAll();
  };
  store_.env().executor.Schedule(JobPriority::kCompaction,
                                 std::make_unique<CoverSearch>(std::move(pairs), abort_, std::move(done)));
  return true;
}

/// Two files too many double the time that writers are given, then it grows with the square.
void CompactionScheduler::Pace(TableId table, const CompactionState& state) {
  const size_t depth = Deepest(state.files).size();
  const size_t allowed = state.options->files_per_read_max;
  excess_[table] = depth > allowed ? depth - allowed : 0;
  size_t worst = 0;
  for (const auto& [id, excess] : excess_) worst = std::max(worst, excess);
  const auto excess = static_cast<double>(worst);
  pacer_.SetSlowdown(1 + excess * excess / 4);
  throttle_.SetLifted(stopping_ || worst > 0);
}

void CompactionScheduler::SetUnfinished(const DatabaseState& state) {
  MutexLock lock(&mutex_);
  for (const auto& [id, table] : state.tables) {
    for (const auto& [first, merge] : table.merges) unfinished_.push_back({id, merge});
  }
}

void CompactionScheduler::ForgetUnfinished() {
  MutexLock lock(&mutex_);
  for (const Unfinished& unfinished : unfinished_) store_.RemoveMerge(unfinished.table, unfinished.merge);
  unfinished_.clear();
}

CompactionState CompactionScheduler::StateIn(const View& view, TableId table) const {
  const TableView* sources = view.Find(table);
  if (sources == nullptr) return {};
  return StateOf(*sources, {}, store_.purge_clock().NowSeconds(), settings_.base_bytes);
}

/// Of whatever table: they have waited longest, and what they have written takes up space.
void CompactionScheduler::StartUnfinished(size_t threads) {
  if (stopping_ || unfinished_.empty()) return;
  const std::shared_ptr<const View> view = store_.views().Get();
  const std::vector<Unfinished> waiting = unfinished_;
  for (const auto& [table, merge] : waiting) {
    if (reserved_.contains(table)) continue;
    if (under_way_.size() >= threads) return;
    const CompactionState state = StateIn(*view, table);
    Files inputs;
    std::copy_if(state.files.begin(), state.files.end(), std::back_inserter(inputs),
                 [&merge = merge](const SSTableMetadata* file) { return merge.HasInput(file->number); });
    if (inputs.size() == merge.inputs.size()) {
      Start(table, PlanMerge(state, inputs, CompactionReason::kResumed));
    } else {
      store_.RemoveMerge(table, merge);  // truncated or dropped
      TakeUnfinished(table, merge.inputs);
    }
  }
}

std::vector<MergedPiece> CompactionScheduler::TakeUnfinished(TableId table,
                                                             const std::vector<uint64_t>& inputs) {
  const UnfinishedMerge wanted{inputs, {}};
  std::vector<MergedPiece> pieces;
  std::erase_if(unfinished_, [&](Unfinished& unfinished) {
    if (unfinished.table != table || !unfinished.merge.SharesInputs(wanted)) return false;
    if (unfinished.merge.inputs == inputs) {
      pieces = std::move(unfinished.merge.pieces);
    } else {
      store_.RemoveMerge(table, unfinished.merge);
    }
    return true;
  });
  return pieces;
}

void CompactionScheduler::Start(TableId table, CompactionPlan plan) {
  std::sort(plan.inputs.begin(), plan.inputs.end());
  std::vector<MergedPiece> pieces = TakeUnfinished(table, plan.inputs);
  busy_[table].insert(plan.inputs.begin(), plan.inputs.end());
  const uint64_t id = ++last_id_;
  const auto compaction = std::make_shared<Compaction>(
      store_, id, table, std::move(plan), std::move(pieces),
      Compaction::Context{abort_, closing_, throttle_, static_cast<uint64_t>(settings_.base_bytes),
                          settings_.listener},
      [this, id, table](const CompactionPlan& done, const Compaction::Outcome& outcome) {
        Done(id, table, done, outcome);
      });
  under_way_.emplace(id, compaction);
  Compaction::Start(compaction, settings_.threads);
}

/// Before the merge is taken for ended, so that nobody is told of anything once all merges have.
void CompactionScheduler::TellEnd(const Compaction::Outcome& outcome, bool is_tried_again) const {
  if (settings_.listener == nullptr || outcome.info.input_files == 0) return;
  settings_.listener->OnCompactionEnd(outcome.info, outcome.status);
  if (outcome.status.ok() || absl::IsCancelled(outcome.status) || is_tried_again) return;
  settings_.listener->OnBackgroundError({outcome.info.table, "compaction", outcome.status});
}

void CompactionScheduler::Done(uint64_t id, TableId table, const CompactionPlan& plan,
                               const Compaction::Outcome& outcome) {
  if (outcome.status.ok()) store_.RemoveObsoleteFiles();
  const bool has_room = absl::IsResourceExhausted(outcome.status) && store_.reserve().GiveUp();
  TellEnd(outcome, /*is_tried_again=*/has_room);
  MutexLock lock(&mutex_);
  if (has_room && !stopping_) {
    under_way_.erase(id);
    return Start(table, plan);
  }
  for (const uint64_t number : plan.inputs) busy_[table].erase(number);
  if (outcome.status.ok()) {
    failures_.erase(table);
    CompactionCounters& counters = counters_[static_cast<size_t>(plan.reason)];
    ++counters.compactions;
    const CompactionInfo& info = outcome.info;
    counters.bytes_read += plan.drop ? 0 : info.bytes_taken_over > 0 ? info.bytes_read : info.input_bytes;
    counters.bytes_written += info.bytes_written - info.bytes_taken_over;
    counters.bytes_copied += info.bytes_copied;
  } else {
    failures_[table] = outcome.status;
    const int64_t now = store_.purge_clock().NowSeconds();
    const int64_t until = now + RetrySeconds(outcome.status);
    for (const uint64_t number : plan.inputs) set_aside_[table][number] = until;
    LookAgain(until, now);
  }
  under_way_.erase(id);
  if (outcome.status.ok()) CheckLocked(table);
  changed_.SignalAll();
}

void CompactionScheduler::LookAgain(int64_t at_seconds, int64_t now_seconds) {
  at_seconds = std::min(at_seconds, now_seconds + kLookSecondsMax);
  if (stopping_ || at_seconds >= next_look_) return;
  next_look_ = at_seconds;
  store_.env().executor.ScheduleAfter((at_seconds - now_seconds) * kMicrosPerSecond, JobPriority::kCompaction,
                                      NewFunctionJob("look for compactions", [lifetime = lifetime_] {
                                        MutexLock lock(&lifetime->mutex);
                                        if (lifetime->owner != nullptr) lifetime->owner->CheckAll();
                                      }));
}

void CompactionScheduler::CheckAll() {
  const std::shared_ptr<const View> view = store_.views().Get();
  const int64_t now = store_.purge_clock().NowSeconds();
  const bool flush = std::any_of(view->tables().begin(), view->tables().end(), [&](const auto& entry) {
    return NeedsFlush(StateOf(*entry.second, {}, now, settings_.base_bytes));
  });
  if (flush) flush_();
  MutexLock lock(&mutex_);
  next_look_ = kNoExpiry;
  for (const auto& entry : view->tables()) CheckLocked(entry.first);
}

bool CompactionScheduler::StartWanted(TableId table) {
  const std::shared_ptr<const View> view = store_.views().Get();
  const CompactionState state = StateIn(*view, table);
  if (IsMerged(state.files)) return false;
  failures_.erase(table);
  Start(table, PlanMerge(state, state.files, CompactionReason::kWanted));
  return true;
}

absl::Status CompactionScheduler::CompactTable(TableId table) {
  MutexLock lock(&mutex_);
  const auto wait_while = [&](const auto& condition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (condition()) {
      if (!store_.env().executor.Wait(&mutex_, &changed_)) {
        return absl::InternalError("waiting for a compaction, but there is none");
      }
    }
    return absl::OkStatus();
  };
  STOA_RETURN_IF_ERROR(
      wait_while([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return reserved_.contains(table) && !stopping_; }));
  if (stopping_) return absl::FailedPreconditionError("the database is closing");
  reserved_.insert(table);
  const auto is_busy = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return !busy_[table].empty(); };
  absl::Status status = wait_while(is_busy);
  if (status.ok() && !stopping_ && StartWanted(table)) {
    status = wait_while(is_busy);
    if (auto failure = failures_.find(table); status.ok() && failure != failures_.end())
      status = failure->second;
  }
  reserved_.erase(table);
  changed_.SignalAll();
  CheckLocked(table);
  return status;
}

void CompactionScheduler::Stop(bool abort) {
  (abort ? abort_ : closing_).store(true);
  {
    MutexLock lock(&lifetime_->mutex);
    lifetime_->owner = nullptr;
  }
  MutexLock lock(&mutex_);
  stopping_ = true;
  throttle_.SetLifted(true);
  changed_.SignalAll();
  while (!under_way_.empty() || searches_ > 0) {
    if (!store_.env().executor.Wait(&mutex_, &changed_)) return;
  }
}

void CompactionScheduler::FillMetrics(Metrics* metrics) const {
  MutexLock lock(&mutex_);
  metrics->compactions_by_reason = counters_;
  metrics->compaction_wait_micros = throttle_.waited_micros();
  for (const CompactionCounters& counters : counters_) {
    metrics->compactions += counters.compactions;
    metrics->compaction_bytes_read += counters.bytes_read;
    metrics->compaction_bytes_written += counters.bytes_written;
  }
  for (const auto& [id, compaction] : under_way_) metrics->running_compactions.push_back(compaction->Info());
}

}  // namespace stoa
