// The state behind RowView, Cursor and Row.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <stoa/cursor.h>
#include <stoa/write_batch.h>

#include "data/row_batch.h"

namespace stoa {

class BlobValues;
class ComplexValues;

/// How the columns that a query wants stand in the projection that sources read by. Immutable.
struct ResultColumns {
  /// Which columns the projection holds beside those that are wanted.
  enum class Others : uint8_t { kNone, kRegular, kAll };

  /// `columns`: those of the result, in its order; `also`: further columns whose values are wanted. The ids
  /// are of static and regular columns of the schema, or InvalidArgument.
  static absl::StatusOr<ResultColumns> Make(const Table& schema, std::span<const ColumnId> columns,
                                            std::span<const ColumnId> also, Others others);

  /// Place of a column in the projection, which must hold it.
  uint32_t IndexOf(ColumnId id) const;

  Table schema;
  Projection projection;
  std::vector<bool> is_static;  ///< by place in the projection; empty where no column of the table is
  struct Result {
    uint32_t index;  ///< place in the projection
    DataType type;
  };
  std::vector<Result> results;  ///< by place in the query's list
  bool has_complex = false;     ///< a result is of several cells, or a counter
};

/// What a query returns that names no columns: all, the static ones first.
std::vector<ColumnId> AllColumns(const TableSchema& schema);

/// The row that a RowView shows: a place in a batch. Points at the rows of the batch without copying them.
struct RowView::State {
  const ResultColumns* columns = nullptr;
  RowBatch* batch = nullptr;  ///< not const: keys and liveness are loaded when asked for
  uint32_t row = 0;
  const PartitionRun* partition = nullptr;
  const BlobValues* blobs = nullptr;              ///< has those of the row
  const ComplexValues* complex_values = nullptr;  ///< likewise
  bool hides_clustering = false;                  ///< rows stand for their partitions
  std::vector<const ColumnVector*>
      vectors;  ///< by place in the projection; null: no row of the batch has a cell

  /// Decoded keys of the current row, if asked for.
  bool partition_decoded = false;
  bool clustering_decoded = false;
  std::vector<Value> partition_values;
  std::vector<Value> clustering_values;
  std::string clustering_storage;

  /// Turns to another batch.
  void SetBatch(RowBatch* new_batch);
  void SetRow(uint32_t new_row, const PartitionRun* new_partition);
  const ColumnVector* VectorWithCell(size_t column) const;
};

}  // namespace stoa
