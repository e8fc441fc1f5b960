// Builds row batches in memory that is reused from batch to batch.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "data/row_batch.h"

namespace stoa {

/// Usage: Clear; StartRun; then rows and range-changes in stream order; Finish. Copies what it is given, so the
/// batch lives until the next Clear. Not thread-safe.
class BatchBuilder {
 public:
  explicit BatchBuilder(const Projection* projection);

  /// Empties the builder; `open` is the range deletion open where the next batch begins.
  void Clear(const DeletionTime& open = {});

  void StartRun(uint64_t token, std::string_view key, const DeletionTime& deletion, bool starts);
  void AddRangeChange(std::string_view bound, const DeletionTime& deletion);

  /// Adds a row and makes it the one that SetCell speaks of.
  void AddRow(std::string_view clustering, uint8_t flags, int64_t timestamp, int64_t expiry,
              const DeletionTime& deletion);
  /// At most once per row and column.
  void SetCell(uint32_t column_index, const Cell& cell);

  /// Copies rows [begin, end) of `from` (same projection), which lie in one run; loads what is not loaded.
  absl::Status AppendRows(RowBatch& from, uint32_t begin, uint32_t end);

  uint32_t row_count() const { return row_count_; }
  bool empty() const { return runs_.empty(); }
  /// About how many bytes keys and values take.
  size_t byte_count() const;

  /// The batch built since Clear, fully loaded.
  RowBatch Finish();

 private:
  struct Column;  // growing arrays behind a ColumnVector
  // ... private members are the implementer's.
  const Projection* projection_;
  uint32_t row_count_ = 0;
  std::vector<PartitionRun> runs_;
};

}  // namespace stoa
