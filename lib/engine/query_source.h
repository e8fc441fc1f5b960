// Turns a query into a stream of live rows: which ranges, which sources, which filters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include <stoa/query.h>

#include "data/row_batch.h"
#include "engine/result_row.h"
#include "engine/view.h"
#include "read/interruption.h"
#include "sstable/sstable.h"

namespace stoa {

/// What a query reads from: kept by its cursor.
struct QueryInput {
  std::shared_ptr<const View> view;
  uint64_t sequence = 0;  ///< memtables are read up to here
  int64_t now_seconds = 0;
  Interruption interruption;
  MemoryBudget* budget = nullptr;  ///< charged with the batches of the sources; may be null
  Directory* directory = nullptr;  ///< where the blobs are that the view holds
  bool of_snapshot = false;        ///< the view is that of a snapshot, and may be older than the current one
};

/// A range that owns its bounds.
struct OwnedRange {
  Position start;
  std::optional<Position> end;
  PositionRange view() const {
    return PositionRange{start.view(),
                         end.has_value() ? std::optional<PositionView>(end->view()) : std::nullopt};
  }
};

/// The ranges that a query covers, ascending and disjoint. `resume_after`: the last row that was handed over
/// before, if any.
absl::StatusOr<std::vector<OwnedRange>> RangesOf(const Query& query, const Position* resume_after);

/// How a query has to do with the statics of its table.
struct StaticsUse {
  bool wanted = false;              ///< in the result or in a condition
  bool rows_of_statics = false;     ///< a partition with nothing but statics is a row of the result
  bool conditions_on_rows = false;  ///< there are conditions on regular columns

  bool any() const { return wanted || rows_of_statics; }
};
/// `columns`: those of the result.
StaticsUse UseOfStatics(const Query& query, const std::vector<ColumnId>& columns);

/// The live rows of `table` in `ranges` that satisfy the query's conditions. Everything given by reference
/// must outlive the source.
std::unique_ptr<RowSource> NewQuerySource(const QueryInput& input, const TableView& table, const Query& query,
                                          const ResultColumns& columns, const StaticsUse& statics,
                                          std::vector<OwnedRange> ranges, ReadStats* stats);

/// Where a query stopped, as bytes for the user (Cursor::paging_state).
struct PagingState {
  TableId table = 0;
  int64_t now_seconds = 0;
  Position last;
  uint64_t rows_of_partition = 0;

  std::string Encode() const;
  /// InvalidArgument when the bytes are not a paging state of `table`.
  static absl::StatusOr<PagingState> Decode(const Table& table, std::string_view bytes);
};

}  // namespace stoa
