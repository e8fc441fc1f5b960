// Results of queries.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/schema.h>
#include <stoa/value.h>

namespace stoa {

struct RowBatch;

/// An element of a column of several cells: its own write timestamp (microseconds) and expiry (second since
/// 1970, INT64_MAX when it does not expire).
struct ElementView {
  Value key;  ///< of a map its key, of a set the element, of a list its index, of a user type a field's name
  Value value;  ///< of a set the element
  int64_t write_timestamp = INT64_MIN;
  int64_t expiry = INT64_MAX;
};

/// Goes through the elements of a column in one row (RowView::elements), in the order of the value; of a user
/// type the fields that are not null. Used while the row view is valid.
class Elements {
 public:
  Elements(Elements&&) noexcept;
  Elements& operator=(Elements&&) noexcept;
  ~Elements();
  /// The next element, valid until the one after it is asked for; false at the end.
  bool Next(ElementView* element);

 private:
  friend class RowView;
  struct State;
  explicit Elements(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// One row of a result. Valid until the cursor moves. Columns are named by their place in the list that the
/// query asked for.
class RowView {
 public:
  size_t column_count() const;
  /// Null when the row has no live cell in the column. A column of several cells has the serialized value
  /// that they make together (stoa/composite.h), a counter an integer.
  Value operator[](size_t column) const;
  /// Key values, by place in the key. Decoded at the first call for a row; REQUIRES an index within the key.
  /// Clustering values are null where the row stands for its partition (Query::Columns, Query::Distinct).
  Value partition_key(size_t component) const;
  Value clustering(size_t component) const;
  /// Write timestamp of a cell in microseconds; INT64_MIN when the cell is null. Of a column of several cells
  /// and of a counter: the greatest of what is in it.
  int64_t write_timestamp(size_t column) const;
  /// Second (since 1970) at which a cell expires; INT64_MAX when it does not or is null, and for a column of
  /// several cells, of which each expires by itself.
  int64_t expiry(size_t column) const;
  /// The elements of a list, set, map or user type that is not frozen; none when it is null and for columns
  /// of other types.
  Elements elements(size_t column) const;

 private:
  friend class Cursor;
  friend class Row;
  struct State;
  State* state_ = nullptr;
};

/// Consecutive rows of one result column, for loops over many values. Values of the types of one word are
/// serialized words (as_... converts); others are byte strings.
class ColumnData {
 public:
  bool IsNull(size_t row) const {
    const size_t at = first_ + row;
    return all_null_ || (valid_ != nullptr && ((valid_[at >> 6] >> (at & 63)) & 1) == 0);
  }
  /// True when no value is null: loops need not ask.
  bool no_nulls() const { return valid_ == nullptr && !all_null_; }
  /// Words of a word type or counter, one per row; unspecified where null. Null pointer: every row is null.
  const uint64_t* words() const { return words_ == nullptr ? nullptr : words_ + first_; }
  /// Byte strings of other types.
  const std::string_view* bytes() const { return bytes_ == nullptr ? nullptr : bytes_ + first_; }
  double as_double(size_t row) const { return std::bit_cast<double>(words_[first_ + row]); }
  float as_float(size_t row) const {
    return std::bit_cast<float>(static_cast<uint32_t>(words_[first_ + row]));
  }
  int32_t as_int(size_t row) const { return static_cast<int32_t>(words_[first_ + row]); }
  int64_t as_bigint(size_t row) const { return static_cast<int64_t>(words_[first_ + row]); }

 private:
  friend class Cursor;
  const uint64_t* words_ = nullptr;
  const std::string_view* bytes_ = nullptr;
  const uint64_t* valid_ = nullptr;
  size_t first_ = 0;
  bool all_null_ = false;
};

/// Reads the rows of a query in order: row by row with Next, or many at a time with NextBatch; not both on
/// one cursor. A cursor sees the database as it was when it was made. Not thread-safe. Must be destroyed
/// before the database is closed.
class Cursor {
 public:
  Cursor(Cursor&&) noexcept;
  Cursor& operator=(Cursor&&) noexcept;
  ~Cursor();

  /// Moves to the next row; false at the end of the result, at the limit, or on an error: see status().
  bool Next();
  /// REQUIRES: the last call of Next returned true.
  const RowView& row() const;

  /// Moves to the next rows, at least one and at most 4,096, with at most 64 MiB of large values unless it is
  /// one row (Options::inline_value_bytes_max); returns how many, 0 at the end or on an error.
  size_t NextBatch();
  /// REQUIRES: the last call of NextBatch returned more than 0. `column` is a place in the query's list.
  ColumnData column(size_t column) const;

  /// OK, or why the cursor ended early: DataLoss for damaged files, DeadlineExceeded or Cancelled as
  /// ReadOptions say. Stays so.
  const absl::Status& status() const;

  /// Where to continue (Query::Resume) after the rows handed over so far; empty when the result is exhausted.
  /// Carries the time of the query, so that what expires meanwhile does not shift pages.
  std::string paging_state() const;

  /// What the read has cost so far.
  struct Cost {
    uint64_t blocks = 0;         ///< blocks looked into
    uint64_t bytes_read = 0;     ///< bytes read from files
    uint64_t sstables = 0;       ///< SSTables consulted
    uint64_t rows_examined = 0;  ///< rows that the sources looked at or handed over
  };
  Cost cost() const;

 private:
  friend class Database;
  struct State;
  explicit Cursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A single row that is read by key (Database::ReadRow) and kept; reused for read after read without
/// allocating.
class Row {
 public:
  Row();
  ~Row();
  Row(Row&&) noexcept;
  Row& operator=(Row&&) noexcept;

  /// Valid after a read that found the row, until the next read into this object.
  const RowView& view() const;
  Value operator[](size_t column) const { return view()[column]; }

 private:
  friend class Database;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stoa
