#include "engine/flush_job.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "engine/outside_sources.h"

namespace stoa {
namespace {

/// An SSTable has its price: with more snapshots than this in a flush, the later ones keep the memtables.
constexpr size_t kCutsMax = 8;

bool HasCounters(const TableSchema& schema) {
  return std::any_of(schema.regular().begin(), schema.regular().end(),
                     [](const Column& column) { return column.type.kind() == TypeKind::kCounter; });
}

}  // namespace

FlushJob::FlushJob(Store& store, LogWriter& log, TableId table, std::function<uint64_t()> visible_sequence,
                   const std::atomic<bool>& abort, std::function<void(const Outcome&)> done)
    : store_(store),
      log_(log),
      table_(table),
      visible_sequence_(std::move(visible_sequence)),
      abort_(abort),
      done_(std::move(done)) {}

Job::Progress FlushJob::Step() {
  absl::StatusOr<bool> finished = abort_.load() ? absl::CancelledError("closing") : Advance();
  if (finished.ok() && !*finished) return Progress::kMore;
  task_.reset();
  Outcome outcome;
  outcome.status = finished.status();
  if (schema_ != nullptr) outcome.table = schema_->name();
  outcome.bytes_written = bytes_written_;
  outcome.sstables = sstables_;
  for (const SealedMemtable& sealed : memtables_) {
    if (finished.ok()) outcome.memtables.emplace_back(sealed.memtable, sealed.memtable->memory_bytes());
  }
  if (!finished.ok()) DropParts();
  memtables_.clear();
  done_(outcome);
  return Progress::kDone;
}

absl::StatusOr<bool> FlushJob::Advance() {
  if (memtables_.empty()) {
    Start();
    return memtables_.empty();
  }
  if (current_part_ == parts_.size()) {
    STOA_RETURN_IF_ERROR(InstallParts());
    return true;
  }
  if (task_ == nullptr) STOA_RETURN_IF_ERROR(StartPart());
  const absl::StatusOr<bool> complete = task_->Step();
  if (absl::IsOutOfRange(complete.status())) {
    STOA_RETURN_IF_ERROR(SplitPart(complete.status()));
  } else if (!complete.ok()) {
    return complete.status();
  } else if (*complete) {
    STOA_RETURN_IF_ERROR(FinishPart());
  }
  return false;
}

void FlushJob::Start() {
  const std::shared_ptr<const View> view = store_.views().Get();
  const TableView* table = view->Find(table_);
  if (table == nullptr) return;
  // All that are sealed, in order; but only those that nobody writes to any more.
  for (const SealedMemtable& sealed : table->sealed) {
    if (sealed.seal_sequence > visible_sequence_()) break;
    memtables_.push_back(sealed);
  }
  if (memtables_.empty()) return;
  schema_ = table->schema;
  const uint64_t last = memtables_.back().seal_sequence;
  std::vector<uint64_t> cuts = store_.snapshots().SequencesBetween(memtables_.front().after_sequence, last);
  if (cuts.size() > kCutsMax) cuts.resize(kCutsMax);
  cuts.push_back(last);
  uint64_t after = 0;
  for (const uint64_t cut : cuts) {
    parts_.push_back(FlushedPart{after, cut, nullptr});
    after = cut;
  }
}

/// What was written and deleted again is not written out: a queue that is emptied as fast as it fills leaves
/// no tombstones. But where the memtables become several parts, one holds what the deletions of another hide;
/// and snapshots, which get these files for their memtables, may also read files that are merged away since.
PurgeRules FlushJob::Purge() const {
  PurgeRules rules = PurgeRules::KeepAll();
  const std::shared_ptr<const View> view = store_.views().Get();
  const TableView* const table = view->Find(table_);
  if (parts_.size() == 1 && table != nullptr && store_.snapshots().empty()) {
    rules = OutsideSources::Rules(std::make_shared<const OutsideSources>(*table, memtables_),
                                  store_.purge_clock().NowSeconds(), schema_->options().gc_grace_seconds);
  }
  // Several memtables of a table of counters hold together, like one (memtable_source.cc), everything between
  // their least timestamp and their greatest.
  rules.can_fold = nullptr;
  if (HasCounters(*schema_)) {
    rules.can_fold = [](uint64_t, std::string_view, int64_t, int64_t) { return true; };
  }
  return rules;
}

absl::Status FlushJob::StartPart() {
  const FlushedPart& part = parts_[current_part_];
  MergeTask::Input input;
  input.schema = schema_;
  input.budget = &store_.buffer_budget();
  input.new_file = [this] { return store_.NewFileOptions(*schema_, IoPurpose::kFlush); };
  input.purge = Purge();
  std::vector<MergeTask::OpenSource> sources;
  for (const SealedMemtable& sealed : memtables_) {
    if (sealed.seal_sequence <= part.after || sealed.after_sequence >= part.up_to) continue;
    sources.emplace_back([&sealed, &part](const ScanSpec& spec) {
      return sealed.memtable->NewSource(spec, part.up_to, part.after);
    });
  }
  STOA_ASSIGN_OR_RETURN(task_, MergeTask::Create(store_.directory(), input, sources));
  return absl::OkStatus();
}

/// The part has a row that is too large for an SSTable, for example a list that was appended to again and
/// again. It is written anew as two parts, each of half of its commits; in the end of one, which fits
/// (WriteBatch). Readers put the row together, as ever.
absl::Status FlushJob::SplitPart(const absl::Status& too_large) {
  task_.reset();
  FlushedPart& part = parts_[current_part_];
  const uint64_t after = std::max(part.after, memtables_.front().after_sequence);
  if (part.up_to - after < 2) return too_large;
  FlushedPart first{part.after, after + (part.up_to - after) / 2, nullptr};
  part.after = first.up_to;
  parts_.insert(parts_.begin() + static_cast<ptrdiff_t>(current_part_), std::move(first));
  return absl::OkStatus();
}

absl::Status FlushJob::FinishPart() {
  if (!task_->outputs().empty()) {
    const SSTableMetadata& metadata = task_->outputs().front();  // the only one: its size has no limit
    STOA_RETURN_IF_ERROR(store_.directory().Sync());
    STOA_ASSIGN_OR_RETURN(parts_[current_part_].sstable,
                          SSTable::Open(store_.directory(), metadata, &store_.cache(), &store_.blobs()));
    bytes_written_ += metadata.file_bytes;
    ++sstables_;
  }
  task_.reset();
  ++current_part_;
  return absl::OkStatus();
}

/// What was written for nothing goes; but where the manifest failed it may name it.
void FlushJob::DropParts() {
  if (!store_.health().Check().ok()) return;
  std::vector<std::shared_ptr<SSTable>> sstables;
  for (FlushedPart& part : parts_) {
    if (part.sstable != nullptr) sstables.push_back(std::move(part.sstable));
  }
  store_.AddObsolete(sstables);
}

absl::Status FlushJob::InstallParts() {
  std::vector<std::shared_ptr<SSTable>> sstables;
  for (const FlushedPart& part : parts_) {
    if (part.sstable != nullptr) sstables.push_back(part.sstable);
  }
  const uint64_t flushed = memtables_.back().seal_sequence;
  if (absl::StatusOr<uint64_t> synced = log_.Sync(); !synced.ok()) {
    return log_.status().ok() ? synced.status() : store_.health().Latch(synced.status());
  }
  const size_t count = memtables_.size();
  // Truncated or dropped meanwhile: then the view no longer holds these memtables.
  auto still_there = [&] {
    const std::shared_ptr<const View> view = store_.views().Get();  // a seal may replace it meanwhile
    const TableView* table = view->Find(table_);
    return table != nullptr && table->sealed.size() >= count &&
           table->sealed.front().memtable == memtables_.front().memtable;
  };
  STOA_ASSIGN_OR_RETURN(const bool installed,
                        store_.Install(
                            [&](const DatabaseState&, VersionEdit* edit) {
                              if (!still_there()) return false;
                              edit->flushed.push_back({table_, flushed});
                              for (const auto& sstable : sstables)
                                edit->added_files.push_back(sstable->metadata());
                              return true;
                            },
                            [&](View::Tables* tables) {
                              auto it = tables->find(table_);
                              auto table = std::make_shared<TableView>(*it->second);
                              table->sealed.erase(table->sealed.begin(),
                                                  table->sealed.begin() + static_cast<ptrdiff_t>(count));
                              table->flushed_sequence = flushed;
                              table->sstables.insert(table->sstables.end(), sstables.begin(), sstables.end());
                              table->SortSSTables();
                              it->second = std::move(table);
                            }));
  if (installed) {
    store_.snapshots().ReplaceMemtables(table_, memtables_, parts_, store_.NewMemtable(table_));
  } else {
    store_.AddObsolete(sstables);
  }
  return absl::OkStatus();
}

}  // namespace stoa
