// Builds row batches in memory that is reused from batch to batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/memory_budget.h"
#include "data/growing_array.h"
#include "data/row_batch.h"

namespace stoa {

/// Usage: Clear; StartRun; then rows and range-changes in stream order; Finish. The batch lives until the
/// next Clear. Not thread-safe.
///
/// Costs nothing for columns without cells, and allocates nothing per row once it has grown to the batches
/// that it builds. A column's optional arrays exist only from the first row on that needs them.
class BatchBuilder {
 public:
  /// What becomes of the bytes that the builder is given.
  enum class Bytes : uint8_t {
    kCopied,
    /// Clustering keys, the values of cells other than complex ones, and all of what AppendRows and
    /// AppendRuns are given is viewed where it stands, and must stand there until the next Clear. The rest is
    /// copied.
    kViewed,
  };

  /// `projection` must outlive the builder, as must `budget`, which is charged with the builder's memory, if
  /// given.
  explicit BatchBuilder(const Projection* projection, MemoryBudget* budget = nullptr,
                        Bytes bytes = Bytes::kCopied);
  ~BatchBuilder();

  /// Empties the builder; `open` is the range deletion open where the next batch begins.
  void Clear(const DeletionTime& open = {});

  /// What follows belongs to this partition. A run that neither gets a row or range-change nor starts with a
  /// deletion would be empty, which guarantee 4 forbids: call this when there is something to add.
  void StartRun(uint64_t token, std::string_view key, const DeletionTime& deletion, bool starts);
  void AddRangeChange(std::string_view bound, const DeletionTime& deletion);

  /// Adds a row and makes it the one that SetCell speaks of.
  void AddRow(std::string_view clustering, uint8_t flags, int64_t timestamp, int64_t expiry,
              const DeletionTime& deletion = {});
  /// At most once per row and column.
  void SetCell(uint32_t column_index, const Cell& cell);

  /// Adds rows [begin, end) of `from` (same projection), which lie in one run; loads what is not loaded.
  absl::Status AppendRows(RowBatch& from, uint32_t begin, uint32_t end);
  /// The same for rows of several partitions: `runs` are the runs of `from` that begin in [begin, end), which
  /// become runs here; what stands before them belongs to the run started last.
  absl::Status AppendRuns(RowBatch& from, uint32_t begin, uint32_t end, std::span<const PartitionRun> runs);

  uint32_t row_count() const { return row_count_; }
  bool empty() const { return runs_.empty(); }
  /// About how many bytes keys and values take, viewed ones and the arrays of sparse columns included.
  size_t byte_count() const;
  /// Time to Finish: the batch has reached one of its limits.
  bool full() const;

  /// The batch built since Clear, fully loaded.
  RowBatch Finish();

 private:
  struct Column;  // growing arrays behind a ColumnVector

  Column& Touch(uint32_t column_index);
  void AddTimestamp(int64_t timestamp);
  void AddComplexTimes(const Cell& cell);
  void AppendComplexTimes(const RowBatch& from, const ColumnVector& vector, uint32_t begin, uint32_t end);
  void AppendKeys(const std::string_view* keys, uint32_t count);
  void AppendLiveness(const RowBatch& from, uint32_t begin, uint32_t count);
  void AppendColumn(const RowBatch& from, const ColumnVector& vector, uint32_t begin, uint32_t end);
  void AppendBytes(Column* column, const ColumnVector& vector, uint32_t begin, uint32_t end);
  void AppendTimes(Column* column, const RowBatch& from, const ColumnVector& vector, uint32_t begin,
                   uint32_t count);
  void AppendBounds(const RowBatch& from, uint32_t begin, uint32_t end);
  void UseRowFlags(uint32_t rows);
  void UseRowExpiries(uint32_t rows);
  std::string_view Copy(std::string_view bytes);
  /// A copy, or the view itself.
  std::string_view Keep(std::string_view bytes) {
    if (!viewed_) return Copy(bytes);
    kept_bytes_ += bytes.size();
    return bytes;
  }
  /// The same for `count` views, which become to[0 ...].
  void Keep(const std::string_view* views, uint32_t count, std::string_view* to);
  size_t memory_bytes() const;

  const Projection* projection_;
  const bool viewed_;
  uint32_t row_count_ = 0;
  std::vector<PartitionRun> runs_;
  std::vector<RangeChange> changes_;
  DeletionTime open_;
  bool clean_ = true;
  int64_t min_timestamp_ = 0;
  int64_t max_timestamp_ = 0;

  GrowingArray<std::string_view> clustering_;
  GrowingArray<int64_t> timestamps_;
  GrowingArray<int64_t> expiries_;        // in use when has_expiries_
  GrowingArray<uint8_t> flags_;           // in use when has_flags_
  GrowingArray<DeletionTime> deletions_;  // in use when has_deletions_
  bool has_expiries_ = false;
  bool has_flags_ = false;
  bool has_deletions_ = false;

  // The columns of this batch are columns_[0, column_count_), in the order in which they got their first
  // cell; slots_ leads from a projected column to its place there plus one, 0 when it has no cells.
  std::vector<Column> columns_;
  uint32_t column_count_ = 0;
  uint32_t word_column_count_ = 0;
  std::vector<uint32_t> slots_;
  std::vector<ColumnVector> finished_;

  Arena arena_;
  size_t kept_bytes_ = 0;
  MemoryCharge charge_;
};

}  // namespace stoa
