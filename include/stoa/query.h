// Queries.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/schema.h>
#include <stoa/value.h>
#include <stoa/write_batch.h>

namespace stoa {

/// Tokens from `first` to `last`, both included. The default is all tokens.
struct TokenRange {
  int64_t first = INT64_MIN;
  int64_t last = INT64_MAX;
};

/// The token of the partition with this key, for TokenRange (CQL's token()). InvalidArgument, as
/// Query::Partition, when the values are no partition key of the table.
absl::StatusOr<int64_t> PartitionToken(const TableSchema& schema, Values partition_key);

enum class Comparison : uint8_t { kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual };

/// Describes what to read. Every call encodes at once and keeps nothing of its arguments; the first error is
/// remembered and returned by Database::Read.
///
///     Query(flights).Partition({"ORD"}).Slice(ClusteringRange::Prefix({day})).Columns({delay}).Limit(10)
class Query {
 public:
  explicit Query(Table table);

  /// Restricts the query to a partition; called again, to one more. Partitions come in token order.
  Query& Partition(Values key);
  /// Restricts the query to tokens, for parallel scans; not together with Partition.
  Query& Tokens(const TokenRange& range);
  /// Restricts each partition to a slice.
  Query& Slice(const ClusteringRange& range);
  /// Restricts each partition to one row.
  Query& Row(Values clustering);
  /// From the end of each partition (or slice) to its beginning. Requires Partition.
  Query& Reverse();
  /// The static and regular columns to return, in this order. Default: all, the static ones first, each in
  /// schema order. Every row of a partition has the values of its static columns. A partition that has live
  /// values in static columns, whichever, and no live row has one row all the same, in which clustering and
  /// regular columns are null: unless the query has a slice, a row, or a condition on a regular column.
  Query& Columns(std::initializer_list<ColumnId> columns);
  Query& Columns(std::span<const ColumnId> columns);
  /// Returns only rows where `column` (static or regular, of a scalar type other than decimal, varint,
  /// duration) compares so; a null never does. Several conditions must all hold. Blocks whose zone maps rule
  /// a match in a regular column out are not read.
  Query& Where(ColumnId column, Comparison comparison, const Value& value);
  /// Returns one row for each partition that has a live row or a live value in a static column: its partition
  /// key and static columns (by default all), clustering columns being null. Partitions, tokens, conditions
  /// on static columns, a limit and resuming go together with it, nothing else does.
  Query& Distinct();
  Query& Limit(uint64_t rows);
  Query& PerPartitionLimit(uint64_t rows);
  /// Continues where a cursor of the same query stopped (Cursor::paging_state).
  Query& Resume(std::string_view paging_state);

  struct Condition {
    ColumnId column;
    Comparison comparison;
    bool is_word;
    uint64_t word;      // serialized word
    std::string bytes;  // serialized bytes
  };
  // What was said, for the engine. Keys and bounds are encoded.
  const absl::Status& status() const { return status_; }
  const Table& table() const { return table_; }
  const std::vector<std::string>& partitions() const { return partitions_; }
  const TokenRange& tokens() const { return tokens_; }
  bool has_tokens() const { return has_tokens_; }
  const std::string& slice_from() const { return slice_from_; }
  const std::string& slice_to() const { return slice_to_; }
  bool is_row() const { return is_row_; }
  bool reverse() const { return reverse_; }
  bool distinct() const { return distinct_; }
  const std::vector<ColumnId>& columns() const { return columns_; }
  const std::vector<Condition>& conditions() const { return conditions_; }
  uint64_t limit() const { return limit_; }
  uint64_t per_partition_limit() const { return per_partition_limit_; }
  const std::string& resume() const { return resume_; }

 private:
  void Remember(absl::Status status);

  Table table_;
  absl::Status status_;
  std::vector<std::string> partitions_;
  TokenRange tokens_;
  bool has_tokens_ = false;
  std::string slice_from_;  // empty: from the partition's beginning; of is_row, the row's key
  std::string slice_to_;    // empty: to its end
  bool is_row_ = false;
  bool reverse_ = false;
  bool distinct_ = false;
  std::vector<ColumnId> columns_;
  std::vector<Condition> conditions_;
  uint64_t limit_ = UINT64_MAX;
  uint64_t per_partition_limit_ = UINT64_MAX;
  std::string resume_;
};

}  // namespace stoa
