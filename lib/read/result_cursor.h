// Walks the rows of a finished stream, with limits and a place to continue from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "data/row_batch.h"

namespace stoa {

struct RowLimits {
  uint64_t rows = UINT64_MAX;
  uint64_t rows_per_partition = UINT64_MAX;
  /// Rows of this partition were handed over before (by the query that this one resumes), and count.
  uint64_t rows_of_first_partition = 0;
  uint64_t first_partition_token = 0;
  std::string first_partition_key;
};

/// Row by row with Next or run by run with NextRun; a cursor is used one way. Not thread-safe.
class ResultCursor {
 public:
  ResultCursor(std::unique_ptr<RowSource> source, const RowLimits& limits);

  /// Moves to the next row; false at the end or at a limit.
  absl::StatusOr<bool> Next();
  /// The batch of the current row and the row's place in it. Columns are loaded.
  RowBatch& batch() { return batch_; }
  uint32_t row() const { return row_; }
  const PartitionRun& partition() const { return batch_.runs[run_]; }
  /// True when batch() is not the one that the row before was in.
  bool at_batch_start() const { return batch_changed_; }

  /// Moves to the next rows [first, end) of batch(), where rows of partitions are limited all of one; false
  /// at the end or at a limit.
  struct Run {
    uint32_t first;
    uint32_t end;
  };
  absl::StatusOr<bool> NextRun(Run* run);
  /// Gives back the rows from `end` on of the run just handed over, which keeps at least one: they come next.
  void ShortenRun(Run* run, uint32_t end);

  /// True when the source may have more than was handed over.
  bool more() const { return more_; }
  /// Position of the last row handed over; loads its key. FailedPrecondition when there was none, or when its
  /// batch is gone: after the end and after an error.
  absl::StatusOr<Position> LastPosition();
  /// Where they are limited, the rows handed over of the partition that the last one is in, those before
  /// resuming included.
  uint64_t rows_of_partition() const { return rows_of_partition_; }
  uint64_t row_count() const { return row_count_; }

 private:
  /// As NextRun, of one partition.
  absl::StatusOr<bool> NextOfPartition(Run* run);
  /// Takes the next batch that has rows, or says that there is none.
  absl::StatusOr<bool> TakeBatch();
  void DropBatch();
  /// Makes `run` the current run, which may begin a partition.
  void EnterRun(uint32_t run);
  uint32_t RunEnd() const;
  absl::Status SkipRestOfPartition();

  std::unique_ptr<RowSource> source_;
  const RowLimits limits_;
  RowBatch batch_;
  uint32_t next_row_ = 0;  ///< in batch_; what comes next
  uint32_t row_ = 0;
  uint32_t run_ = 0;
  bool batch_changed_ = false;
  bool more_ = true;
  uint64_t rows_of_partition_ = 0;
  uint64_t row_count_ = 0;
};

}  // namespace stoa
