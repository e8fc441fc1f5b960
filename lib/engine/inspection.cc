#include "engine/inspection.h"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "blob/blob_file.h"
#include "blob/blob_format.h"
#include "compaction/survey.h"
#include "data/large_values.h"
#include "data/mutation.h"
#include "engine/compaction_scheduler.h"
#include "engine/manifest.h"
#include "engine/recovery.h"
#include "engine/schema_change.h"
#include "engine/space_reserve.h"
#include "io/files.h"
#include "sstable/block_cache.h"
#include "wal/log_replay.h"
#include "wal/log_writer.h"

namespace stoa {
namespace {

constexpr uint64_t kCacheBytes = 64 << 20;
constexpr IoTag kReadManifest{FileKind::kManifest, IoPurpose::kVerify};
/// Its size is 0: how much it keeps back only the file system knows.
constexpr std::string_view kReserveLine =
    ": no content; disk space kept back by who has the database open, or had it until a crash\n";

std::string ColumnName(const TableSchema* schema, ColumnId id) {
  const Column* column = schema == nullptr ? nullptr : schema->FindColumn(id);
  return column == nullptr ? StrCat("id ", id) : column->name;
}

std::string FileLine(const SSTableMetadata& metadata) {
  return StrCat(SSTableName(metadata.number), ": ", metadata.file_bytes, " bytes, ", metadata.row_count,
                " rows, ", metadata.partition_count, " partitions, ", metadata.tombstone_count,
                " tombstones");
}

using BlobSet = std::map<uint64_t, BlobId>;  // by number

/// Checks that the mutations of a record can be decoded, as replaying it would; adds the blobs that replay
/// would need to `blobs`.
absl::Status CheckMutations(const LogRecord& record, const DatabaseState& state, BlobSet* blobs) {
  MutationReader reader(record.payload, FragmentContext{});
  Mutation mutation;
  bool intact = true;
  while (reader.Next(&mutation)) {
    intact = intact && (mutation.fragment.empty() || IsValidFragment(mutation.fragment));
    const auto table = state.tables.find(mutation.table);
    if (table == state.tables.end() || record.sequence <= table->second.flushed_sequence) continue;
    STOA_RETURN_IF_ERROR(ForEachBlob(mutation.fragment, [&](const BlobId& id) {
      blobs->emplace(id.number, id);
      return absl::OkStatus();
    }));
  }
  if (intact && reader.ok()) return absl::OkStatus();
  return absl::DataLossError(StrCat("log record of sequence ", record.sequence, " does not hold mutations"));
}

absl::Status CheckRecord(const LogRecord& record, const DatabaseState& state, BlobSet* blobs) {
  if (record.kind == LogRecordKind::kSchema) return SchemaChange::Decode(record.payload).status();
  return record.kind == LogRecordKind::kMutations ? CheckMutations(record, state, blobs) : absl::OkStatus();
}

/// Verifies the blobs that something refers to, and counts those that nothing does.
absl::Status VerifyBlobs(Directory& directory, const BlobSet& blobs, DirectoryVerification* result) {
  for (const auto& [number, id] : blobs) {
    STOA_RETURN_IF_ERROR(VerifyBlob(directory, id));
    ++result->blobs;
    result->blob_bytes += BlobFileBytes(id.length);
  }
  STOA_ASSIGN_OR_RETURN(const std::vector<std::string> names, directory.List());
  for (const std::string& name : names) {
    const uint64_t number = ParseBlobName(name);
    if (number != 0 && !blobs.contains(number)) ++result->leftover_blobs;
  }
  return absl::OkStatus();
}

std::string BlobLine(const BlobId& id) {
  return StrCat("  ", BlobName(id.number), ": ", BlobFileBytes(id.length), " bytes, value of ", id.length,
                "\n");
}

std::string DescribeBlobs(const BlobSet& blobs) {
  std::string lines;
  uint64_t bytes = 0;
  for (const auto& [number, id] : blobs) {
    lines += BlobLine(id);
    bytes += BlobFileBytes(id.length);
  }
  return blobs.empty() ? lines : StrCat("  ", blobs.size(), " blobs with ", bytes, " bytes\n", lines);
}

/// What the manifest has of merges that have not come to their end.
std::string DescribeMerges(const TableState& table) {
  std::string text;
  for (const auto& [first, merge] : table.merges) {
    text += StrCat("  unfinished merge of ", merge.inputs.size(), " SSTables, from ", SSTableName(first),
                   " on: ", merge.pieces.size(), " pieces with ", merge.piece_bytes(), " bytes\n");
    for (const MergedPiece& piece : merge.pieces) text += StrCat("    ", FileLine(piece.file), "\n");
  }
  return text;
}

/// The blobs that the SSTables of a table refer to.
BlobSet BlobsOf(const TableState& table) {
  BlobSet blobs;
  for (const auto& [number, metadata] : table.files) {
    for (const BlobId& id : metadata.blobs) blobs.emplace(id.number, id);
  }
  return blobs;
}

absl::StatusOr<std::vector<uint64_t>> ListLogs(Directory& directory, uint64_t first) {
  STOA_ASSIGN_OR_RETURN(const std::vector<std::string> names, directory.List());
  std::vector<uint64_t> logs;
  for (const std::string& name : names) {
    const uint64_t number = ParseLogSegmentName(name);
    if (number != 0 && number >= first) logs.push_back(number);
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

}  // namespace

absl::StatusOr<std::string> DescribeSSTable(const SSTable& sstable, const TableSchema* schema) {
  STOA_ASSIGN_OR_RETURN(const SSTable::Description description, sstable.Describe());
  std::string text = StrCat("  ", FileLine(sstable.metadata()), ", ", description.blocks, " blocks\n");
  text += StrCat("    blocks ", description.block_bytes, " bytes (headers ", description.block_header_bytes,
                 ", keys ", description.key_bytes, ", liveness ", description.liveness_bytes, "), index ",
                 description.index_bytes, ", filter ", description.filter_bytes, ", zones ",
                 description.zone_bytes, "\n");
  for (const SSTable::Description::ColumnUse& column : description.columns) {
    text += StrCat("    column ", ColumnName(schema, column.id), ": ", column.stored_bytes, " bytes stored, ",
                   column.raw_bytes, " encoded, in ", column.blocks, " blocks:");
    for (const auto& [encoding, blocks] : column.encodings) text += StrCat(" ", encoding, " ", blocks);
    text += "\n";
  }
  return text;
}

std::string DescribeLevels(const Files& files, const TableSchema& schema, int64_t now_seconds,
                           uint64_t memtable_bytes) {
  const CompactionState state =
      CompactionState::Of(files, schema.options(), now_seconds, FlushedFileBytes(memtable_bytes));
  return DescribeSurvey(SurveyTable(state), *state.options);
}

absl::StatusOr<std::string> DescribeDirectory(Directory& directory, int64_t now_seconds) {
  STOA_ASSIGN_OR_RETURN(const ManifestContent manifest, ReadManifest(directory));
  const DatabaseState& state = manifest.state;
  BlockCache cache(kCacheBytes);
  std::string text =
      StrCat("database in ", directory.path(), ": ", state.tables.size(), " tables, ",
             state.closed_at_sequence ? "closed cleanly" : "open, or not closed cleanly", "\n");
  for (const auto& [id, table] : state.tables) {
    text += StrCat("table ", table.schema->name(), " (id ", id, ", schema version ", table.schema->version(),
                   "): ", table.files.size(), " SSTables\n");
    Files table_files;
    for (const auto& [number, metadata] : table.files) table_files.push_back(&metadata);
    text +=
        DescribeLevels(table_files, *table.schema, now_seconds, MemtableBytes(Options().memory_budget_bytes));
    for (const auto& [number, metadata] : table.files) {
      STOA_ASSIGN_OR_RETURN(const std::shared_ptr<SSTable> sstable,
                            SSTable::Open(directory, metadata, &cache));
      STOA_ASSIGN_OR_RETURN(const std::string description, DescribeSSTable(*sstable, table.schema.get()));
      text += description;
    }
    text += DescribeMerges(table);
    text += DescribeBlobs(BlobsOf(table));
  }
  STOA_ASSIGN_OR_RETURN(const std::vector<uint64_t> logs, ListLogs(directory, state.first_log_number));
  for (uint64_t log : logs) {
    STOA_ASSIGN_OR_RETURN(const uint64_t bytes, directory.FileSize(LogSegmentName(log)));
    text += StrCat("log segment ", LogSegmentName(log), ": ", bytes, " bytes\n");
  }
  STOA_ASSIGN_OR_RETURN(const std::vector<std::string> names, directory.List());
  const bool has_reserve = std::find(names.begin(), names.end(), kReserveName) != names.end();
  return has_reserve ? StrCat(text, kReserveName, kReserveLine) : text;
}

absl::StatusOr<std::string> DescribeFile(Directory& directory, std::string_view name) {
  if (ParseSSTableName(name) != 0) {
    BlockCache cache(kCacheBytes);
    STOA_ASSIGN_OR_RETURN(const std::shared_ptr<SSTable> sstable, SSTable::OpenFile(directory, name, &cache));
    return DescribeSSTable(*sstable, nullptr);
  }
  if (ParseBlobName(name) != 0) {
    STOA_ASSIGN_OR_RETURN(const BlobDescription blob, DescribeBlob(directory, name));
    return StrCat("blob\n", BlobLine(blob.id));
  }
  if (ParseManifestName(name) != 0) {
    STOA_ASSIGN_OR_RETURN(const std::string content,
                          ReadWholeFile(directory, name, kReadManifest, kManifestBytesMax));
    STOA_ASSIGN_OR_RETURN(const ManifestContent manifest, DecodeManifest(name, content));
    std::string text =
        StrCat("manifest ", manifest.number, " of database ", manifest.state.database_id, ", ",
               content.size(), " bytes, first log segment ", manifest.state.first_log_number, "\n");
    for (const auto& [id, table] : manifest.state.tables) {
      text += StrCat(table.schema->ToString(), "\n");
      for (const auto& [number, metadata] : table.files) text += StrCat("  ", FileLine(metadata), "\n");
      text += DescribeMerges(table);
    }
    return text;
  }
  if (const uint64_t log = ParseLogSegmentName(name); log != 0) {
    STOA_ASSIGN_OR_RETURN(const ManifestContent manifest, ReadManifest(directory));
    std::string text = StrCat("log segment ", name, "\n");
    STOA_ASSIGN_OR_RETURN(
        const LogReplayReport report,
        ReplayLog(directory, manifest.state.database_id, {log}, [&](const LogRecord& record) {
          text += StrCat("  sequence ", record.sequence, ", timestamp ", record.timestamp, ", kind ",
                         static_cast<int>(record.kind), ", ", record.payload.size(), " bytes\n");
          return absl::OkStatus();
        }));
    return StrCat(text, report.records, " records", report.cut_bytes > 0 ? "; ends in " : "",
                  report.cut_detail, "\n");
  }
  if (name == kReserveName) {
    STOA_RETURN_IF_ERROR(directory.FileSize(name).status());
    return StrCat(kReserveName, kReserveLine);
  }
  return InvalidArgument(name, " is neither an SSTable nor a blob, a manifest, a log segment or ",
                         kReserveName);
}

absl::StatusOr<DirectoryVerification> VerifyDirectory(Directory& directory) {
  DirectoryVerification result;
  STOA_ASSIGN_OR_RETURN(const ManifestContent manifest, ReadManifest(directory));
  result.cut_bytes = manifest.cut_bytes;
  BlockCache cache(kCacheBytes);
  BlobSet blobs;
  for (const auto& [id, table] : manifest.state.tables) {
    ++result.tables;
    blobs.merge(BlobsOf(table));
    std::vector<SSTableMetadata> files;
    for (const auto& [number, metadata] : table.files) files.push_back(metadata);
    for (const auto& [first, merge] : table.merges) {
      for (const MergedPiece& piece : merge.pieces) files.push_back(piece.file);
    }
    for (const SSTableMetadata& metadata : files) {
      STOA_ASSIGN_OR_RETURN(const std::shared_ptr<SSTable> sstable,
                            SSTable::Open(directory, metadata, &cache));
      STOA_RETURN_IF_ERROR(sstable->Verify());
      ++result.sstables;
      result.sstable_bytes += metadata.file_bytes;
    }
  }
  STOA_ASSIGN_OR_RETURN(const std::vector<uint64_t> present,
                        ListLogs(directory, manifest.state.first_log_number));
  STOA_ASSIGN_OR_RETURN(const std::vector<uint64_t> logs, NeededLogs(directory, manifest.state, present));
  STOA_ASSIGN_OR_RETURN(const LogReplayReport log,
                        ReplayLog(directory, manifest.state.database_id, logs, [&](const LogRecord& record) {
                          return CheckRecord(record, manifest.state, &blobs);
                        }));
  result.log_segments = log.segments;
  result.log_records = log.records;
  result.cut_bytes += log.cut_bytes;
  STOA_RETURN_IF_ERROR(VerifyBlobs(directory, blobs, &result));
  return result;
}

}  // namespace stoa
