#include "engine/compaction_job.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"

namespace stoa {
namespace {

/// What the purge rule needs to know of the sources that are not in the merge, taken when it starts: what is
/// written later has greater automatic timestamps than anything in the merge.
struct OutsideSources {
  std::vector<TimeBounds> memtables;
  std::vector<SourceBounds> sstables;

  /// Calls visit(TimeBounds) for each that overlaps the partition.
  template <typename Visit>
  void ForEach(uint64_t token, std::string_view key, const Visit& visit) const {
    for (const TimeBounds& times : memtables) visit(times);
    const PositionView partition{token, key, {}};
    for (const SourceBounds& bounds : sstables) {
      const PositionView first{bounds.first.token, bounds.first.key, {}};
      const PositionView last{bounds.last.token, bounds.last.key, {}};
      if (partition >= first && partition <= last) visit(bounds.times);
    }
  }

  int64_t MinTimestamp(uint64_t token, std::string_view key) const {
    int64_t least = std::numeric_limits<int64_t>::max();
    ForEach(token, key, [&](const TimeBounds& times) { least = std::min(least, times.min_timestamp); });
    return least;
  }

  /// Whether none can hold a deletion with a timestamp of `from` or later and before `to`.
  bool HaveNoDeletion(uint64_t token, std::string_view key, int64_t from, int64_t to) const {
    bool none = true;
    ForEach(token, key, [&](const TimeBounds& times) {
      none &= !times.has_tombstones || times.max_timestamp < from || times.min_timestamp >= to;
    });
    return none;
  }
};

OutsideSources CollectOutside(const TableView& table, const std::vector<std::shared_ptr<SSTable>>& inputs) {
  OutsideSources outside;
  if (!table.active->empty()) outside.memtables.push_back(table.active->times());
  for (const SealedMemtable& sealed : table.sealed) outside.memtables.push_back(sealed.memtable->times());
  for (const std::shared_ptr<SSTable>& sstable : table.sstables) {
    if (std::find(inputs.begin(), inputs.end(), sstable) == inputs.end()) {
      outside.sstables.push_back(sstable->bounds());
    }
  }
  return outside;
}

}  // namespace

CompactionJob::CompactionJob(Store& store, TableId table, std::vector<uint64_t> inputs,
                             const std::atomic<bool>& abort, std::function<void(const Outcome&)> done)
    : store_(store),
      table_(table),
      input_numbers_(std::move(inputs)),
      abort_(abort),
      done_(std::move(done)) {}

Job::Progress CompactionJob::Step() {
  absl::StatusOr<bool> finished = abort_.load() ? absl::CancelledError("closing") : Advance();
  if (finished.ok() && !*finished) return Progress::kMore;
  task_.reset();
  inputs_.clear();
  outcome_.status = finished.status();
  done_(outcome_);
  return Progress::kDone;
}

absl::StatusOr<bool> CompactionJob::Advance() {
  if (!started_) {
    started_ = true;
    STOA_RETURN_IF_ERROR(Start());
    return task_ == nullptr;
  }
  STOA_ASSIGN_OR_RETURN(const bool complete, task_->Step());
  if (!complete) return false;
  STOA_RETURN_IF_ERROR(InstallOutput());
  return true;
}

std::vector<std::shared_ptr<SSTable>> CompactionJob::FindInputs(const View& view) const {
  std::vector<std::shared_ptr<SSTable>> found;
  const TableView* table = view.Find(table_);
  if (table == nullptr) return found;
  for (const std::shared_ptr<SSTable>& sstable : table->sstables) {
    if (std::find(input_numbers_.begin(), input_numbers_.end(), sstable->metadata().number) !=
        input_numbers_.end()) {
      found.push_back(sstable);
    }
  }
  if (found.size() != input_numbers_.size()) found.clear();
  return found;
}

absl::Status CompactionJob::Start() {
  const std::shared_ptr<const View> view = store_.views().Get();
  inputs_ = FindInputs(*view);
  if (inputs_.empty()) return absl::OkStatus();
  const TableView* table = view->Find(table_);

  MergeTask::Input input;
  input.schema = table->schema;
  input.budget = &store_.buffer_budget();
  input.writer.number = store_.NewFileNumber();
  input.writer.file_id = store_.env().ids.UniqueId();
  input.writer.compression_level = table->schema->options().compression_level;
  input.writer.purpose = IoPurpose::kCompaction;
  input.purge.now_seconds = store_.purge_clock().NowSeconds();
  input.purge.gc_grace_seconds = table->schema->options().gc_grace_seconds;
  const auto outside = std::make_shared<const OutsideSources>(CollectOutside(*table, inputs_));
  input.purge.min_timestamp_outside = [outside](uint64_t token, std::string_view key) {
    return outside->MinTimestamp(token, key);
  };
  input.purge.can_fold = [outside](uint64_t token, std::string_view key, int64_t from, int64_t to) {
    return outside->HaveNoDeletion(token, key, from, to);
  };
  std::vector<MergeTask::OpenSource> sources;
  for (const std::shared_ptr<SSTable>& sstable : inputs_) {
    outcome_.bytes_read += sstable->metadata().file_bytes;
    sources.emplace_back(
        [sstable](const ScanSpec& spec) { return sstable->NewSource(spec, nullptr, CacheUse::kLeave); });
  }
  STOA_ASSIGN_OR_RETURN(task_, MergeTask::Create(store_.directory(), input, sources));
  return absl::OkStatus();
}

absl::Status CompactionJob::InstallOutput() {
  std::shared_ptr<SSTable> output;
  if (task_->output().has_value()) {
    STOA_RETURN_IF_ERROR(store_.directory().Sync());
    STOA_ASSIGN_OR_RETURN(
        output, SSTable::Open(store_.directory(), *task_->output(), &store_.cache(), &store_.blobs()));
    outcome_.bytes_written = output->metadata().file_bytes;
  }
  STOA_ASSIGN_OR_RETURN(const bool installed,
                        store_.Install(
                            [&](const DatabaseState&, VersionEdit* edit) {
                              if (FindInputs(*store_.views().Get()).empty())
                                return false;  // truncated or dropped meanwhile
                              for (uint64_t number : input_numbers_)
                                edit->removed_files.push_back({table_, number});
                              if (output != nullptr) edit->added_files.push_back(output->metadata());
                              return true;
                            },
                            [&](View::Tables* tables) {
                              auto it = tables->find(table_);
                              auto table = std::make_shared<TableView>(*it->second);
                              std::erase_if(table->sstables, [&](const std::shared_ptr<SSTable>& sstable) {
                                return std::find(inputs_.begin(), inputs_.end(), sstable) != inputs_.end();
                              });
                              if (output != nullptr) table->sstables.push_back(output);
                              table->SortSSTables();
                              it->second = std::move(table);
                            }));
  if (installed) {
    store_.AddObsolete(inputs_);
  } else if (output != nullptr) {
    store_.AddObsolete({output});
  }
  return absl::OkStatus();
}

}  // namespace stoa
