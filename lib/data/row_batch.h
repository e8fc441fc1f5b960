// The row stream: the one language of everything that holds rows in order.
//
// A memtable, an SSTable and a merge of several sources are all RowSources. A source hands over batches; the
// batches of a source, read one after another, are a sentence of this grammar:
//
//     stream    := partition*
//     partition := START(token, key, deletion)  element*          END is implied by the next START or the end
//     element   := row | range-change
//     row       := clustering key, liveness, cells
//     range-change := bound, deletion that is open from here on (none: nothing is open)
//
// Guarantees of every source, checked by StreamValidator and by the conformance suite in tests/data:
//
//  1. Order. Partitions ascend by (token, key). Within a partition rows and range-changes ascend by their
//     bytes; in a reverse source they descend, and a range-change then speaks of what is open towards smaller
//     bytes.
//  2. No repeats. A row appears once. A partition STARTs once (PartitionRun::starts), and later batches
//     continue it.
//  3. Range deletions. What is open at the beginning of a batch is RowBatch::open_deletion. Consecutive
//     range-changes differ. Nothing is open at the end of a partition. A slice that begins inside a range
//     deletion begins with a range-change at the slice's own bound; one that ends inside ends with one at its
//     end bound. After SkipTo open_deletion alone says what is open at the place skipped to, also where the
//     batch STARTs.
//  4. Nothing empty. A batch has a run; a run has a row, a range-change, or STARTs with a partition deletion.
//     A row has a marker, a cell (live or tombstone) or a row deletion; a source that does not load its
//     columns at once may also hand over rows whose only cells are in columns that the projection leaves out.
//  5. Range. Nothing outside ScanSpec::range is handed over. A partition's deletion is handed over whenever
//     anything of the partition may be in range.
//  6. Internal consistency: within a source, cells and markers that the source's own deletions shadow may
//     still be handed over, except by a merge, which has dropped them.
//  7. Lifetime. A batch is valid until the next call of Next or SkipTo on its source, or its destruction.
//  8. Size. A batch has at most kBatchRowsMax rows.
//  9. Errors. After an error the source is spent: every further call returns the same error. End of data is
//     never reported because of an error.
// 10. Complex cells are resolved (data/complex_cell.h).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/schema.h>

#include "base/memory_budget.h"
#include "data/deletion_time.h"
#include "data/position.h"

namespace stoa {

inline constexpr uint32_t kBatchRowsMax = 4096;

/// The columns that a reader wants, ascending by id. A column's place in this list is its index.
struct ProjectedColumn {
  ColumnId id;
  /// 1, 2, 4 or 8 for a word type, 0 for values carried as bytes (types/value_codec.h).
  uint8_t word_bytes;
  /// False: the reader does not want the values. But whether a row without a live marker exists depends on
  /// every column, so sources leave such a column out only where nothing depends on it: of a batch that is
  /// clean, until somebody asks for all (RowBatch::EnsureAllColumns).
  bool wanted = true;
};
using Projection = std::vector<ProjectedColumn>;

/// One cell: a value, or the tombstone of one. `bytes` is a view of the memory of whoever handed it over.
struct Cell {
  int64_t timestamp = kNoTimestamp;
  /// When the cell expires; of a tombstone, its local deletion time.
  int64_t expiry = kNoExpiry;
  bool tombstone = false;
  /// The value is the empty byte string (of a word type: not a word).
  bool empty = false;
  /// `bytes` are not the value but a reference to it (data/blob_reference.h). Never of a word type, nor
  /// together with `tombstone` or `empty`.
  bool blob = false;
  /// `bytes` are the content of a column of many cells or of a counter (data/complex_cell.h). Never of a word
  /// type, nor together with `tombstone`, `empty` or `blob`.
  bool complex = false;
  uint64_t word = 0;
  std::string_view bytes;
};

namespace cell_flags {
inline constexpr uint8_t kTombstone = 1;
inline constexpr uint8_t kEmpty = 2;
inline constexpr uint8_t kBlob = 4;
inline constexpr uint8_t kComplex = 8;
/// With one of these the cell has neither word nor bytes.
inline constexpr uint8_t kNoValue = kTombstone | kEmpty;
}  // namespace cell_flags

inline uint8_t FlagsOf(const Cell& cell) {
  if (cell.tombstone) return cell_flags::kTombstone;
  if (cell.empty) return cell_flags::kEmpty;
  if (cell.complex) return cell_flags::kComplex;
  return cell.blob ? cell_flags::kBlob : uint8_t{0};
}

/// The cells of one column for the rows of a batch. Arrays are indexed by row like the batch's own; a null
/// array stands for the common case named beside it.
struct ColumnVector {
  uint32_t index = 0;                       ///< place of the column in the projection
  const uint64_t* present = nullptr;        ///< bit per row: has a cell; null: every row has one
  const uint64_t* words = nullptr;          ///< values of a word type
  const std::string_view* bytes = nullptr;  ///< of any other type: what the cell_flags say
  const int64_t* timestamps = nullptr;      ///< null: the row's timestamp
  const int64_t* expiries = nullptr;        ///< null: the row's expiry; of tombstones: local deletion time
  const uint8_t* flags = nullptr;           ///< cell_flags; null: none

  uint8_t Flags(uint32_t row) const { return flags == nullptr ? uint8_t{0} : flags[row]; }
  bool Has(uint32_t row) const { return present == nullptr || ((present[row >> 6] >> (row & 63)) & 1) != 0; }
};

namespace row_flags {
inline constexpr uint8_t kMarker = 1;    ///< written by an upsert: the row exists even without cells
inline constexpr uint8_t kDeletion = 2;  ///< RowBatch::deletions holds a deletion of this row
}  // namespace row_flags

struct PartitionRun {
  /// The run's rows are [first_row, first_row of the next run or RowBatch::end). The first run's is begin.
  uint32_t first_row = 0;
  bool starts = false;  ///< false: continues the partition with which the batch before ended
  uint64_t token = 0;
  std::string_view key;
  DeletionTime deletion;  ///< of the partition, also where the run continues it
};

struct RangeChange {
  uint32_t run = 0;  ///< index in RowBatch::runs of the run it belongs to
  uint32_t row = 0;  ///< it stands before this row; of several, in the order of the list
  std::string_view bound;
  DeletionTime deletion;
};

class BatchLoader;
class BlockOrigin;

/// Consecutive rows, column by column. A value of views: copying it, or narrowing [begin, end), copies no
/// rows.
///
/// Keys, liveness and columns are loaded when first wanted (Ensure...): a scan over rows which nothing can
/// shadow never decodes keys, and a predicate that no row of a batch satisfies leaves the other columns
/// packed.
struct RowBatch {
  uint32_t begin = 0;
  uint32_t end = 0;

  std::span<const PartitionRun> runs;
  std::span<const RangeChange> changes;
  /// The range deletion that is open where the batch begins.
  DeletionTime open_deletion;

  /// Everything in the batch is plainly live: no partition, range, row or cell deletion, no expiry, every row
  /// has a marker. Whoever filters can pass such a batch on without looking at its rows. (Values may be
  /// empty, and may be blobs: who looks at values looks at the flags of their cells.)
  bool clean = false;

  /// Bounds of the timestamps of rows, their cells and their deletions (not exact: min may be lower, max
  /// higher).
  int64_t min_timestamp = kNoTimestamp;
  int64_t max_timestamp = std::numeric_limits<int64_t>::max();

  /// First and last clustering key in stream order; set when the batch has rows, without loading the keys.
  std::string_view first_clustering;
  std::string_view last_clustering;

  // Keys: null until EnsureKeys.
  const std::string_view* clustering = nullptr;

  // Liveness: null until EnsureLiveness; afterwards null stands for the case named.
  bool liveness_loaded = false;
  const int64_t* timestamps = nullptr;      ///< never null once loaded
  const int64_t* expiries = nullptr;        ///< of marker and cells; null: kNoExpiry
  const uint8_t* flags = nullptr;           ///< row_flags; null: every row kMarker alone
  const DeletionTime* deletions = nullptr;  ///< valid where kDeletion is set

  // Columns with a cell in any of the rows, ascending by index; empty until EnsureColumns.
  bool columns_loaded = false;
  /// The unwanted columns are loaded as well (or, before loading: are to be).
  bool all_columns = false;
  std::span<const ColumnVector> columns;

  /// Null when everything is loaded.
  BatchLoader* loader = nullptr;

  /// The block of a file (sstable/block_origin.h) of which these are rows, numbered from 0 as there; null:
  /// not known, or in another order. For whoever writes rows into a file: as long as the batch has all rows
  /// of the block and is `clean`, nobody has changed anything of them, and the block may be copied.
  BlockOrigin* origin = nullptr;

  uint32_t row_count() const { return end - begin; }
  inline absl::Status EnsureKeys();
  inline absl::Status EnsureLiveness();
  inline absl::Status EnsureColumns();
  /// With the unwanted ones; for whoever reconciles rows of the batch with others or with deletions.
  inline absl::Status EnsureAllColumns();
  absl::Status EnsureAll();

  uint8_t RowFlags(uint32_t row) const { return flags == nullptr ? row_flags::kMarker : flags[row]; }
  int64_t RowExpiry(uint32_t row) const { return expiries == nullptr ? kNoExpiry : expiries[row]; }
  DeletionTime RowDeletion(uint32_t row) const {
    return (RowFlags(row) & row_flags::kDeletion) != 0 ? deletions[row] : DeletionTime{};
  }
  /// REQUIRES: liveness and columns loaded, and column.Has(row).
  inline Cell CellAt(const ColumnVector& column, uint32_t row) const;
  /// Index in `runs` of the run that holds `row`.
  uint32_t RunOf(uint32_t row) const;
  /// Where the rows of a run end.
  uint32_t RunEnd(size_t run) const { return run + 1 < runs.size() ? runs[run + 1].first_row : end; }
};

/// Fills in the lazy parts of the batches of one source, for rows [batch->begin, batch->end).
class BatchLoader {
 public:
  virtual ~BatchLoader() = default;
  virtual absl::Status LoadKeys(RowBatch* batch) = 0;
  virtual absl::Status LoadLiveness(RowBatch* batch) = 0;
  virtual absl::Status LoadColumns(RowBatch* batch) = 0;
};

inline absl::Status RowBatch::EnsureKeys() {
  return clustering != nullptr || begin == end ? absl::OkStatus() : loader->LoadKeys(this);
}
inline absl::Status RowBatch::EnsureLiveness() {
  return liveness_loaded || begin == end ? absl::OkStatus() : loader->LoadLiveness(this);
}
inline absl::Status RowBatch::EnsureAllColumns() {
  if (all_columns) return EnsureColumns();
  all_columns = true;
  columns_loaded = columns_loaded && loader == nullptr;
  return EnsureColumns();
}
inline absl::Status RowBatch::EnsureColumns() {
  return columns_loaded || begin == end ? absl::OkStatus() : loader->LoadColumns(this);
}

inline Cell RowBatch::CellAt(const ColumnVector& column, uint32_t row) const {
  Cell cell;
  cell.timestamp = column.timestamps != nullptr ? column.timestamps[row] : timestamps[row];
  cell.expiry = column.expiries != nullptr ? column.expiries[row] : RowExpiry(row);
  const uint8_t cell_flag_bits = column.flags != nullptr ? column.flags[row] : 0;
  cell.tombstone = (cell_flag_bits & cell_flags::kTombstone) != 0;
  cell.empty = (cell_flag_bits & cell_flags::kEmpty) != 0;
  cell.blob = (cell_flag_bits & cell_flags::kBlob) != 0;
  cell.complex = (cell_flag_bits & cell_flags::kComplex) != 0;
  if ((cell_flag_bits & cell_flags::kNoValue) != 0) return cell;
  if (column.words != nullptr) {
    cell.word = column.words[row];
  } else {
    cell.bytes = column.bytes[row];
  }
  return cell;
}

/// What a reader wants of a source. The views must outlive the source.
struct ScanSpec {
  PositionRange range;
  /// Within partitions, from the greatest clustering key to the smallest. The range is then of one partition.
  bool reverse = false;
  const Projection* projection = nullptr;
  /// About how many rows will be read, so that a source does not prepare many more; 0: all.
  uint32_t rows_hint = 0;
  /// Charged with what the source keeps in memory for its batches; may be null.
  MemoryBudget* budget = nullptr;
};

/// What a predicate on a column says of a value, for skipping by zone maps: [low, high] in the order of
/// WordToOrdered or, for bytes, of memcmp. For float and double both are the bits of numbers (WordToOrdered),
/// compared as numbers; an open end is an infinity. A null, absent or deleted cell never matches, nor does a
/// NaN.
struct ColumnBounds {
  uint32_t index = 0;  ///< place of the column in the projection
  bool is_word = true;
  int64_t word_low = std::numeric_limits<int64_t>::min();
  int64_t word_high = std::numeric_limits<int64_t>::max();
  std::string_view bytes_low;
  std::optional<std::string_view> bytes_high;
};

/// What a deletion in another source does to a partition: all that stands behind the place reached, in stream
/// order up to `to`, and has a timestamp of at most `timestamp`, is deleted. Its views live as long as the
/// call that it is handed to.
struct CoveredStretch {
  uint64_t token = 0;
  std::string_view key;
  /// A bound in the partition, or none: up to the partition's end.
  std::optional<std::string_view> to;
  int64_t timestamp = kNoTimestamp;
};

class RowSource {
 public:
  virtual ~RowSource() = default;

  /// Hands over the next batch; false at the end.
  virtual absl::StatusOr<bool> Next(RowBatch* batch) = 0;

  /// Leaves out everything before `position`, which in stream order must not lie before what was handed over.
  /// In a reverse source: everything after it. What is left of a batch already handed over is left out too.
  /// The next batch repeats START only if it was not handed over yet, and its open_deletion says what is
  /// open.
  virtual absl::Status SkipTo(const PositionView& position) = 0;

  /// Allows the source to leave out what it holds of `stretch`, where that saves it from reading; replaces
  /// what was allowed before. Where it does, the next batch says in open_deletion what is open, as after
  /// SkipTo; all its range deletions that reach into or out of what was left out are older than
  /// `stretch.timestamp`.
  virtual void LeaveOut(const CoveredStretch& stretch) { (void)stretch; }

  /// The first position at or after `from` (forward sources only) where this source may hold a row whose cell
  /// satisfies `bounds`; `from` itself when the source cannot tell; none when there is none up to the end.
  virtual absl::StatusOr<std::optional<Position>> NextPossibleMatch(const ColumnBounds& bounds,
                                                                    const PositionView& from) {
    (void)bounds;
    return std::optional<Position>(Position(from));
  }
};

}  // namespace stoa
