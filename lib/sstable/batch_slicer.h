// Cuts a batch at the ends of a slice.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <absl/container/inlined_vector.h>

#include "data/row_batch.h"

namespace stoa {

/// Makes the runs and range-changes of a batch what guarantees 2 to 5 of row_batch.h ask of a slice. The rows
/// are cut already: batch.begin and end are those of the slice. Reused for batch after batch; not
/// thread-safe.
class BatchSlicer {
 public:
  enum class Open : uint8_t {
    kAsChange,  ///< a slice begins: what is open there is handed over as a range-change at the bound
    kAsState,   ///< the stream was skipped to there: it becomes the batch's open_deletion
  };
  /// Where the slice begins in stream order: forward at `place`; in reverse before it, for it is then the
  /// excluded end of the range.
  struct Begin {
    PositionView place;
    Open open = Open::kAsChange;
  };

  struct Slice {
    bool reverse = false;
    /// Absent: the batch does not reach beyond that end of the slice.
    std::optional<Begin> begin;
    /// Where it ends in stream order: forward before it; in reverse at it.
    std::optional<PositionView> end;
    /// The partition with which the batch before ended, if any.
    std::optional<PositionView> handed_over;
  };

  /// Cuts `batch`, whose runs and range-changes may view the slicer's memory then. False when nothing is left
  /// of it.
  bool Cut(const Slice& slice, RowBatch* batch);

 private:
  /// As Cut, of a batch without deletions, whose runs have rows and nothing else.
  bool CutRows(const Slice& slice, RowBatch* batch);
  void CutRun(const Slice& slice, const RowBatch& batch, size_t run);

  absl::InlinedVector<PartitionRun, 1> runs_;  // a slice mostly is of one partition
  std::vector<RangeChange> changes_;
  DeletionTime open_deletion_;
};

}  // namespace stoa
