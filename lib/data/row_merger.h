// Reconciliation of the versions of one row: Cassandra's rules, in one place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "data/batch_builder.h"
#include "data/complex_merge.h"
#include "data/row_batch.h"
#include "data/single_row.h"

namespace stoa {

/// True when cell `a` wins over cell `b` of the same row and column: greater timestamp; then a tombstone or
/// an expiring cell over a plain one; then a tombstone over an expiring cell; then the later expiry; then the
/// greater value by unsigned bytes (an empty value is the least; for blobs see BlobTieIsGreater). A total
/// order up to equal cells, so that merging is commutative, associative and idempotent. `word_bytes` as in
/// ProjectedColumn.
bool CellWins(const Cell& a, const Cell& b, uint8_t word_bytes);

/// Collects the versions of one row, in any order, and hands over what remains. Reused for row after row
/// without allocating. Values are not copied until Emit: what they view must live until then. Not
/// thread-safe.
class RowMerger {
 public:
  explicit RowMerger(const Projection* projection);

  /// The columns that cells are added for.
  const Projection& projection() const { return *projection_; }

  /// Forgets the row before.
  void Start();

  /// A deletion that covers the row: the row's own (Emit hands it over), or one of its partition or of a
  /// range (which only shadows).
  void AddRowDeletion(const DeletionTime& deletion);
  void AddCoveringDeletion(const DeletionTime& deletion);
  void AddMarker(int64_t timestamp, int64_t expiry);
  /// If it is complex: of a resolved cell.
  void AddCell(uint32_t column_index, const Cell& cell) {
    Slot& slot = slots_[column_index];
    if (slot.generation == generation_ || cell.complex) [[unlikely]]
      return AddVersion(column_index, cell);
    slot = Slot{generation_, static_cast<uint32_t>(entries_.size())};
    entries_.push_back(Entry{column_index, kNone, cell});
  }
  /// A complex cell of a fragment.
  void AddComplexCell(uint32_t column_index, const Cell& cell, const FragmentContext& context);
  /// All of one row of a batch; liveness and columns must be loaded.
  void AddRow(const RowBatch& batch, uint32_t row);

  /// Copies the values of the cells added so far, but complex ones, so that what they view may go.
  void CopyValues(Arena* arena);

  /// The early-stop rule. True when nothing in sources whose timestamps are all at most `max_timestamp` can
  /// change the row: a deletion covers that timestamp; or the marker and every projected cell are strictly
  /// newer than it. Without a marker there is no early stop, nor with one that has expired at `now_seconds`
  /// (a cell of an older source may be what the row still lives by). An expired cell or a tombstone counts:
  /// it too is the newest. A complex cell never is complete: older sources may have other parts of it.
  bool IsComplete(int64_t max_timestamp, int64_t now_seconds) const;

  /// True when a marker, a cell or a row deletion remains.
  bool HasContent();

  /// Adds the row to `builder`: its deletion if not shadowed by a covering one, marker and cells that no
  /// deletion shadows. Adds nothing when nothing remains.
  void Emit(std::string_view clustering, BatchBuilder* builder);

  /// Adds what of the row is alive at `now_seconds`, for a reader of this one row: no deletions, nothing
  /// expired. False, adding nothing, when the row does not exist.
  bool EmitLive(std::string_view clustering, int64_t now_seconds, BatchBuilder* builder);
  bool EmitLive(std::string_view clustering, int64_t now_seconds, SingleRow* row);

  /// How complex cells are merged, of all rows from now on (`covering` and `live_at` are not looked at). What
  /// the rules point to must outlive the merger.
  void SetComplexRules(const ComplexRules& rules) { complex_rules_ = rules; }

 private:
  struct Entry {
    uint32_t column;
    uint32_t inputs;  // if `cell` is complex: the last of its versions in complex_inputs_
    Cell cell;        // if complex, after MergeComplexCells: what they say together
  };
  struct ComplexInput {
    uint32_t next;
    Cell cell;
    FragmentContext context;
  };
  static constexpr uint32_t kNone = UINT32_MAX;
  /// Where the newest cell of a column is in entries_, if `generation` is that of this row.
  struct Slot {
    uint32_t generation = 0;
    uint32_t entry = 0;
  };

  /// A complex cell, or one of a column that has one already.
  void AddVersion(uint32_t column_index, const Cell& cell);
  DeletionTime Strongest() const { return Stronger(row_deletion_, covering_); }
  bool DeletionRemains() const {
    return !row_deletion_.live() && !covering_.Shadows(row_deletion_.timestamp);
  }
  /// Brings the cells of complex entries up to date; those of which nothing remains get kNoTimestamp, which
  /// everything shadows.
  void MergeComplexCells(int64_t live_at);
  template <typename Rows>
  bool EmitLiveTo(std::string_view clustering, int64_t now_seconds, Rows* rows);

  const Projection* projection_;
  std::vector<Slot> slots_;     // by projected column
  std::vector<Entry> entries_;  // the columns that have a cell, in the order of their first
  uint32_t generation_ = 0;
  DeletionTime row_deletion_;
  DeletionTime covering_;
  int64_t marker_timestamp_ = kNoTimestamp;  // kNoTimestamp: no marker
  int64_t marker_expiry_ = kNoExpiry;

  // Of rows with complex cells.
  std::vector<ComplexInput> complex_inputs_;
  bool complex_merged_ = true;  // as of complex_merged_live_at_
  int64_t complex_merged_live_at_ = ComplexRules::kDeadToo;
  ComplexRules complex_rules_;
  ComplexMerger complex_merger_;
  std::vector<std::string> complex_bytes_;  // what merged cells view, in the order of the entries
};

}  // namespace stoa
