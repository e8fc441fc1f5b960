#include <stoa/write_batch.h>

#include <algorithm>
#include <limits>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/fragment.h"
#include "data/mutation.h"
#include "data/static_row.h"
#include "schema/cell_columns.h"
#include "schema/keys.h"
#include "schema/schema_validation.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

constexpr size_t kBatchBytesMax = size_t{1} << 30;

absl::Status CheckAttributes(const TableSchema& schema, const WriteAttributes& attributes) {
  if (attributes.timestamp_micros == kNoTimestamp) {
    return InvalidArgument("table ", schema.name(), ": the write timestamp ", kNoTimestamp, " is reserved");
  }
  const int32_t ttl = attributes.ttl_seconds.value_or(0);
  if (ttl < 0 || ttl > kTimeToLiveSecondsMax) {
    return InvalidArgument("table ", schema.name(), ": time to live ", ttl, " is not in 0 to ",
                           kTimeToLiveSecondsMax, " seconds");
  }
  return absl::OkStatus();
}

/// `*column` moves forward through `columns`, which ascend by id as the cells do.
absl::Status FindColumn(const TableSchema& schema, const std::vector<Column>& columns, ColumnId id,
                        std::vector<Column>::const_iterator* column) {
  if (*column == columns.end() || (*column)->id != id) {
    *column = std::lower_bound(*column, columns.end(), id,
                               [](const Column& c, ColumnId wanted) { return c.id < wanted; });
  }
  if (*column != columns.end() && (*column)->id == id) return absl::OkStatus();
  const Column* other = schema.FindColumn(id);
  if (other == nullptr) return InvalidArgument("table ", schema.name(), ": there is no column with id ", id);
  return InvalidArgument("table ", schema.name(), ": column ", other->name,
                         " is part of the key and cannot be assigned to");
}

absl::Status CheckAssignedOnce(const TableSchema& schema, std::span<const Assignment> sorted) {
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1].column != sorted[i].column) continue;
    const Column* column = schema.FindColumn(sorted[i].column);
    return InvalidArgument("table ", schema.name(), ": column ",
                           column == nullptr ? StrCat("id ", sorted[i].column) : column->name,
                           " is assigned twice");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteBatch::EncodeCells(const TableSchema& schema, const std::vector<Column>& columns,
                                     std::span<const Assignment> cells) {
  ColumnId previous = 0;
  auto column = columns.begin();
  for (const Assignment& cell : cells) {
    STOA_RETURN_IF_ERROR(FindColumn(schema, columns, cell.column, &column));
    if (cell.value.is_unset()) continue;
    const ColumnId delta = cell.column - previous;
    previous = cell.column;
    if (cell.value.is_null()) {
      AppendTombstoneCell(&fragment_buffer_, delta);
    } else if (const size_t width = column->type.word_bytes(); width != 0) {
      uint64_t word = 0;
      const absl::Status status = ToWord(column->type, cell.value, &word);
      if (status.ok()) [[likely]] {
        AppendWordCell(&fragment_buffer_, delta, word, static_cast<uint8_t>(width));
      } else if (IsEmptyValue(column->type, cell.value)) {
        AppendBytesCell(&fragment_buffer_, delta, {});
      } else {
        return ColumnError(schema, *column, status);
      }
    } else {
      std::string_view bytes;
      const absl::Status status = ToBytes(column->type, cell.value, &value_buffer_, &bytes);
      if (!status.ok()) return ColumnError(schema, *column, status);
      if (bytes.size() > kCellBytesMax) {
        return InvalidArgument("table ", schema.name(), ": column ", column->name, ": value of ",
                               bytes.size(), " bytes; a cell holds at most ", kCellBytesMax);
      }
      AppendBytesCell(&fragment_buffer_, delta, bytes);
      fragment_largest_value_bytes_ = std::max(fragment_largest_value_bytes_, bytes.size());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<WriteBatch::SortedAssignments> WriteBatch::Sort(const TableSchema& schema, Assignments cells) {
  SortedAssignments sorted;
  sorted.to_row = std::span<const Assignment>(cells.begin(), cells.size());
  const auto by_column = [](const Assignment& a, const Assignment& b) { return a.column < b.column; };
  const bool has_statics = !schema.static_columns().empty();
  if (has_statics || !std::is_sorted(cells.begin(), cells.end(), by_column)) {
    sorted_cells_.assign(cells.begin(), cells.end());
    auto first_to_row = sorted_cells_.begin();
    if (has_statics) {
      first_to_row = std::partition(sorted_cells_.begin(), sorted_cells_.end(), [&](const Assignment& cell) {
        return FindById(schema.static_columns(), cell.column) != nullptr;
      });
    }
    std::sort(sorted_cells_.begin(), first_to_row, by_column);
    std::sort(first_to_row, sorted_cells_.end(), by_column);
    sorted.to_statics = std::span<const Assignment>(sorted_cells_.begin(), first_to_row);
    sorted.to_row = std::span<const Assignment>(first_to_row, sorted_cells_.end());
  }
  STOA_RETURN_IF_ERROR(CheckAssignedOnce(schema, sorted.to_statics));
  STOA_RETURN_IF_ERROR(CheckAssignedOnce(schema, sorted.to_row));
  return sorted;
}

absl::Status WriteBatch::AppendRow(const TableSchema& schema, const std::vector<Column>& columns,
                                   std::string_view clustering, std::span<const Assignment> cells,
                                   const WriteAttributes& attributes, uint8_t fragment_flags) {
  const auto cell_count = static_cast<size_t>(std::count_if(
      cells.begin(), cells.end(), [](const Assignment& cell) { return !cell.value.is_unset(); }));
  const bool writes = (fragment_flags & fragment_flags::kMarker) != 0 || cell_count != 0;
  const int32_t ttl =
      writes ? attributes.ttl_seconds.value_or(schema.options().default_time_to_live_seconds) : 0;
  if (attributes.timestamp_micros) fragment_flags |= fragment_flags::kTimestamp;
  if (ttl > 0) fragment_flags |= fragment_flags::kTtl;
  fragment_buffer_.clear();
  fragment_buffer_.push_back(static_cast<char>(fragment_flags));
  if (attributes.timestamp_micros) AppendVarint(&fragment_buffer_, ZigZag(*attributes.timestamp_micros));
  if (ttl > 0) AppendVarint(&fragment_buffer_, static_cast<uint64_t>(ttl));
  AppendVarint(&fragment_buffer_, cell_count);
  STOA_RETURN_IF_ERROR(EncodeCells(schema, columns, cells));
  if (!writes && (fragment_flags & fragment_flags::kDeletion) == 0) return absl::OkStatus();
  Begin(mutation_op::kRow);
  AppendLengthPrefixed(&operations_buffer_, clustering);
  AppendLengthPrefixed(&operations_buffer_, fragment_buffer_);
  return absl::OkStatus();
}

void WriteBatch::Begin(uint8_t op) {
  last_operation_ = operations_buffer_.size();
  operations_buffer_.push_back(static_cast<char>(op));
  ++operations_in_buffer_;
}

void WriteBatch::EndDeletion(const std::optional<int64_t>& timestamp) {
  if (!timestamp) return;
  char& op = operations_buffer_[last_operation_];
  op = static_cast<char>(static_cast<uint8_t>(op) | mutation_op::kOwnTimestamp);
  AppendVarint(&operations_buffer_, ZigZag(*timestamp));
}

absl::Status WriteBatch::Start(const TableSchema& schema, Values partition_key,
                               const WriteAttributes& attributes) {
  STOA_RETURN_IF_ERROR(CheckAttributes(schema, attributes));
  key_buffer_.clear();
  operations_buffer_.clear();
  operations_in_buffer_ = 0;
  fragment_largest_value_bytes_ = 0;
  return AppendPartitionKey(schema, partition_key, &key_buffer_);
}

absl::Status WriteBatch::Finish(const TableSchema& schema) {
  if (operations_in_buffer_ == 0) return absl::OkStatus();
  const size_t most = key_buffer_.size() + operations_buffer_.size() + 4 * kVarint64BytesMax;
  if (mutations_.size() + most > kBatchBytesMax) {
    return InvalidArgument("write batch: would exceed ", kBatchBytesMax, " bytes");
  }
  if (table_ != schema.id() || schema_version_ != schema.version() || partition_key_ != key_buffer_ ||
      operation_count_ == 0) {
    mutations_.push_back(static_cast<char>(mutation_op::kPartition));
    AppendVarint(&mutations_, schema.id());
    AppendVarint(&mutations_, schema.version());
    AppendLengthPrefixed(&mutations_, key_buffer_);
    if (std::find(tables_.begin(), tables_.end(), schema.id()) == tables_.end())
      tables_.push_back(schema.id());
    table_ = schema.id();
    schema_version_ = schema.version();
    partition_key_ = key_buffer_;
  }
  mutations_.append(operations_buffer_);
  operation_count_ += operations_in_buffer_;
  largest_value_bytes_ = std::max(largest_value_bytes_, fragment_largest_value_bytes_);
  return absl::OkStatus();
}

absl::Status WriteBatch::AddRow(const Table& table, Values partition_key, Values clustering,
                                Assignments cells, const WriteAttributes& attributes,
                                uint8_t fragment_flags) {
  const TableSchema& schema = *table;
  STOA_RETURN_IF_ERROR(Start(schema, partition_key, attributes));
  STOA_ASSIGN_OR_RETURN(const SortedAssignments sorted, Sort(schema, cells));
  const bool names_row = sorted.to_statics.empty() || !clustering.empty();
  if (!names_row && !sorted.to_row.empty()) {
    return InvalidArgument("table ", schema.name(),
                           ": a write to columns that are not static needs the clustering key");
  }
  if (names_row && sorted.to_row.empty() && !sorted.to_statics.empty() && fragment_flags == 0) {
    return InvalidArgument("table ", schema.name(),
                           ": a write to static columns alone takes no clustering key");
  }
  if (!sorted.to_statics.empty()) {
    STOA_RETURN_IF_ERROR(
        AppendRow(schema, schema.static_columns(), StaticRowKey(), sorted.to_statics, attributes, 0));
  }
  if (names_row) {
    clustering_buffer_.clear();
    STOA_RETURN_IF_ERROR(AppendClusteringKey(schema, clustering, &clustering_buffer_));
    STOA_RETURN_IF_ERROR(
        AppendRow(schema, schema.regular(), clustering_buffer_, sorted.to_row, attributes, fragment_flags));
  }
  return Finish(schema);
}

absl::Status WriteBatch::Upsert(const Table& table, Values partition_key, Values clustering,
                                Assignments cells, const WriteAttributes& attributes) {
  return AddRow(table, partition_key, clustering, cells, attributes, fragment_flags::kMarker);
}

absl::Status WriteBatch::Update(const Table& table, Values partition_key, Values clustering,
                                Assignments cells, const WriteAttributes& attributes) {
  if (cells.size() == 0) return InvalidArgument("table ", table->name(), ": an update needs a column to set");
  return AddRow(table, partition_key, clustering, cells, attributes, 0);
}

absl::Status WriteBatch::DeleteCells(const Table& table, Values partition_key, Values clustering,
                                     std::span<const ColumnId> columns, const WriteAttributes& attributes) {
  if (columns.empty()) return InvalidArgument("table ", table->name(), ": no columns to delete are named");
  std::vector<Assignment> cells;
  cells.reserve(columns.size());
  for (ColumnId column : columns) cells.push_back({column, nullptr});
  return AddRow(table, partition_key, clustering, cells, attributes, 0);
}

absl::Status WriteBatch::DeleteRow(const Table& table, Values partition_key, Values clustering,
                                   const WriteAttributes& attributes) {
  return AddRow(table, partition_key, clustering, {}, attributes, fragment_flags::kDeletion);
}

absl::Status WriteBatch::DeleteRange(const Table& table, Values partition_key, const ClusteringRange& range,
                                     const WriteAttributes& attributes) {
  const TableSchema& schema = *table;
  STOA_RETURN_IF_ERROR(Start(schema, partition_key, attributes));
  std::string start;
  std::string end;
  STOA_RETURN_IF_ERROR(AppendClusteringBound(
      schema, range.from, range.from_inclusive || range.from.empty() ? BoundSide::kBefore : BoundSide::kAfter,
      &start));
  STOA_RETURN_IF_ERROR(AppendClusteringBound(
      schema, range.to, range.to_inclusive || range.to.empty() ? BoundSide::kAfter : BoundSide::kBefore,
      &end));
  Begin(mutation_op::kDeleteRange);
  AppendLengthPrefixed(&operations_buffer_, start);
  AppendLengthPrefixed(&operations_buffer_, end);
  EndDeletion(attributes.timestamp_micros);
  return Finish(schema);
}

absl::Status WriteBatch::DeletePartition(const Table& table, Values partition_key,
                                         const WriteAttributes& attributes) {
  STOA_RETURN_IF_ERROR(Start(*table, partition_key, attributes));
  Begin(mutation_op::kDeletePartition);
  EndDeletion(attributes.timestamp_micros);
  return Finish(*table);
}

void WriteBatch::Clear() {
  mutations_.clear();
  operation_count_ = 0;
  largest_value_bytes_ = 0;
  tables_.clear();
}

}  // namespace stoa
