#include "engine/version_edit.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/schema_editor.h"
#include "types/type_codec.h"
#include "types/type_rules.h"

namespace stoa {
namespace {

// Field numbers of the manifest record (FORMAT.md). Never reused.
enum Field : uint64_t {
  kDatabaseId = 1,
  kSequenceCeiling = 2,
  kLastTimestamp = 3,
  kNextFileNumber = 4,
  kFirstLogNumber = 5,
  kNextTableId = 6,
  kClosedAtSequence = 7,
  kDroppedTable = 8,
  kTable = 9,
  kFlushed = 10,
  kRemovedFile = 11,
  kAddedFile = 12,
  kTypesSequence = 13,
  kDroppedType = 14,
  kType = 15,
  kMergedPiece = 16,
  kAbandonedMerge = 17,
};

void AppendNumber(std::string* out, Field field, uint64_t number) {
  AppendVarint(out, field);
  AppendVarint(out, VarintSize(number));
  AppendVarint(out, number);
}

void AppendPair(std::string* out, Field field, uint64_t first, uint64_t second) {
  AppendVarint(out, field);
  AppendVarint(out, VarintSize(first) + VarintSize(second));
  AppendVarint(out, first);
  AppendVarint(out, second);
}

void AppendBytes(std::string* out, Field field, std::string_view bytes) {
  AppendVarint(out, field);
  AppendLengthPrefixed(out, bytes);
}

bool DecodeNumber(std::string_view bytes, std::optional<uint64_t>* number) {
  Decoder decoder(bytes);
  uint64_t value = 0;
  if (!decoder.Varint(&value) || !decoder.Done()) return false;
  *number = value;
  return true;
}

bool DecodePair(std::string_view bytes, uint64_t* first, uint64_t* second) {
  Decoder decoder(bytes);
  return decoder.Varint(first) && decoder.Varint(second) && decoder.Done();
}

absl::Status Malformed(uint64_t field) {
  return InvalidArgument("version edit: field ", field, " is malformed");
}

/// Decodes the fields that hold more than a number.
absl::Status DecodeStructured(uint64_t field, std::string_view bytes, VersionEdit* edit) {
  switch (field) {
    case kDroppedTable: {
      std::optional<uint64_t> id;
      if (!DecodeNumber(bytes, &id)) return Malformed(field);
      edit->dropped_tables.push_back(*id);
      return absl::OkStatus();
    }
    case kTable: {
      STOA_ASSIGN_OR_RETURN(TableSchema schema, SchemaEditor::Decode(bytes));
      edit->tables.push_back(std::make_shared<const TableSchema>(std::move(schema)));
      return absl::OkStatus();
    }
    case kFlushed: {
      VersionEdit::Flushed flushed{};
      if (!DecodePair(bytes, &flushed.table, &flushed.sequence)) return Malformed(field);
      edit->flushed.push_back(flushed);
      return absl::OkStatus();
    }
    case kRemovedFile: {
      VersionEdit::FileRef file{};
      if (!DecodePair(bytes, &file.table, &file.number)) return Malformed(field);
      edit->removed_files.push_back(file);
      return absl::OkStatus();
    }
    case kAddedFile: {
      STOA_ASSIGN_OR_RETURN(SSTableMetadata metadata, SSTableMetadata::Decode(bytes));
      edit->added_files.push_back(std::move(metadata));
      return absl::OkStatus();
    }
    case kMergedPiece: {
      STOA_ASSIGN_OR_RETURN(PieceNote note, PieceNote::Decode(bytes));
      edit->merged_pieces.push_back(std::move(note));
      return absl::OkStatus();
    }
    case kAbandonedMerge: {
      VersionEdit::FileRef merge{};
      if (!DecodePair(bytes, &merge.table, &merge.number)) return Malformed(field);
      edit->abandoned_merges.push_back(merge);
      return absl::OkStatus();
    }
    case kDroppedType:
      edit->dropped_types.emplace_back(bytes);
      return absl::OkStatus();
    case kType: {
      Decoder decoder(bytes);
      DataType type = TypeKind::kInt;
      if (!DecodeType(&decoder, &type) || !decoder.Done() || type.kind() != TypeKind::kUserType) {
        return Malformed(field);
      }
      STOA_RETURN_IF_ERROR(ValidateUserType(type));
      edit->types.push_back(std::move(type));
      return absl::OkStatus();
    }
    default:
      return absl::UnimplementedError(
          StrCat("version edit: field ", field, " is not known to this version of Stoa"));
  }
}

}  // namespace

void VersionEdit::Encode(std::string* out) const {
  if (database_id) AppendNumber(out, kDatabaseId, *database_id);
  if (sequence_ceiling) AppendNumber(out, kSequenceCeiling, *sequence_ceiling);
  if (last_timestamp) AppendNumber(out, kLastTimestamp, ZigZag(*last_timestamp));
  if (next_file_number) AppendNumber(out, kNextFileNumber, *next_file_number);
  if (first_log_number) AppendNumber(out, kFirstLogNumber, *first_log_number);
  if (next_table_id) AppendNumber(out, kNextTableId, *next_table_id);
  if (closed_at_sequence) AppendNumber(out, kClosedAtSequence, *closed_at_sequence);
  for (TableId id : dropped_tables) AppendNumber(out, kDroppedTable, id);
  std::string bytes;
  for (const Table& table : tables) {
    bytes.clear();
    SchemaEditor::Encode(*table, &bytes);
    AppendBytes(out, kTable, bytes);
  }
  for (const Flushed& f : flushed) AppendPair(out, kFlushed, f.table, f.sequence);
  for (const FileRef& file : removed_files) AppendPair(out, kRemovedFile, file.table, file.number);
  for (const SSTableMetadata& metadata : added_files) {
    bytes.clear();
    metadata.Encode(&bytes);
    AppendBytes(out, kAddedFile, bytes);
  }
  for (const FileRef& merge : abandoned_merges) AppendPair(out, kAbandonedMerge, merge.table, merge.number);
  for (const PieceNote& note : merged_pieces) {
    bytes.clear();
    note.Encode(&bytes);
    AppendBytes(out, kMergedPiece, bytes);
  }
  if (types_sequence) AppendNumber(out, kTypesSequence, *types_sequence);
  for (const std::string& name : dropped_types) AppendBytes(out, kDroppedType, name);
  for (const DataType& type : types) {
    bytes.clear();
    AppendType(type, &bytes);
    AppendBytes(out, kType, bytes);
  }
}

absl::StatusOr<VersionEdit> VersionEdit::Decode(std::string_view bytes) {
  VersionEdit edit;
  Decoder decoder(bytes);
  while (decoder.remaining() > 0) {
    uint64_t field = 0;
    std::string_view value;
    if (!decoder.Varint(&field) || !decoder.LengthPrefixed(&value)) {
      return InvalidArgument("version edit: cut short");
    }
    std::optional<uint64_t> last_timestamp;
    std::optional<uint64_t>* number = field == kDatabaseId         ? &edit.database_id
                                      : field == kSequenceCeiling  ? &edit.sequence_ceiling
                                      : field == kLastTimestamp    ? &last_timestamp
                                      : field == kNextFileNumber   ? &edit.next_file_number
                                      : field == kFirstLogNumber   ? &edit.first_log_number
                                      : field == kNextTableId      ? &edit.next_table_id
                                      : field == kClosedAtSequence ? &edit.closed_at_sequence
                                      : field == kTypesSequence    ? &edit.types_sequence
                                                                   : nullptr;
    if (number == nullptr) {
      STOA_RETURN_IF_ERROR(DecodeStructured(field, value, &edit));
      continue;
    }
    if (!DecodeNumber(value, number)) return Malformed(field);
    if (last_timestamp) edit.last_timestamp = UnZigZag(*last_timestamp);
  }
  return edit;
}

bool TableState::RemoveFile(uint64_t number) {
  std::erase_if(merges, [number](const auto& entry) { return entry.second.HasInput(number); });
  return files.erase(number) > 0;
}

absl::Status TableState::AddPiece(const PieceNote& note) {
  const std::string name = SSTableName(note.piece.file.number);
  if (files.contains(note.piece.file.number)) {
    return InvalidArgument("version edit: ", name, " is a file of its table and a piece of a merge");
  }
  UnfinishedMerge merge{note.inputs, {}};
  for (const uint64_t number : note.inputs) {
    if (!files.contains(number)) {
      return InvalidArgument("version edit: the merge of the piece ", name, " reads unknown file ", number);
    }
  }
  auto it = merges.find(note.inputs.front());
  if (it == merges.end()) {
    const bool shares = std::any_of(merges.begin(), merges.end(),
                                    [&](const auto& entry) { return entry.second.SharesInputs(merge); });
    if (shares) return InvalidArgument("version edit: the merge of the piece ", name, " is one of two");
    it = merges.emplace(note.inputs.front(), std::move(merge)).first;
  } else if (it->second.inputs != note.inputs) {
    return InvalidArgument("version edit: the merge of the piece ", name, " has other inputs");
  }
  return it->second.Add(note.piece);
}

absl::Status DatabaseState::ApplyMerges(const VersionEdit& edit) {
  for (const VersionEdit::FileRef& merge : edit.abandoned_merges) {
    const auto it = tables.find(merge.table);
    if (it == tables.end() || it->second.merges.erase(merge.number) == 0) {
      return InvalidArgument("version edit: abandons unknown merge ", merge.number, " of table ",
                             merge.table);
    }
  }
  for (const PieceNote& note : edit.merged_pieces) {
    const auto it = tables.find(note.piece.file.table);
    if (it == tables.end()) {
      return InvalidArgument("version edit: a piece of a merge of unknown table ", note.piece.file.table);
    }
    STOA_RETURN_IF_ERROR(it->second.AddPiece(note));
    next_file_number = std::max(next_file_number, note.piece.file.number + 1);
  }
  return absl::OkStatus();
}

absl::Status DatabaseState::Apply(const VersionEdit& edit) {
  closed_at_sequence = edit.closed_at_sequence;
  if (edit.database_id) database_id = *edit.database_id;
  if (edit.sequence_ceiling) sequence_ceiling = *edit.sequence_ceiling;
  if (edit.last_timestamp) last_timestamp = std::max(last_timestamp, *edit.last_timestamp);
  if (edit.next_file_number) next_file_number = std::max(next_file_number, *edit.next_file_number);
  if (edit.first_log_number) first_log_number = std::max(first_log_number, *edit.first_log_number);
  if (edit.next_table_id) next_table_id = std::max(next_table_id, *edit.next_table_id);
  for (TableId id : edit.dropped_tables) {
    if (tables.erase(id) == 0) return InvalidArgument("version edit: drops unknown table ", id);
  }
  for (const Table& table : edit.tables) {
    tables[table->id()].schema = table;
    next_table_id = std::max(next_table_id, table->id() + 1);
  }
  for (const VersionEdit::Flushed& f : edit.flushed) {
    auto it = tables.find(f.table);
    if (it == tables.end()) return InvalidArgument("version edit: flushes unknown table ", f.table);
    it->second.flushed_sequence = std::max(it->second.flushed_sequence, f.sequence);
  }
  for (const VersionEdit::FileRef& file : edit.removed_files) {
    auto it = tables.find(file.table);
    if (it == tables.end() || !it->second.RemoveFile(file.number)) {
      return InvalidArgument("version edit: removes unknown file ", file.number, " of table ", file.table);
    }
  }
  for (const SSTableMetadata& metadata : edit.added_files) {
    auto it = tables.find(metadata.table);
    if (it == tables.end())
      return InvalidArgument("version edit: adds a file to unknown table ", metadata.table);
    if (!it->second.files.emplace(metadata.number, metadata).second) {
      return InvalidArgument("version edit: adds file ", metadata.number, " twice");
    }
    next_file_number = std::max(next_file_number, metadata.number + 1);
  }
  STOA_RETURN_IF_ERROR(ApplyMerges(edit));
  if (edit.types_sequence) types_sequence = std::max(types_sequence, *edit.types_sequence);
  for (const std::string& name : edit.dropped_types) {
    if (types.erase(name) == 0) return InvalidArgument("version edit: drops unknown type ", name);
  }
  for (const DataType& type : edit.types) types.insert_or_assign(type.user_type_name(), type);
  return absl::OkStatus();
}

VersionEdit DatabaseState::AsEdit() const {
  VersionEdit edit;
  edit.database_id = database_id;
  edit.sequence_ceiling = sequence_ceiling;
  edit.last_timestamp = last_timestamp;
  edit.next_file_number = next_file_number;
  edit.first_log_number = first_log_number;
  edit.next_table_id = next_table_id;
  edit.closed_at_sequence = closed_at_sequence;
  for (const auto& [id, table] : tables) {
    edit.tables.push_back(table.schema);
    edit.flushed.push_back({id, table.flushed_sequence});
    for (const auto& [number, metadata] : table.files) edit.added_files.push_back(metadata);
    for (const auto& [first, merge] : table.merges) {
      for (const MergedPiece& piece : merge.pieces) edit.merged_pieces.push_back({merge.inputs, piece});
    }
  }
  edit.types_sequence = types_sequence;
  for (const auto& [name, type] : types) edit.types.push_back(type);
  return edit;
}

}  // namespace stoa
