#include "engine/recovery.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "base/coding.h"
#include "base/memory_budget.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "blob/blob_format.h"
#include "compaction/merge_task.h"
#include "data/large_values.h"
#include "data/mutation.h"
#include "engine/manifest.h"
#include "engine/schema_change.h"
#include "io/files.h"
#include "memtable/memtable.h"
#include "wal/log_replay.h"
#include "wal/log_writer.h"

namespace stoa {
namespace {

/// Names in the directory, sorted out.
struct DirectoryContent {
  std::vector<uint64_t> logs;  // ascending
  uint64_t greatest_number = 0;
  bool has_data = false;  // SSTables or blobs
};

absl::StatusOr<DirectoryContent> ReadDirectory(Directory& directory) {
  DirectoryContent content;
  STOA_ASSIGN_OR_RETURN(const std::vector<std::string> names, directory.List());
  for (const std::string& name : names) {
    if (const uint64_t log = ParseLogSegmentName(name); log != 0) content.logs.push_back(log);
    const uint64_t sstable = ParseSSTableName(name);
    const uint64_t blob = ParseBlobName(name);
    content.has_data = content.has_data || sstable != 0 || blob != 0;
    content.greatest_number = std::max({content.greatest_number, sstable, blob, ParseManifestName(name)});
  }
  std::sort(content.logs.begin(), content.logs.end());
  return content;
}

class Recovery {
 public:
  Recovery(Env& env, Directory& directory, BlockCache* cache, BlobRegistry* blobs,
           uint64_t memtable_bytes_max)
      : env_(env), directory_(directory), cache_(cache), blobs_(*blobs), budget_(memtable_bytes_max) {}

  absl::StatusOr<RecoveredDatabase> Run(bool create_if_missing);

 private:
  absl::Status StartState(bool create_if_missing);
  absl::Status Replay(const LogRecord& record);
  absl::Status ReplayMutations(const LogRecord& record);
  absl::Status ReplaySchemaChange(const LogRecord& record);
  absl::Status WriteOutMemtables();
  void CheckMerges();
  absl::Status WriteOut(TableState* table, const Memtable& memtable);

  Env& env_;
  Directory& directory_;
  BlockCache* const cache_;
  BlobRegistry& blobs_;
  MemoryBudget budget_;
  DirectoryContent content_;
  RecoveredDatabase result_;
  std::map<TableId, std::unique_ptr<Memtable>> memtables_;
};

absl::Status Recovery::StartState(bool create_if_missing) {
  absl::StatusOr<ManifestContent> manifest = ReadManifest(directory_);
  if (manifest.status().code() == absl::StatusCode::kNotFound) {
    if (!content_.logs.empty() || content_.has_data) {
      return Corruption(StrCat(directory_.path(), "/", kCurrentName), 0,
                        "missing, although the directory holds a database");
    }
    if (!create_if_missing) return NotFound("there is no database in ", directory_.path());
    result_.report.created = true;
    result_.state.database_id = env_.ids.UniqueId();
    result_.state.closed_at_sequence = 0;
  } else {
    STOA_RETURN_IF_ERROR(manifest.status());
    result_.state = std::move(manifest->state);
    result_.report.clean = result_.state.closed_at_sequence.has_value();
    if (manifest->cut_bytes > 0) {
      result_.report.cut_bytes += manifest->cut_bytes;
      result_.report.cut_detail = StrCat(ManifestName(manifest->number), ": an edit that was being written");
    }
  }
  result_.state.next_file_number = std::max(result_.state.next_file_number, content_.greatest_number + 1);
  return absl::OkStatus();
}

absl::StatusOr<RecoveredDatabase> Recovery::Run(bool create_if_missing) {
  STOA_ASSIGN_OR_RETURN(content_, ReadDirectory(directory_));
  STOA_RETURN_IF_ERROR(StartState(create_if_missing));
  for (const auto& [id, table] : result_.state.tables) {
    for (const auto& [number, metadata] : table.files) {
      STOA_ASSIGN_OR_RETURN(std::shared_ptr<SSTable> sstable,
                            SSTable::Open(directory_, metadata, cache_, &blobs_));
      result_.sstables.push_back(std::move(sstable));
    }
  }
  STOA_ASSIGN_OR_RETURN(const std::vector<uint64_t> segments,
                        NeededLogs(directory_, result_.state, content_.logs));
  STOA_ASSIGN_OR_RETURN(const LogReplayReport log,
                        ReplayLog(directory_, result_.state.database_id, segments,
                                  [this](const LogRecord& record) { return Replay(record); }));
  STOA_RETURN_IF_ERROR(WriteOutMemtables());
  CheckMerges();

  RecoveryReport& report = result_.report;
  report.log_segments = log.segments;
  report.log_records = log.records;
  report.log_bytes = log.bytes;
  report.cut_bytes += log.cut_bytes;
  if (!log.cut_detail.empty()) {
    report.cut_detail =
        report.cut_detail.empty() ? log.cut_detail : StrCat(report.cut_detail, "; ", log.cut_detail);
  }
  DatabaseState& state = result_.state;
  if (log.records > 0) state.closed_at_sequence.reset();
  state.last_timestamp = std::max(state.last_timestamp, log.last_timestamp);
  state.first_log_number =
      std::max(state.first_log_number, content_.logs.empty() ? 0 : content_.logs.back() + 1);
  return std::move(result_);
}

absl::Status Recovery::Replay(const LogRecord& record) {
  switch (record.kind) {
    case LogRecordKind::kMutations:
      return ReplayMutations(record);
    case LogRecordKind::kSchema:
      return ReplaySchemaChange(record);
    case LogRecordKind::kSeal:
    case LogRecordKind::kClose:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status Recovery::ReplayMutations(const LogRecord& record) {
  const FragmentContext context{record.timestamp, record.now_seconds};
  MutationReader reader(record.payload, context);
  Mutation mutation;
  while (reader.Next(&mutation)) {
    const auto table = result_.state.tables.find(mutation.table);
    if (table == result_.state.tables.end()) continue;                // dropped
    if (record.sequence <= table->second.flushed_sequence) continue;  // in an SSTable, or truncated
    std::unique_ptr<Memtable>& memtable = memtables_[mutation.table];
    if (memtable == nullptr) memtable = std::make_unique<Memtable>(mutation.table, &budget_);
    STOA_RETURN_IF_ERROR(ForEachBlob(mutation.fragment, [&](const BlobId& id) -> absl::Status {
      STOA_ASSIGN_OR_RETURN(SharedBlob blob, blobs_.Open(id));
      memtable->Keep(std::move(blob));
      return absl::OkStatus();
    }));
    // All before it have been applied, and their timestamps are less.
    memtable->Apply(mutation, context, record.sequence, record.timestamp - 1);
    ++result_.report.operations_replayed;
  }
  if (!reader.ok()) {
    return absl::DataLossError(
        StrCat("log record of sequence ", record.sequence, " does not hold mutations"));
  }
  return budget_.exceeded() ? WriteOutMemtables() : absl::OkStatus();
}

absl::Status Recovery::ReplaySchemaChange(const LogRecord& record) {
  absl::StatusOr<SchemaChange> change = SchemaChange::Decode(record.payload);
  if (change.status().code() == absl::StatusCode::kInvalidArgument) {
    return absl::DataLossError(
        StrCat("log record of sequence ", record.sequence, ": ", FromAbsl(change.status().message())));
  }
  STOA_RETURN_IF_ERROR(change.status());
  VersionEdit edit;
  if (!change->MakeEdit(result_.state, record.sequence, &edit)) return absl::OkStatus();
  STOA_RETURN_IF_ERROR(result_.state.Apply(edit));
  if (change->removes_rows()) {
    memtables_.erase(change->table);
    std::erase_if(result_.sstables, [&](const std::shared_ptr<SSTable>& sstable) {
      return sstable->metadata().table == change->table;
    });
  }
  return absl::OkStatus();
}

absl::Status Recovery::WriteOutMemtables() {
  for (const auto& [id, memtable] : memtables_) {
    STOA_RETURN_IF_ERROR(WriteOut(&result_.state.tables.at(id), *memtable));
  }
  memtables_.clear();
  return directory_.Sync();
}

/// A merge of which something finished cannot be opened begins anew: its inputs have all of it.
void Recovery::CheckMerges() {
  for (auto& [id, table] : result_.state.tables) {
    std::erase_if(table.merges, [this](const auto& entry) {
      const std::vector<MergedPiece>& pieces = entry.second.pieces;
      return std::any_of(pieces.begin(), pieces.end(), [this](const MergedPiece& piece) {
        return !SSTable::Open(directory_, piece.file, cache_).ok();
      });
    });
  }
}

absl::Status Recovery::WriteOut(TableState* table, const Memtable& memtable) {
  if (memtable.empty()) return absl::OkStatus();
  MergeTask::Input input;
  input.schema = table->schema;
  input.new_file = [&] {
    return SSTableWriterOptions::For(*table->schema, result_.state.next_file_number++, env_.ids.UniqueId(),
                                     IoPurpose::kRecovery);
  };
  input.purge = PurgeRules::KeepAll();
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<MergeTask> task,
                        MergeTask::Create(directory_, input, {[&](const ScanSpec& spec) {
                                            return memtable.NewSource(spec,
                                                                      std::numeric_limits<uint64_t>::max());
                                          }}));
  bool complete = false;
  while (!complete) {
    STOA_ASSIGN_OR_RETURN(complete, task->Step());
  }
  for (const SSTableMetadata& metadata : task->outputs()) {
    STOA_ASSIGN_OR_RETURN(std::shared_ptr<SSTable> sstable,
                          SSTable::Open(directory_, metadata, cache_, &blobs_));
    table->files.emplace(metadata.number, metadata);
    result_.sstables.push_back(std::move(sstable));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RecoveredDatabase> RecoverDatabase(Env& env, Directory& directory, bool create_if_missing,
                                                  BlockCache* cache, BlobRegistry* blobs,
                                                  uint64_t memtable_bytes_max) {
  return Recovery(env, directory, cache, blobs, memtable_bytes_max).Run(create_if_missing);
}

absl::StatusOr<std::vector<uint64_t>> NeededLogs(const Directory& directory, const DatabaseState& state,
                                                 const std::vector<uint64_t>& logs) {
  const uint64_t first = state.first_log_number;
  std::vector<uint64_t> needed;
  std::copy_if(logs.begin(), logs.end(), std::back_inserter(needed),
               [&](uint64_t number) { return number >= first; });
  const bool may_be_missing = needed.empty() && state.closed_at_sequence.has_value();
  if (!may_be_missing && (needed.empty() || needed.front() != first)) {
    return Corruption(StrCat(directory.path(), "/", LogSegmentName(first)), 0,
                      "log segment is missing: the manifest needs it");
  }
  return needed;
}

uint64_t RemoveLeftovers(Directory& directory, const DatabaseState& state, uint64_t manifest_number) {
  const absl::StatusOr<std::vector<std::string>> names = directory.List();
  if (!names.ok()) return 0;  // they cost space, nothing else
  std::set<uint64_t> sstables, blobs;
  for (const auto& [id, table] : state.tables) {
    for (const auto& [first, merge] : table.merges) {
      // Their blobs are those of inputs.
      for (const MergedPiece& piece : merge.pieces) sstables.insert(piece.file.number);
    }
    for (const auto& [number, metadata] : table.files) {
      sstables.insert(number);
      for (const BlobId& blob : metadata.blobs) blobs.insert(blob.number);
    }
  }
  uint64_t removed = 0;
  for (const std::string& name : *names) {
    const uint64_t manifest = ParseManifestName(name);
    const uint64_t log = ParseLogSegmentName(name);
    const uint64_t sstable = ParseSSTableName(name);
    const uint64_t blob = ParseBlobName(name);
    const bool leftover = (manifest != 0 && manifest != manifest_number) ||
                          (log != 0 && log < state.first_log_number) ||
                          (sstable != 0 && !sstables.contains(sstable)) ||
                          (blob != 0 && !blobs.contains(blob)) || name.ends_with(kTemporarySuffix);
    if (leftover && directory.Unlink(name, IoTag{FileKind::kOther, IoPurpose::kRecovery}).ok()) {
      removed += manifest == 0 && log == 0 ? 1 : 0;
    }
  }
  return removed;
}

}  // namespace stoa
