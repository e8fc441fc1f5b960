// The values of columns of several cells, and of counters, in the rows that a result shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <stoa/value.h>

#include "data/row_batch.h"
#include "engine/result_row.h"

namespace stoa {

/// Assembles them, for consecutive rows of a batch, into memory of its own, which it keeps until it is asked
/// for other rows. Not thread-safe.
class ComplexValues {
 public:
  /// Turns to another batch, whose columns are loaded.
  void SetBatch(const ResultColumns& columns, RowBatch* batch);
  /// True when a result column of the batch has complex cells; otherwise there is nothing to assemble.
  bool any() const { return !columns_.empty(); }

  /// Assembles the values of rows [first, end).
  absl::Status Assemble(uint32_t first, uint32_t end);

  /// The values of a column, by row of the batch, for the rows that were assembled: of a counter words, else
  /// bytes. Null when it has no complex cells. Valid until other rows are assembled.
  const uint64_t* FindWords(uint32_t column_index) const;
  const std::string_view* FindBytes(uint32_t column_index) const;

 private:
  struct Column {
    const ColumnVector* vector;
    DataType type;
    std::vector<uint64_t> words;          // by row
    std::vector<std::string_view> bytes;  // by row
    std::vector<size_t> ends;             // of values in storage, one after another
    std::string storage;
    std::vector<uint32_t> places;  // by row: which of them
  };
  void Assemble(Column* column, uint32_t first, uint32_t end);
  const Column* Find(uint32_t column_index) const;

  RowBatch* batch_ = nullptr;
  std::vector<Column> columns_;
};

}  // namespace stoa
