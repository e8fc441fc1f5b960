// Conditional writes: writes that happen only if the partition is in a certain state (Cassandra's lightweight
// transactions).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include <stoa/cursor.h>
#include <stoa/schema.h>
#include <stoa/value.h>
#include <stoa/write_batch.h>

namespace stoa {

/// How a condition compares the current value (left) with a given one (right), in the order of the type: two
/// values are equal when neither is less, decimals 1.0 and 1.00 are.
enum class ConditionOperator : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIn,           ///< equal to one of the given values
  kContains,     ///< one of its elements, of a map one of its values, is equal to the given value
  kContainsKey,  ///< one of its keys is equal to the given one; of maps
};

/// What must hold of one column. A view, like Assignment.
///
/// Nulls are as in Cassandra. A current value that is null (no live cell, no row, no such element) equals
/// null, differs from everything else, and is neither less nor greater than anything. A given null may only
/// be compared for equality; among the values of kIn it stands for the null that a column may hold. An unset
/// value is refused, among the values of kIn it is passed over. What is null or empty contains nothing; to
/// ask whether something contains null is refused.
///
/// What contains values is a list, set or map, frozen or not. The value given for it has the type of the
/// elements, of the map's values or keys: `{tags, ConditionOperator::kContains, "new"}`.
struct ColumnCondition {
  ColumnId column;
  ConditionOperator comparison = ConditionOperator::kEqual;
  Value value = Value();     ///< for all but kIn
  Values values = Values();  ///< for kIn
  /// If set, what is compared is this element of the column: of a map the value of this key, of a list the
  /// element at this index, from 0, of a user type the field of this name.
  Value element = Value::Unset();

  static ColumnCondition In(ColumnId column, Values values) {
    return {column, ConditionOperator::kIn, {}, values};
  }
  static ColumnCondition Element(ColumnId column, const Value& element, ConditionOperator comparison,
                                 const Value& value) {
    return {column, comparison, value, {}, element};
  }
  static ColumnCondition ElementIn(ColumnId column, const Value& element, Values values) {
    return {column, ConditionOperator::kIn, {}, values, element};
  }
};

/// What must be true of rows of one partition for a write to happen: all conditions together. An empty
/// clustering key names the partition's static columns, which are as a row of their own, as in WriteBatch.
/// Every call encodes at once and keeps nothing of its arguments; the first error is remembered and returned
/// by Database::WriteIf: InvalidArgument naming table, column, given and expected type; for a comparison with
/// null, with an unset value, or of the order of a type that has none (durations, and what contains them); or
/// when what is asked whether it contains a value or key is no collection or no map.
/// Not thread-safe.
///
///     Conditions(accounts, {"alice"}).If({}, {balance, ConditionOperator::kGreaterOrEqual, 100})
class Conditions {
 public:
  Conditions(Table table, Values partition_key);

  /// The row does not exist: has neither a live marker nor a live cell. (Static columns: none has a value.)
  Conditions& IfNotExists(Values clustering);
  Conditions& IfExists(Values clustering);
  /// Columns of a row that does not exist are null. A condition on a static column is one on the static
  /// columns, whichever row it names.
  Conditions& If(Values clustering, const ColumnCondition& condition);

  bool empty() const { return rows_.empty(); }

  struct Comparand {
    ColumnId column;
    ConditionOperator comparison;
    /// Serialized; nullopt is null. One, but any number for kIn.
    std::vector<std::optional<std::string>> values;
    /// What is compared: the column; of a map the value of this serialized key; else the element or field of
    /// this number.
    std::optional<std::string> map_key;
    std::optional<size_t> place;
  };
  /// The conditions on one row.
  struct RowConditions {
    std::string clustering;  ///< encoded; of the static columns, their key (data/static_row.h)
    bool not_exists = false;
    bool exists = false;
    std::vector<Comparand> columns;
  };
  // What was said, for the engine.
  const absl::Status& status() const { return status_; }
  const Table& table() const { return table_; }
  const std::string& partition_key() const { return partition_key_; }
  /// Each row once, in the order in which they were first named.
  const std::vector<RowConditions>& rows() const { return rows_; }

 private:
  void Remember(absl::Status status);
  /// The conditions of a row; null after an error.
  RowConditions* RowOf(Values clustering);
  RowConditions* RowOf(std::string key);

  Table table_;
  absl::Status status_;
  std::string partition_key_;
  std::vector<RowConditions> rows_;
};

/// What became of a conditional write. Owns what it shows.
class ConditionalOutcome {
 public:
  /// True when the conditions held and the batch is written; then nothing else is to be known.
  bool applied() const { return applied_; }

  /// A row that a condition is about, as it was when one of them did not hold.
  struct CurrentRow {
    bool exists = false;
    Row row;  ///< when it exists
  };
  /// The columns of the rows below: those that conditions name, or all columns (in schema order) when one of
  /// them asked whether a row exists.
  const std::vector<ColumnId>& columns() const { return columns_; }
  /// The rows with conditions, in the order in which they were first named.
  const std::vector<CurrentRow>& rows() const { return rows_; }

 private:
  friend class Database;
  bool applied_ = false;
  std::vector<ColumnId> columns_;
  std::vector<CurrentRow> rows_;
};

}  // namespace stoa
