// The rows of a block being built, taken apart into columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/status.h>

#include "sstable/block.h"
#include "sstable/block_column.h"
#include "sstable/block_key.h"
#include "sstable/block_parts_writer.h"

namespace stoa {

/// Plain memory, filled by BlockBuilder and written by BlockEncoder; reused from block to block.
class PendingBlock {
 public:
  PendingBlock(const BlockLayout* layout, const Projection* projection);

  /// Begins a block inside a partition (unless it is the first of the stream) and with this range deletion
  /// open.
  void Start(const DeletionTime& open);

  /// A run of the batch; `starts` as it is in the block. A run that is added twice in a row is one run.
  void AddRun(const PartitionRun& run, bool starts);
  void AddChange(const RangeChange& change);
  /// Rows [begin, end) of a loaded batch, which belong to the run added last. What they are is added later,
  /// of many runs together, because a run may be a single row.
  void AddRows(const RowBatch& batch, uint32_t begin, uint32_t end);
  /// The keys, liveness and columns of rows that AddRows was called for; the first of them is row `first_row`
  /// of the block. From the first key on that does not fit the layout, all keys of the block are kept whole.
  /// DataLoss when one is no key of the table.
  absl::Status AddContent(const RowBatch& batch, uint32_t begin, uint32_t end, uint32_t first_row);

  bool empty() const { return runs.size() == 0; }
  bool keys_are_whole() const { return components != &layout_->clustering; }

  uint32_t row_count = 0;
  uint32_t partition_starts = 0;
  bool first_starts = false;
  DeletionTime open_before;
  DeletionTime open_after;
  Position first;
  std::string last_clustering;  // of the last run

  ByteStrings runs;  // partition keys
  std::vector<uint64_t> tokens;
  std::vector<uint64_t> first_rows;
  PendingDeletions partition_deletions;

  std::vector<uint64_t> change_runs;
  std::vector<uint64_t> change_rows;
  ByteStrings change_bounds;
  PendingDeletions change_deletions;

  /// The clustering keys: what they are made of, and a column for each component.
  const std::vector<ClusteringComponent>* components = nullptr;
  std::vector<PendingKeyColumn> clustering;
  PendingWords timestamps;
  PendingWords flags;
  PendingWords expiries;
  PendingDeletions deletions;

  /// Columns that have cells, ascending by place in the projection, which is ascending by id.
  std::vector<PendingColumn*> SortedColumns();

 private:
  void KeepKeysWhole(uint32_t rows);
  void AddLiveness(const RowBatch& batch, uint32_t begin, uint32_t end, uint32_t first_row);
  void AddCells(const RowBatch& batch, uint32_t begin, uint32_t end, uint32_t first_row);
  void NoteElement(std::string_view clustering);

  const BlockLayout* layout_;
  const Projection* projection_;
  std::vector<TypeKind> kinds_;  // of projected columns

  // Columns in use are columns_[0, column_count_); slots_ leads from a projected column to its place there
  // plus one, or 0.
  std::vector<std::unique_ptr<PendingColumn>> columns_;
  uint32_t column_count_ = 0;
  std::vector<uint32_t> slots_;
  std::vector<uint32_t> used_;  // projected columns in use
};

}  // namespace stoa
