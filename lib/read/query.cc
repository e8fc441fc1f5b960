#include <stoa/query.h>

#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/keys.h"
#include "types/byte_comparable.h"
#include "types/value_codec.h"

namespace stoa {

absl::StatusOr<int64_t> PartitionToken(const TableSchema& schema, Values partition_key) {
  std::string encoded;
  STOA_RETURN_IF_ERROR(AppendPartitionKey(schema, partition_key, &encoded));
  return PartitionToken(encoded);
}

Query::Query(Table table) : table_(std::move(table)) {
  if (table_ == nullptr) Remember(InvalidArgument("query: the table is null"));
}

void Query::Remember(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

Query& Query::Partition(Values key) {
  if (!status_.ok()) return *this;
  std::string encoded;
  Remember(AppendPartitionKey(*table_, key, &encoded));
  partitions_.push_back(std::move(encoded));
  return *this;
}

Query& Query::Tokens(const TokenRange& range) {
  if (range.first > range.last) {
    Remember(InvalidArgument("query: token range ", range.first, " to ", range.last, " is empty"));
  }
  tokens_ = range;
  has_tokens_ = true;
  return *this;
}

Query& Query::Slice(const ClusteringRange& range) {
  if (!status_.ok()) return *this;
  slice_from_.clear();
  slice_to_.clear();
  if (!range.from.empty()) {
    Remember(AppendClusteringBound(
        *table_, range.from, range.from_inclusive ? BoundSide::kBefore : BoundSide::kAfter, &slice_from_));
  }
  if (!range.to.empty()) {
    Remember(AppendClusteringBound(*table_, range.to,
                                   range.to_inclusive ? BoundSide::kAfter : BoundSide::kBefore, &slice_to_));
  }
  is_row_ = false;
  return *this;
}

Query& Query::Row(Values clustering) {
  if (!status_.ok()) return *this;
  slice_from_.clear();
  Remember(AppendClusteringKey(*table_, clustering, &slice_from_));
  // The least string greater than the key: the slice holds the key alone.
  slice_to_ = slice_from_;
  slice_to_.push_back('\0');
  is_row_ = true;
  return *this;
}

Query& Query::Reverse() {
  reverse_ = true;
  return *this;
}

Query& Query::Distinct() {
  distinct_ = true;
  return *this;
}

Query& Query::Columns(std::initializer_list<ColumnId> columns) {
  return Columns(std::span<const ColumnId>(columns.begin(), columns.size()));
}

Query& Query::Columns(std::span<const ColumnId> columns) {
  if (!status_.ok()) return *this;
  for (ColumnId id : columns) {
    const Column* column = table_->FindColumn(id);
    if (column == nullptr || column->is_key()) {
      Remember(InvalidArgument("table ", table_->name(), ": ",
                               column == nullptr ? StrCat("there is no column with id ", id)
                                                 : StrCat("column ", column->name, " is part of the key"),
                               "; a query names static and regular columns, keys come with every row"));
    }
  }
  columns_.assign(columns.begin(), columns.end());
  return *this;
}

Query& Query::Where(ColumnId id, Comparison comparison, const Value& value) {
  if (!status_.ok()) return *this;
  const Column* column = table_->FindColumn(id);
  if (column == nullptr || column->is_key()) {
    Remember(InvalidArgument("table ", table_->name(), ": a condition names column id ", id,
                             ", which is not a static or regular column"));
    return *this;
  }
  const TypeKind kind = column->type.kind();
  if (kind == TypeKind::kDecimal || kind == TypeKind::kVarint || kind == TypeKind::kDuration ||
      kind == TypeKind::kCounter || column->type.is_composite()) {
    Remember(InvalidArgument("table ", table_->name(), ": column ", column->name, " of type ",
                             column->type.ToString(), " cannot be compared in a condition"));
    return *this;
  }
  if (value.is_null()) {
    Remember(InvalidArgument("table ", table_->name(), ": column ", column->name,
                             ": a condition compares with null"));
    return *this;
  }
  Condition condition{id, comparison, column->type.is_word(), 0, {}};
  absl::Status status;
  if (condition.is_word) {
    status = ToWord(column->type, value, &condition.word);
  } else {
    std::string scratch;
    std::string_view bytes;
    status = ToBytes(column->type, value, &scratch, &bytes);
    condition.bytes = bytes;
  }
  if (!status.ok()) {
    Remember(ColumnError(*table_, *column, status));
    return *this;
  }
  conditions_.push_back(std::move(condition));
  return *this;
}

Query& Query::Limit(uint64_t rows) {
  limit_ = rows;
  return *this;
}

Query& Query::PerPartitionLimit(uint64_t rows) {
  per_partition_limit_ = rows;
  return *this;
}

Query& Query::Resume(std::string_view paging_state) {
  resume_ = paging_state;
  return *this;
}

}  // namespace stoa
