// One source of a merge, and the place that the merge has reached in it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <absl/status/status.h>

#include "data/row_batch.h"

namespace stoa {

/// A source as a sequence of elements (rows and range-changes), grouped by partition, of which runs of rows
/// can be taken at once. Loads of a batch only what is asked for. Not thread-safe.
class MergeInput {
 public:
  MergeInput(std::unique_ptr<RowSource> source, bool reverse)
      : source_(std::move(source)), reverse_(reverse) {}

  RowSource& source() const { return *source_; }

  /// Takes the next batch if nothing is left of the present one. Invalidates what was taken from that.
  absl::Status Fill();
  /// Whether the next FindHead will Fill. REQUIRES: any().
  bool EndsBatch() const { return run_ + 1 == batch_.runs.size() && row() == batch_.end && !HasChange(); }
  /// Notes that somebody holds views of the batch, and that nobody does any more.
  void Lend() { lent_ = true; }
  void EndLoan() { lent_ = false; }
  bool lent() const { return lent_; }
  /// REQUIRES: Fill. False when the source has ended; everything below REQUIRES that it has not.
  bool any() const { return run_ < batch_.runs.size(); }

  /// The partition of the place reached.
  const PartitionRun& partition() const { return batch_.runs[run_]; }
  bool IsIn(uint64_t token, std::string_view key) const {
    return any() && partition().token == token && partition().key == key;
  }
  /// The range deletion that is open at the place reached.
  const DeletionTime& open() const { return open_; }

  /// Finds the next element of the partition, whose accessors follow; at the end of the partition moves to
  /// the next one, if any, without looking into it (compare IsIn before and after).
  absl::Status FindHead();
  std::string_view head() const { return head_; }
  bool head_is_change() const { return head_is_change_; }
  /// Less than 0 when this input's head comes before `other`'s in stream order. At a bound where a slice was
  /// cut a range-change and a row may have the same key: then the row comes first in the direction towards
  /// it.
  int Compare(const MergeInput& other) const;

  /// How far what is open reaches at least; none if that is not known.
  std::optional<std::string_view> OpenUntil() const;

  const DeletionTime& change() const { return batch_.changes[change_].deletion; }
  void TakeChange();

  /// The batch; its rows from `begin` on are still to come.
  RowBatch& batch() { return batch_; }
  const RowBatch& batch() const { return batch_; }
  uint32_t row() const { return batch_.begin; }
  /// Where the rows end that come before the next range-change, the next partition and the head of `limit`
  /// (may be null). REQUIRES: the head is a row.
  absl::StatusOr<uint32_t> RowsEnd(const MergeInput* limit);
  /// The first row of [row(), end) with a deletion of its own, or `end`.
  absl::StatusOr<uint32_t> FirstRowDeletion(uint32_t end);
  /// How many runs, beginning with the present one, lie before the partition of `limit` (null: all), have
  /// nothing but rows, and have no deletion, of a row or of the partition.
  absl::StatusOr<size_t> PlainRuns(const PartitionRun* limit);
  /// Index in batch().runs of the present partition.
  size_t run() const { return run_; }

  /// Rows [row(), end) of the present partition, or of the `runs` runs from there on, as a batch; begin and
  /// end, the keys at both and clean are set, runs and deletions are the caller's affair.
  absl::StatusOr<RowBatch> Narrowed(uint32_t end);
  /// Moves behind the rows before `end`, which is in, or ends, the run with index `run`.
  void TakeRows(uint32_t end, size_t run);
  void TakeRows(uint32_t end) { TakeRows(end, run_); }

  /// The deletion of a partition, as far as it is known without reading on.
  DeletionTime DeletionOf(const PositionView& partition) const;
  /// As RowSource::SkipTo, keeping what is left of the batch from `position` on.
  absl::Status SkipTo(const PositionView& position);

 private:
  bool Before(std::string_view a, std::string_view b) const { return reverse_ ? a > b : a < b; }
  bool HasChange() const { return change_ < batch_.changes.size() && batch_.changes[change_].run == run_; }
  absl::StatusOr<std::string_view> KeyAt(uint32_t row);
  void EnterRun(size_t run);
  /// Skips within the present run.
  absl::Status SkipInRun(std::string_view clustering);
  void DropBatch();

  std::unique_ptr<RowSource> source_;
  const bool reverse_;
  bool ended_ = false;
  bool lent_ = false;

  RowBatch batch_;            // begin: the next row
  uint32_t batch_begin_ = 0;  // as the batch came
  size_t run_ = 0;
  size_t change_ = 0;
  DeletionTime open_;

  bool has_head_ = false;
  bool head_is_change_ = false;
  std::string_view head_;
};

}  // namespace stoa
