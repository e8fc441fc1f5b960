// Batches of writes.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/schema.h>
#include <stoa/value.h>

namespace stoa {

class ComplexAssignments;

/// A table as writes and queries name it: its schema at the time when it was created or opened. Stays usable
/// when the table is altered; a dropped table is refused when the batch is written.
using Table = std::shared_ptr<const TableSchema>;

/// What an assignment does to its column.
enum class AssignmentKind : uint8_t {
  kSet,      ///< the column has this value from now on; null deletes it, unset leaves it as it is
  kAdd,      ///< list: append the elements; set: add them; map: put the entries; counter: add the integer
  kPrepend,  ///< list: put the elements in front, in their order
  kRemove,   ///< list: remove every element that is one of these; set: remove the elements; map: remove the
             ///< keys (a set of them); counter: subtract
  kPut,      ///< element `key` has this value from now on: the value of a map's key, the element of a list at
             ///< this index, from 0, the field of a user type (`key`: its name); null removes the element
};

/// What a write does to one column, static or regular: by default, gives it a value. A column that is not
/// named is left as it is.
struct Assignment {
  ColumnId column;
  Value value;
  AssignmentKind kind = AssignmentKind::kSet;
  Value key = Value();  ///< of kPut

  static Assignment Add(ColumnId column, const Value& value) {
    return {column, value, AssignmentKind::kAdd, {}};
  }
  static Assignment Prepend(ColumnId column, const Value& value) {
    return {column, value, AssignmentKind::kPrepend, {}};
  }
  static Assignment Remove(ColumnId column, const Value& value) {
    return {column, value, AssignmentKind::kRemove, {}};
  }
  static Assignment Put(ColumnId column, const Value& key, const Value& value) {
    return {column, value, AssignmentKind::kPut, key};
  }
};

/// A list of assignments passed to a function; a view, like Values.
class Assignments {
 public:
  Assignments() = default;
  Assignments(std::initializer_list<Assignment> list) : list_(list.begin(), list.size()) {}
  Assignments(std::span<const Assignment> list) : list_(list) {}     // NOLINT
  Assignments(const std::vector<Assignment>& list) : list_(list) {}  // NOLINT
  size_t size() const { return list_.size(); }
  const Assignment* begin() const { return list_.data(); }
  const Assignment* end() const { return list_.data() + list_.size(); }

 private:
  std::span<const Assignment> list_;
};

struct WriteAttributes {
  /// Write timestamp in microseconds, by custom since 1970. Without one the write gets the time of its
  /// commit, to the millisecond and counted up within it: greater than every automatic timestamp before, and
  /// than every given one that was written before and was not in the future. INT64_MIN is not allowed.
  std::optional<int64_t> timestamp_micros;
  /// Time to live, 0 to 630,720,000 seconds, 0 meaning for ever; without one the table's default applies.
  std::optional<int32_t> ttl_seconds;
};

/// A slice of a partition in clustering order, in which a descending column begins with its greatest value.
/// Each bound is a prefix of the clustering key: (day) alone selects all rows of that day. An empty prefix is
/// the partition's end.
struct ClusteringRange {
  Values from;
  bool from_inclusive = true;
  Values to;
  bool to_inclusive = true;

  static ClusteringRange All() { return {}; }
  /// All rows whose key begins with `values`.
  static ClusteringRange Prefix(Values values) { return {values, true, values, true}; }
};

/// Writes that become visible together and survive a crash together, across partitions and tables.
///
/// Every call encodes at once; nothing of the arguments is kept. Errors leave the batch as it was:
/// InvalidArgument naming table, column, given and expected type when values do not fit the schema; or naming
/// the limit (keys 65,535 bytes, decimals in keys 4,096, cells 256 MiB; batch 1 GiB, of which elements of
/// collections 260 MiB, each counted with some 50 bytes beside it). Not thread-safe. Large cells are written
/// to files of their own when the batch is (Options::inline_value_bytes_max), elements are not. Clear keeps
/// the memory, so a batch that is reused allocates nothing.
///
/// Lists, sets, maps and user types that are not frozen are assigned to as a whole, which replaces what is
/// there, or element by element; then one call may have several assignments to a column, none of them the
/// whole. Keys of maps and elements of sets have at most 65,535 bytes. What lists are told by index or value
/// (Put, Remove) is about the list as it is when the batch is written, before anything else in the batch:
/// then it is read, as one step with the commit.
///
/// Counters are added to and subtracted from by Update; nothing but that and deletions is for tables with
/// counters, and neither with a time to live nor with a timestamp: a counter that was deleted and is added to
/// again begins with 0. A batch is all of tables with counters or all of others.
///
/// Static columns are assigned to and deleted together with a row's columns, or alone: then the clustering
/// key is empty, and no row is written. Their cells are the partition's: deleting rows and ranges leaves
/// them, deleting the partition does not.
class WriteBatch {
 public:
  WriteBatch();

  /// Writes a row and marks it as existing (CQL INSERT): it stays even if all its cells are deleted.
  absl::Status Upsert(const Table& table, Values partition_key, Values clustering, Assignments cells,
                      const WriteAttributes& attributes = {});
  /// Writes cells without marking the row (CQL UPDATE): the row exists while one of its cells does. Static
  /// columns alone are updated without a clustering key. Values that are all unset add nothing to the batch.
  absl::Status Update(const Table& table, Values partition_key, Values clustering, Assignments cells,
                      const WriteAttributes& attributes = {});
  /// Deletes the values of columns; static columns alone without a clustering key.
  absl::Status DeleteCells(const Table& table, Values partition_key, Values clustering,
                           std::span<const ColumnId> columns, const WriteAttributes& attributes = {});
  absl::Status DeleteRow(const Table& table, Values partition_key, Values clustering,
                         const WriteAttributes& attributes = {});
  absl::Status DeleteRange(const Table& table, Values partition_key, const ClusteringRange& range,
                           const WriteAttributes& attributes = {});
  absl::Status DeletePartition(const Table& table, Values partition_key,
                               const WriteAttributes& attributes = {});

  void Clear();
  bool empty() const { return operation_count_ == 0; }
  /// Each row, static row and deletion that a call writes is one.
  size_t operation_count() const { return operation_count_; }
  size_t byte_count() const { return mutations_.size(); }
  /// Bytes of the largest value that is not of a fixed-width type.
  size_t largest_value_bytes() const { return largest_value_bytes_; }
  /// What the elements of collections in it take at most in an SSTable.
  size_t element_bytes() const { return element_bytes_; }
  /// The encoded batch (lib/data/mutation.h).
  const std::string& mutations() const { return mutations_; }
  /// What is done to a list by index or value, for the engine to find out about and write.
  struct ListOperation {
    Table table;
    std::string partition_key;  ///< encoded, as is the clustering key
    std::string clustering;
    ColumnId column = 0;
    WriteAttributes attributes;
    std::optional<uint64_t> index;    ///< none: by value
    std::vector<std::string> values;  ///< serialized; at an index: what it is set to, none to remove it
  };
  const std::vector<ListOperation>& list_operations() const { return list_operations_; }
  /// The tables it writes to, each once.
  const std::vector<TableId>& tables() const { return tables_; }

 private:
  /// Every call begins by appending its partition to the batch, unless the one before was about it too, and
  /// then its operations; it ends with Finish, which takes back what is there if `status` is an error or if
  /// there are no operations.
  absl::Status Start(const TableSchema& schema, Values partition_key, const WriteAttributes& attributes);
  absl::Status Finish(const TableSchema& schema, absl::Status status);
  absl::Status AddOperations(const TableSchema& schema);
  /// What a call does to a row.
  enum class RowWrite : uint8_t { kUpsert, kUpdate, kDeleteCells, kDeleteRow };
  absl::Status AddRow(const Table& table, Values partition_key, Values clustering, Assignments cells,
                      const WriteAttributes& attributes, RowWrite write);
  absl::Status EncodeRow(const TableSchema& schema, Values clustering, Assignments cells,
                         const WriteAttributes& attributes, RowWrite write);
  absl::Status EncodeRange(const TableSchema& schema, const ClusteringRange& range,
                           const WriteAttributes& attributes);
  /// What a call assigns to, in the order of column ids.
  struct SortedAssignments {
    std::span<const Assignment> to_statics;
    std::span<const Assignment> to_row;
  };
  SortedAssignments Sort(const TableSchema& schema, Assignments cells);
  /// Appends the operation that writes to one row, of which `columns` are all; nothing if it would say
  /// nothing.
  absl::Status AppendRow(const TableSchema& schema, const std::vector<Column>& columns,
                         std::string_view clustering, std::span<const Assignment> cells,
                         const WriteAttributes& attributes, RowWrite write);
  /// Encodes the cells into cells_buffer_; `*count`: how many they are.
  absl::Status EncodeCells(const TableSchema& schema, const std::vector<Column>& columns,
                           std::span<const Assignment> cells, RowWrite write, size_t* count);
  /// A cell that is not a word.
  absl::Status EncodeCell(const TableSchema& schema, const Column& column, ColumnId delta,
                          const Value& value);
  /// Encodes a column of several cells, or a counter, into scratch_.content; nothing if nothing is said.
  absl::Status EncodeComplex(const TableSchema& schema, const Column& column,
                             std::span<const Assignment> assignments, RowWrite write);
  /// Notes the assignments to a list that have to read it; returns the others.
  absl::StatusOr<std::vector<Assignment>> TakeListOperations(const Column& column,
                                                             std::span<const Assignment> assignments);
  /// Begins an operation of kind `op`.
  void Begin(uint8_t op);
  /// Ends the operation begun last, a deletion.
  void EndDeletion(const std::optional<int64_t>& timestamp);

  std::string mutations_;
  size_t operation_count_ = 0;
  std::vector<TableId> tables_;
  size_t largest_value_bytes_ = 0;
  size_t element_bytes_ = 0;
  // The partition that the last operation was about, and where its key stands, so that a run of rows names it
  // once.
  TableId table_ = 0;
  uint32_t schema_version_ = 0;
  size_t partition_key_at_ = 0;
  size_t partition_key_bytes_ = 0;
  // Of the call under way: where what it has appended begins, and where operations begin behind the
  // partition.
  size_t start_ = 0;
  size_t operations_start_ = 0;
  // Reused buffers.
  std::string key_buffer_;
  std::string clustering_buffer_;
  std::string cells_buffer_;
  size_t buffered_largest_value_bytes_ = 0;
  size_t buffered_element_bytes_ = 0;
  std::string value_buffer_;
  size_t added_operations_ = 0;  // by the call under way
  size_t last_operation_ = 0;    // where it begins
  std::vector<const Assignment*> order_;
  std::vector<Assignment> sorted_cells_;
  bool has_counters_ = false;    // of the tables written to
  uint32_t list_additions_ = 0;  // so far
  std::vector<ListOperation> list_operations_;
  std::vector<ListOperation> buffered_list_operations_;  // of the call under way
  /// Made when it is needed; a copy of the batch makes one of its own.
  struct Scratch {
    Scratch();
    ~Scratch();
    Scratch(const Scratch&);
    Scratch(Scratch&&) noexcept;
    Scratch& operator=(const Scratch&);
    Scratch& operator=(Scratch&&) noexcept;
    std::unique_ptr<ComplexAssignments> complex;
    std::string content;
  };
  Scratch scratch_;
};

}  // namespace stoa
