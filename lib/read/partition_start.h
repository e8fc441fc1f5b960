// Where a filter drops rows, the START of their partition moves to the first thing that is left of it.
#pragma once

#include <utility>
#include <vector>

#include "data/row_batch.h"

namespace stoa {

/// Follows the runs of a stream and knows whether the START of the partition reached was handed over. Not
/// thread-safe.
class PartitionStart {
 public:
  /// To be called for every run that is read.
  void Enter(const PartitionRun& run) {
    if (run.starts) handed_over_ = false;
  }
  /// Something of the partition is handed over: true if its START is due with it.
  bool Take() { return !std::exchange(handed_over_, true); }

  /// Makes a batch that is handed over as it is START where it must.
  void Pass(RowBatch* batch) {
    Enter(batch->runs.front());
    if (const bool starts = Take(); starts != batch->runs.front().starts) Own(batch).front().starts = starts;
  }
  /// A copy of the runs of `batch`, which becomes theirs; lives until the next call.
  std::vector<PartitionRun>& Own(RowBatch* batch) {
    if (batch->runs.data() != runs_.data()) runs_.assign(batch->runs.begin(), batch->runs.end());
    batch->runs = runs_;
    return runs_;
  }

 private:
  bool handed_over_ = false;
  std::vector<PartitionRun> runs_;
};

}  // namespace stoa
