// Counts what a row stream holds and checks its order while it goes by: when a file is written, and again
// when it is verified.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "data/blob_reference.h"
#include "data/position.h"
#include "data/row_batch.h"

namespace stoa {

/// Not thread-safe.
class StreamTally {
 public:
  /// Takes the next batch of a stream, loading what is not loaded. Internal, naming the guarantee of
  /// row_batch.h that is broken. A stream may begin in the middle of a partition, as a piece that was cut off
  /// another does.
  absl::Status Add(RowBatch& batch);
  /// The same for a clean batch that is all of a block, without loading it: that its rows ascend among
  /// themselves was seen when the block was written. `first` is its first row, or the partition if that has
  /// none in the block.
  absl::Status AddBlock(const RowBatch& batch, const PositionView& first);
  /// The stream has ended. Internal when a range deletion is still open.
  absl::Status Finish() const;

  uint64_t row_count() const { return row_count_; }
  uint64_t partition_count() const { return partition_count_; }
  /// Row, range and cell tombstones, those in complex cells, partition deletions.
  uint64_t tombstone_count() const { return tombstone_count_; }
  /// The blobs that cells refer to, ascending.
  std::vector<BlobId> blobs() const;
  /// First and last row or range-change. A partition deletion reaches from the start of its partition to the
  /// bound after all its rows.
  const Position& first() const { return first_; }
  const Position& last() const { return last_; }
  /// The last row or range-change, and the range deletion that is open after it.
  const Position& here() const { return here_; }
  const DeletionTime& open() const { return open_; }

 private:
  absl::Status AddRun(const RowBatch& batch, size_t run, size_t* change);
  absl::Status StartPartition(const PartitionRun& run);
  absl::Status AddChange(const RangeChange& change);
  absl::Status Advance(std::string_view clustering, bool is_change);
  void SetHere(const PositionView& place);
  void CountTombstones(const RowBatch& batch);
  absl::Status AddBlobs(const RowBatch& batch);

  uint64_t row_count_ = 0;
  uint64_t partition_count_ = 0;
  uint64_t tombstone_count_ = 0;
  std::map<uint64_t, BlobId> blobs_;  // by number
  Position first_;
  Position last_;
  // Where the stream is: the partition with the last row or change. While a batch is added, place_ is where,
  // and views it.
  Position here_;
  PositionView place_;
  bool after_change_ = false;
  DeletionTime open_;
};

}  // namespace stoa
