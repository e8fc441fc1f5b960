// Schemas: what a table looks like.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include <stoa/compaction_options.h>
#include <stoa/types.h>

namespace stoa {

/// Identifies a column within its table for as long as the table exists: never reused, so that a column which
/// is dropped and added again does not bring old data back.
using ColumnId = uint32_t;

/// Identifies a table within its database for ever: never reused.
using TableId = uint64_t;

enum class ColumnKind : uint8_t {
  kPartitionKey = 0,
  kClustering = 1,
  kRegular = 2,
  kStatic = 3,  ///< one value for all rows of a partition
};

enum class ClusteringOrder : uint8_t { kAscending = 0, kDescending = 1 };

struct Column {
  ColumnId id = 0;
  std::string name;
  DataType type = TypeKind::kInt;
  ColumnKind kind = ColumnKind::kRegular;
  /// Meaningful for clustering columns.
  ClusteringOrder order = ClusteringOrder::kAscending;

  bool is_key() const { return kind == ColumnKind::kPartitionKey || kind == ColumnKind::kClustering; }
};

/// Options of a table, with Cassandra's names where it has them.
struct TableOptions {
  /// Time to live of cells written without one, in seconds; 0 means for ever. At most 630,720,000 (20 years).
  int32_t default_time_to_live_seconds = 0;
  /// How long deletions are kept after they could be purged, in seconds. Cassandra needs it for replicas that
  /// missed a delete; here the only reason for more than 0 is writing with timestamps of one's own that are
  /// older than deletions.
  int64_t gc_grace_seconds = 0;
  /// If not 0: so many seconds after a deletion, or after the expiry of a TTL, nothing that it removed is
  /// left on disk: memtables are flushed, logs released and SSTables merged early enough, if the disk
  /// permits. More than gc_grace_seconds, at most ten years. What snapshots and cursors hold on to stays
  /// until they are gone.
  int64_t delete_persistence_seconds = 0;
  CompactionOptions compaction;
  /// zstd level of SSTable sections, 1 to 19; 0 leaves them uncompressed.
  int32_t compression_level = 1;

  friend bool operator==(const TableOptions&, const TableOptions&) = default;
};

/// A table's schema at one version. Immutable; shared by everything that reads or writes with it.
class TableSchema {
 public:
  class Builder;

  TableId id() const { return id_; }
  /// Grows by one with every change.
  uint32_t version() const { return version_; }
  /// "table" or "keyspace.table".
  const std::string& name() const { return name_; }
  const TableOptions& options() const { return options_; }

  /// Key columns in key order, static and regular columns in the order in which they were added.
  const std::vector<Column>& partition_key() const { return partition_key_; }
  const std::vector<Column>& clustering() const { return clustering_; }
  const std::vector<Column>& static_columns() const { return static_; }
  const std::vector<Column>& regular() const { return regular_; }

  /// True when the columns outside of the key are counters.
  bool is_counter_table() const {
    const std::vector<Column>& columns = regular_.empty() ? static_ : regular_;
    return !columns.empty() && columns.front().type.kind() == TypeKind::kCounter;
  }

  /// Null when there is no such column.
  const Column* FindColumn(std::string_view name) const;
  const Column* FindColumn(ColumnId id) const;
  /// The next column added gets this id.
  ColumnId next_column_id() const { return next_column_id_; }

  /// As a CQL CREATE TABLE statement.
  std::string ToString() const;

 private:
  friend class SchemaEditor;  // lib/schema: decodes and changes schemas

  TableId id_ = 0;
  uint32_t version_ = 1;
  std::string name_;
  TableOptions options_;
  std::vector<Column> partition_key_;
  std::vector<Column> clustering_;
  std::vector<Column> static_;
  std::vector<Column> regular_;
  ColumnId next_column_id_ = 1;
};

/// Describes a table to create:
///
///     TableSchema::Builder("flights")
///         .PartitionKey("origin", TypeKind::kText)
///         .Clustering("departure", TypeKind::kTimestamp, ClusteringOrder::kDescending)
///         .Regular("delay", TypeKind::kInt)
///         .Build()
class TableSchema::Builder {
 public:
  explicit Builder(std::string_view name);
  Builder& PartitionKey(std::string_view name, DataType type);
  Builder& Clustering(std::string_view name, DataType type,
                      ClusteringOrder order = ClusteringOrder::kAscending);
  /// A column with one value for all rows of a partition. It can have a value in a partition without rows.
  Builder& Static(std::string_view name, DataType type);
  Builder& Regular(std::string_view name, DataType type);
  Builder& Options(const TableOptions& options);
  /// InvalidArgument, naming the table, the column and the allowed range, when a name is empty, longer than
  /// 222 bytes, or holds anything but letters, digits and underscores; when a name occurs twice; when no
  /// partition key is given; when a type is put together as no type can be (a set of durations, a list that
  /// is not frozen in another) or is beyond the limits of stoa/types.h; when a key column has a type that
  /// cannot be a key (a duration or what holds one, a counter, a type of several cells); when a static column
  /// has no clustering column beside it; when counters are mixed with columns of other types outside of the
  /// key, or with a default time to live; when there are more than kColumnsMax columns; when an option is out
  /// of range.
  absl::StatusOr<TableSchema> Build() const;

 private:
  std::string name_;
  std::vector<Column> columns_;
  TableOptions options_;
};

/// Changes to a table, applied together by Database::AlterTable.
class TableAlteration {
 public:
  TableAlteration& AddColumn(std::string_view name, DataType type);
  TableAlteration& AddStaticColumn(std::string_view name, DataType type);
  /// Its data is hidden at once, for ever, and removed by compaction: a column that is added under the same
  /// name is another one, of any type. Key columns cannot be dropped.
  TableAlteration& DropColumn(std::string_view name);
  /// Any column, key columns included.
  TableAlteration& RenameColumn(std::string_view from, std::string_view to);
  TableAlteration& SetOptions(const TableOptions& options);

  struct Step {
    enum class Kind : uint8_t { kAdd, kAddStatic, kDrop, kRename, kOptions } kind;
    std::string name;
    std::string new_name;
    DataType type = TypeKind::kInt;
    TableOptions options;
  };
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

/// Changes to a user type, applied together by Database::AlterType.
class TypeAlteration {
 public:
  /// Behind the others. Values written before have null in it. Not for a type that a partition key
  /// uses.
  TypeAlteration& AddField(std::string_view name, DataType type);
  TypeAlteration& RenameField(std::string_view from, std::string_view to);

  struct Step {
    enum class Kind : uint8_t { kAdd, kRename } kind;
    std::string name;
    std::string new_name;
    DataType type = TypeKind::kInt;
  };
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

/// Limits, each tested from both sides.
inline constexpr size_t kNameBytesMax = 222;         // Cassandra 5's limit for tables and keyspaces
inline constexpr size_t kColumnsMax = 65535;         // column counts are 16 bits wide in blocks
inline constexpr size_t kKeyBytesMax = 65535;        // Cassandra's limit: a 16-bit length in composite keys
inline constexpr size_t kCellBytesMax = 256u << 20;  // larger values are not for a database

}  // namespace stoa
