// The merge task: several row sources become SSTables. Flush and compaction both are this.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/write_batch.h>

#include "data/row_batch.h"
#include "io/file_system.h"
#include "read/purge_filter.h"
#include "sstable/sstable.h"

namespace stoa {

/// Runs in steps of one batch, so that its owner can interleave, abort or pace it; abandoned, it leaves at
/// most finished files that nothing names. Not thread-safe.
class MergeTask {
 public:
  struct Input {
    Table schema;
    /// What to merge of the sources. The views outlive the task.
    PositionRange range;
    PurgeRules purge;
    MemoryBudget* budget = nullptr;  ///< charged with the batches of the merge; may be null
    /// Called for each file that is begun.
    std::function<SSTableWriterOptions()> new_file;
    /// A file that has so many bytes is ended, wherever that is: in the middle of a partition too, though
    /// where no deletion of the partition or a range is open. Then the files do not overlap.
    uint64_t file_bytes_max = UINT64_MAX;
  };
  /// Makes one source of the merge; called once for each, with the spec to read by.
  using OpenSource = std::function<std::unique_ptr<RowSource>(const ScanSpec&)>;

  static absl::StatusOr<std::unique_ptr<MergeTask>> Create(Directory& directory, const Input& input,
                                                           const std::vector<OpenSource>& sources);

  /// Merges one batch more. True when the outputs are complete and synced (under their names, in a directory
  /// that is not synced).
  absl::StatusOr<bool> Step();

  /// The finished files, in order of position; none when nothing was left to write.
  const std::vector<SSTableMetadata>& outputs() const { return outputs_; }
  /// Whatever is not in outputs() lies at or behind this position.
  const Position& reached() const { return reached_; }
  /// From now on a file is ended when it has so many bytes, unless it is ended earlier anyway.
  void LimitFiles(uint64_t bytes) { file_bytes_max_ = std::min(file_bytes_max_, bytes); }
  /// Written so far, about.
  uint64_t bytes_written() const {
    return finished_bytes_ + (writer_ == nullptr ? 0 : writer_->file_bytes());
  }
  /// Of these, in blocks that were copied.
  uint64_t bytes_copied() const { return copied_bytes_ + (writer_ == nullptr ? 0 : writer_->copied_bytes()); }

 private:
  MergeTask(Directory& directory, const Input& input);

  absl::Status Add(RowBatch& batch);
  absl::Status FinishFile();

  Directory& directory_;
  const Input input_;
  const Projection projection_;
  ScanSpec spec_;
  uint64_t file_bytes_max_;
  std::unique_ptr<RowSource> merged_;
  std::unique_ptr<SSTableWriter> writer_;  // null between files
  std::vector<PartitionRun> runs_;         // of the first batch of a file
  std::vector<SSTableMetadata> outputs_;
  Position reached_;
  uint64_t finished_bytes_ = 0;
  uint64_t copied_bytes_ = 0;  // in files that are finished
};

}  // namespace stoa
