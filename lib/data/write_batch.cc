#include <stoa/write_batch.h>

#include <algorithm>
#include <limits>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/fragment.h"
#include "data/mutation.h"
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

/// `*column` moves forward through the regular columns, which ascend by id as the cells do.
absl::Status FindRegularColumn(const TableSchema& schema, ColumnId id,
                               std::vector<Column>::const_iterator* column) {
  const auto end = schema.regular().end();
  if (*column == end || (*column)->id != id) {
    *column =
        std::lower_bound(*column, end, id, [](const Column& c, ColumnId wanted) { return c.id < wanted; });
  }
  if (*column != end && (*column)->id == id) return absl::OkStatus();
  const Column* other = schema.FindColumn(id);
  if (other == nullptr) return InvalidArgument("table ", schema.name(), ": there is no column with id ", id);
  return InvalidArgument("table ", schema.name(), ": column ", other->name,
                         " is part of the key and cannot be assigned to");
}

}  // namespace

absl::Status WriteBatch::EncodeCells(const TableSchema& schema, std::span<const Assignment> cells) {
  ColumnId previous = 0;
  auto column = schema.regular().begin();
  for (const Assignment& cell : cells) {
    STOA_RETURN_IF_ERROR(FindRegularColumn(schema, cell.column, &column));
    const ColumnId delta = cell.column - previous;
    previous = cell.column;
    if (cell.value.is_null()) {
      AppendTombstoneCell(&fragment_buffer_, delta);
    } else if (const size_t width = column->type.word_bytes(); width != 0) {
      uint64_t word = 0;
      const absl::Status status = ToWord(column->type, cell.value, &word);
      if (!status.ok()) return ColumnError(schema, *column, status);
      AppendWordCell(&fragment_buffer_, delta, word, static_cast<uint8_t>(width));
    } else {
      std::string_view bytes;
      const absl::Status status = ToBytes(column->type, cell.value, &bytes);
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

absl::Status WriteBatch::EncodeFragment(const TableSchema& schema, Assignments cells,
                                        const WriteAttributes& attributes, uint8_t fragment_flags) {
  std::span<const Assignment> list(cells.begin(), cells.size());
  const auto by_column = [](const Assignment& a, const Assignment& b) { return a.column < b.column; };
  if (!std::is_sorted(list.begin(), list.end(), by_column)) {
    sorted_cells_.assign(list.begin(), list.end());
    std::sort(sorted_cells_.begin(), sorted_cells_.end(), by_column);
    list = sorted_cells_;
  }
  for (size_t i = 1; i < list.size(); ++i) {
    if (list[i - 1].column == list[i].column) {
      const Column* column = schema.FindColumn(list[i].column);
      return InvalidArgument("table ", schema.name(), ": column ",
                             column == nullptr ? StrCat("id ", list[i].column) : column->name,
                             " is assigned twice");
    }
  }
  const bool writes = (fragment_flags & fragment_flags::kMarker) != 0 || !list.empty();
  const int32_t ttl =
      writes ? attributes.ttl_seconds.value_or(schema.options().default_time_to_live_seconds) : 0;
  if (attributes.timestamp_micros) fragment_flags |= fragment_flags::kTimestamp;
  if (ttl > 0) fragment_flags |= fragment_flags::kTtl;
  fragment_buffer_.clear();
  fragment_largest_value_bytes_ = 0;
  fragment_buffer_.push_back(static_cast<char>(fragment_flags));
  if (attributes.timestamp_micros) AppendVarint(&fragment_buffer_, ZigZag(*attributes.timestamp_micros));
  if (ttl > 0) AppendVarint(&fragment_buffer_, static_cast<uint64_t>(ttl));
  AppendVarint(&fragment_buffer_, list.size());
  return EncodeCells(schema, list);
}

absl::Status WriteBatch::Add(const TableSchema& schema, uint8_t op, std::string_view body,
                             const std::optional<int64_t>& timestamp) {
  const size_t most = key_buffer_.size() + body.size() + 6 * kVarint64BytesMax;
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
  mutations_.push_back(static_cast<char>(timestamp ? op | mutation_op::kOwnTimestamp : op));
  mutations_.append(body);
  if (timestamp) AppendVarint(&mutations_, ZigZag(*timestamp));
  ++operation_count_;
  return absl::OkStatus();
}

absl::Status WriteBatch::AddRow(const Table& table, Values partition_key, Values clustering,
                                Assignments cells, const WriteAttributes& attributes,
                                uint8_t fragment_flags) {
  const TableSchema& schema = *table;
  STOA_RETURN_IF_ERROR(CheckAttributes(schema, attributes));
  key_buffer_.clear();
  clustering_buffer_.clear();
  STOA_RETURN_IF_ERROR(AppendPartitionKey(schema, partition_key, &key_buffer_));
  STOA_RETURN_IF_ERROR(AppendClusteringKey(schema, clustering, &clustering_buffer_));
  STOA_RETURN_IF_ERROR(EncodeFragment(schema, cells, attributes, fragment_flags));
  body_buffer_.clear();
  AppendLengthPrefixed(&body_buffer_, clustering_buffer_);
  AppendLengthPrefixed(&body_buffer_, fragment_buffer_);
  STOA_RETURN_IF_ERROR(Add(schema, mutation_op::kRow, body_buffer_, std::nullopt));
  largest_value_bytes_ = std::max(largest_value_bytes_, fragment_largest_value_bytes_);
  return absl::OkStatus();
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
  STOA_RETURN_IF_ERROR(CheckAttributes(schema, attributes));
  key_buffer_.clear();
  STOA_RETURN_IF_ERROR(AppendPartitionKey(schema, partition_key, &key_buffer_));
  std::string start;
  std::string end;
  STOA_RETURN_IF_ERROR(AppendClusteringBound(
      schema, range.from, range.from_inclusive || range.from.empty() ? BoundSide::kBefore : BoundSide::kAfter,
      &start));
  STOA_RETURN_IF_ERROR(AppendClusteringBound(
      schema, range.to, range.to_inclusive || range.to.empty() ? BoundSide::kAfter : BoundSide::kBefore,
      &end));
  body_buffer_.clear();
  AppendLengthPrefixed(&body_buffer_, start);
  AppendLengthPrefixed(&body_buffer_, end);
  return Add(schema, mutation_op::kDeleteRange, body_buffer_, attributes.timestamp_micros);
}

absl::Status WriteBatch::DeletePartition(const Table& table, Values partition_key,
                                         const WriteAttributes& attributes) {
  STOA_RETURN_IF_ERROR(CheckAttributes(*table, attributes));
  key_buffer_.clear();
  STOA_RETURN_IF_ERROR(AppendPartitionKey(*table, partition_key, &key_buffer_));
  return Add(*table, mutation_op::kDeletePartition, {}, attributes.timestamp_micros);
}

void WriteBatch::Clear() {
  mutations_.clear();
  operation_count_ = 0;
  largest_value_bytes_ = 0;
  tables_.clear();
}

}  // namespace stoa
