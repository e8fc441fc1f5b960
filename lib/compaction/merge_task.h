// The merge task: several row sources become one SSTable. Flush and compaction both are this.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/write_batch.h>

#include "data/row_batch.h"
#include "io/file_system.h"
#include "read/purge_filter.h"
#include "sstable/sstable.h"

namespace stoa {

/// Runs in steps of one batch, so that its owner can interleave, abort or pace it; abandoned, it leaves no
/// file. Not thread-safe.
class MergeTask {
 public:
  struct Input {
    Table schema;
    SSTableWriterOptions writer;
    PurgeRules purge;
    MemoryBudget* budget = nullptr;  ///< charged with the batches of the merge; may be null
  };
  /// Makes one source of the merge; called once for each, with the spec to read by.
  using OpenSource = std::function<std::unique_ptr<RowSource>(const ScanSpec&)>;

  static absl::StatusOr<std::unique_ptr<MergeTask>> Create(Directory& directory, const Input& input,
                                                           const std::vector<OpenSource>& sources);

  /// Merges one batch more. True when the output is complete and synced (under its name, in a directory that
  /// is not synced).
  absl::StatusOr<bool> Step();

  /// After Step returned true: the file, or none when nothing was left to write.
  const std::optional<SSTableMetadata>& output() const { return output_; }

 private:
  explicit MergeTask(std::unique_ptr<SSTableWriter> writer) : writer_(std::move(writer)) {}

  std::unique_ptr<SSTableWriter> writer_;
  ScanSpec spec_;
  std::unique_ptr<RowSource> merged_;
  std::optional<SSTableMetadata> output_;
};

}  // namespace stoa
