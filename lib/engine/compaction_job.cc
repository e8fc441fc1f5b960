#include "engine/compaction_job.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "compaction/shards.h"

namespace stoa {

class Compaction::ShardJob : public Job {
 public:
  explicit ShardJob(std::shared_ptr<Compaction> compaction) : compaction_(std::move(compaction)) {}

  std::string_view name() const override { return "compaction"; }

  Progress Step() override {
    compaction_->Begin();
    const bool abort = compaction_->context_.abort.load();
    if (const int64_t pause_micros = compaction_->PauseMicros(); pause_micros > 0 && !abort) {
      GoOnLater(pause_micros);
      return Progress::kDone;
    }
    const absl::StatusOr<bool> finished = abort ? absl::CancelledError("closing") : Advance();
    if (finished.ok() && !*finished) return Progress::kMore;
    EndTask();
    compaction_->Leave(finished.status());
    return Progress::kDone;
  }

 private:
  /// As a job that begins then: no thread waits.
  void GoOnLater(int64_t pause_micros) {
    Executor& executor = compaction_->store_.env().executor;
    executor.ScheduleAfter(pause_micros, JobPriority::kCompaction,
                           std::make_unique<ShardJob>(std::move(*this)));
  }

  absl::StatusOr<bool> Advance() {
    if (InputsGone()) return true;
    if (work_.task == nullptr) {
      STOA_ASSIGN_OR_RETURN(work_, compaction_->TakeShard());
      return work_.task == nullptr;
    }
    const bool closing = compaction_->context_.closing.load();
    if (closing) work_.task->LimitFiles(compaction_->piece_bytes_);
    STOA_ASSIGN_OR_RETURN(const bool complete, work_.task->Step());
    compaction_->NoteProgress(&work_);
    const bool noted = compaction_->TakePiece(work_, complete);
    if (complete) EndTask();
    if (closing && noted) return absl::CancelledError("closing");
    return false;
  }

  /// Complete or not, what it has finished is known to the merge.
  void EndTask() {
    if (work_.task == nullptr) return;
    compaction_->TakePiece(work_, /*complete=*/false);
    work_.task.reset();
  }

  /// The table was dropped or truncated: to go on would take up space for nothing. Install will see it too,
  /// and have what was written removed.
  bool InputsGone() {
    const uint64_t removals = compaction_->store_.removals();
    if (removals == removals_) return false;
    removals_ = removals;
    return compaction_->FindInputs(*compaction_->store_.views().Get()).empty();
  }

  const std::shared_ptr<Compaction> compaction_;
  Work work_;
  uint64_t removals_ = 0;  // up to which the inputs were seen to be there
};

Compaction::Compaction(Store& store, uint64_t id, TableId table, CompactionPlan plan,
                       std::vector<MergedPiece> pieces, const Context& context,
                       std::function<void(const CompactionPlan&, const Outcome&)> done)
    : store_(store),
      table_(table),
      plan_(std::move(plan)),
      pieces_(std::move(pieces)),
      context_(context),
      done_(std::move(done)) {
  info_.id = id;
  info_.reason = plan_.reason;
  for (const MergedPiece& piece : pieces_) info_.bytes_taken_over += piece.file.file_bytes;
  bytes_written_ = info_.bytes_taken_over;
}

void Compaction::Start(const std::shared_ptr<Compaction>& compaction, size_t threads) {
  size_t jobs = 1;
  {
    MutexLock lock(&compaction->mutex_);
    compaction->Prepare();
    jobs = std::clamp<size_t>(compaction->shards_.size(), 1, threads);
    compaction->jobs_ = jobs;
  }
  for (size_t i = 0; i < jobs; ++i) {
    compaction->store_.env().executor.Schedule(JobPriority::kCompaction,
                                               std::make_unique<ShardJob>(compaction));
  }
}

// ---- What is told of it

CompactionInfo Compaction::Info() const {
  CompactionInfo info = info_;
  info.bytes_read = bytes_read_.load(std::memory_order_relaxed);
  info.bytes_written = bytes_written_.load(std::memory_order_relaxed);
  info.bytes_copied = bytes_copied_.load(std::memory_order_relaxed);
  info.duration_micros = store_.env().clock.NowMonotonicMicros() - begin_micros_;
  return info;
}

void Compaction::Begin() {
  if (info_.input_files == 0 || begun_.exchange(true)) return;
  if (context_.listener != nullptr) context_.listener->OnCompactionBegin(Info());
}

void Compaction::NoteProgress(Work* work) {
  const uint64_t read = work->stats->bytes_read - work->bytes_read;
  work->bytes_read += read;
  // About what was written, so it may shrink: then this wraps, there and back.
  const uint64_t written = work->task->bytes_written() - work->bytes_written;
  work->bytes_written += written;
  bytes_written_.fetch_add(written, std::memory_order_relaxed);
  const uint64_t copied = work->task->bytes_copied() - work->bytes_copied;
  work->bytes_copied += copied;
  bytes_copied_.fetch_add(copied, std::memory_order_relaxed);
  const uint64_t before = bytes_read_.fetch_add(read, std::memory_order_relaxed);
  const uint64_t tenth = info_.input_bytes / 10 + 1;
  if (context_.listener != nullptr && (before + read) / tenth != before / tenth) {
    context_.listener->OnCompactionProgress(Info());
  }
  if (IsUrgent()) return;
  context_.throttle.Charge(static_cast<int64_t>(read), static_cast<int64_t>(written),
                           store_.env().clock.NowMonotonicMicros());
}

int64_t Compaction::PauseMicros() const {
  return IsUrgent() ? 0 : context_.throttle.NextWait(store_.env().clock.NowMonotonicMicros());
}

bool Compaction::IsUrgent() const {
  return plan_.reason == CompactionReason::kDeadline || !store_.reserve().whole();
}

// ---- The work

std::vector<std::shared_ptr<SSTable>> Compaction::FindInputs(const View& view) const {
  std::vector<std::shared_ptr<SSTable>> found;
  const TableView* table = view.Find(table_);
  if (table == nullptr) return found;
  for (const std::shared_ptr<SSTable>& sstable : table->sstables) {
    if (std::find(plan_.inputs.begin(), plan_.inputs.end(), sstable->metadata().number) !=
        plan_.inputs.end()) {
      found.push_back(sstable);
    }
  }
  if (found.size() != plan_.inputs.size()) found.clear();
  return found;
}

void Compaction::Prepare() {
  const std::shared_ptr<const View> view = store_.views().Get();
  begin_micros_ = store_.env().clock.NowMonotonicMicros();
  inputs_ = FindInputs(*view);
  if (inputs_.empty()) return;
  const TableView* table = view->Find(table_);
  schema_ = table->schema;
  info_.table = schema_->name();
  info_.input_files = inputs_.size();
  for (const std::shared_ptr<SSTable>& sstable : inputs_) info_.input_bytes += sstable->metadata().file_bytes;
  if (plan_.drop) return;
  purge_ = OutsideSources::Rules(std::make_shared<const OutsideSources>(*table, inputs_),
                                 store_.purge_clock().NowSeconds(), schema_->options().gc_grace_seconds);

  const CompactionOptions& options = schema_->options().compaction;
  piece_bytes_ = std::min(context_.piece_bytes, options.min_sstable_bytes);
  const std::vector<uint64_t> starts = ShardStarts(ShardCount(options, plan_.output_density));
  for (size_t i = 0; i < starts.size(); ++i) {
    PositionRange shard;
    shard.start.token = starts[i];
    if (i + 1 < starts.size()) shard.end = PositionView{starts[i + 1], {}, {}};
    for (const PositionRange& range : Uncovered(shard, pieces_)) {
      const bool has_rows = std::any_of(inputs_.begin(), inputs_.end(), [&](const auto& sstable) {
        return sstable->bounds().Overlaps(range);
      });
      if (has_rows) shards_.push_back({range, {}});
    }
  }
}

absl::StatusOr<Compaction::Work> Compaction::TakeShard() {
  Shard* shard = nullptr;
  {
    MutexLock lock(&mutex_);
    STOA_RETURN_IF_ERROR(outcome_.status);
    if (next_shard_ == shards_.size()) return Work{};
    shard = &shards_[next_shard_++];
  }
  auto stats = std::make_unique<ReadStats>();
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<MergeTask> task, NewTask(*shard, stats.get()));
  return Work{shard, std::move(stats), std::move(task)};
}

absl::StatusOr<std::unique_ptr<MergeTask>> Compaction::NewTask(const Shard& shard, ReadStats* stats) const {
  MergeTask::Input input;
  input.schema = schema_;
  input.range = shard.range;
  input.purge = purge_;
  input.budget = &store_.buffer_budget();
  input.new_file = [this] { return store_.NewFileOptions(*schema_, IoPurpose::kCompaction); };
  input.file_bytes_max = 2 * schema_->options().compaction.target_sstable_bytes;
  std::vector<MergeTask::OpenSource> sources;
  for (const std::shared_ptr<SSTable>& sstable : inputs_) {
    if (!sstable->bounds().Overlaps(shard.range)) continue;
    sources.emplace_back([&sstable, stats](const ScanSpec& spec) {
      return sstable->NewSource(spec, stats, CacheUse::kLeave);
    });
  }
  return MergeTask::Create(store_.directory(), input, sources);
}

bool Compaction::TakePiece(const Work& work, bool complete) {
  Shard& shard = *work.shard;
  const std::vector<SSTableMetadata>& outputs = work.task->outputs();
  if (outputs.size() == shard.pieces.size()) return false;
  MergedPiece piece;
  piece.from = Position(shard.pieces.empty() ? shard.range.start : shard.pieces.back().to->view());
  if (!complete) piece.to = work.task->reached();
  if (complete && shard.range.end.has_value()) piece.to = Position(*shard.range.end);
  piece.file = outputs.back();
  shard.pieces.push_back(piece);
  {
    MutexLock lock(&mutex_);
    // After the last one all is installed at once, unless another job has been interrupted.
    const bool is_last = complete && jobs_ == 1 && next_shard_ == shards_.size();
    if (is_last && outcome_.status.ok()) return false;
  }
  return piece.file.file_bytes >= piece_bytes_ && store_.NotePiece({plan_.inputs, std::move(piece)});
}

UnfinishedMerge Compaction::Finished() const {
  UnfinishedMerge merge{plan_.inputs, pieces_};
  for (const Shard& shard : shards_) {
    merge.pieces.insert(merge.pieces.end(), shard.pieces.begin(), shard.pieces.end());
  }
  return merge;
}

void Compaction::Leave(const absl::Status& status) {
  Outcome outcome;
  {
    MutexLock lock(&mutex_);
    outcome_.status.Update(status);
    if (--jobs_ > 0) return;
    outcome_.info = Info();
    if (outcome_.status.ok()) outcome_.status = Finish();
    // What closing interrupts is resumed; and what of it is not noted goes with the leftovers.
    if (!outcome_.status.ok() && !absl::IsCancelled(outcome_.status)) store_.RemoveMerge(table_, Finished());
    inputs_.clear();
    outcome = outcome_;
  }
  done_(plan_, outcome);
}

absl::Status Compaction::Finish() {
  if (inputs_.empty()) return absl::OkStatus();
  outcome_.info.bytes_written = 0;
  std::vector<std::shared_ptr<SSTable>> outputs;
  for (const MergedPiece& piece : Finished().pieces) {
    ++outcome_.info.output_files;
    outcome_.info.bytes_written += piece.file.file_bytes;
    STOA_ASSIGN_OR_RETURN(std::shared_ptr<SSTable> output,
                          SSTable::Open(store_.directory(), piece.file, &store_.cache(), &store_.blobs()));
    outputs.push_back(std::move(output));
  }
  if (!outputs.empty()) STOA_RETURN_IF_ERROR(store_.directory().Sync());
  return Install(outputs);
}

absl::Status Compaction::Install(const std::vector<std::shared_ptr<SSTable>>& outputs) {
  STOA_ASSIGN_OR_RETURN(const bool installed,
                        store_.Install(
                            [&](const DatabaseState&, VersionEdit* edit) {
                              if (FindInputs(*store_.views().Get()).empty())
                                return false;  // truncated or dropped meanwhile
                              for (const uint64_t number : plan_.inputs)
                                edit->removed_files.push_back({table_, number});
                              for (const auto& output : outputs)
                                edit->added_files.push_back(output->metadata());
                              return true;
                            },
                            [&](View::Tables* tables) {
                              auto it = tables->find(table_);
                              auto table = std::make_shared<TableView>(*it->second);
                              std::erase_if(table->sstables, [&](const std::shared_ptr<SSTable>& sstable) {
                                return std::find(inputs_.begin(), inputs_.end(), sstable) != inputs_.end();
                              });
                              table->sstables.insert(table->sstables.end(), outputs.begin(), outputs.end());
                              table->SortSSTables();
                              it->second = std::move(table);
                            }));
  store_.AddObsolete(installed ? inputs_ : outputs);
  return absl::OkStatus();
}

}  // namespace stoa
