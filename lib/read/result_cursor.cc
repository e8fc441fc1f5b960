#include "read/result_cursor.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {

ResultCursor::ResultCursor(std::unique_ptr<RowSource> source, const RowLimits& limits)
    : source_(std::move(source)), limits_(limits) {}

void ResultCursor::DropBatch() {
  batch_ = RowBatch{};
  next_row_ = 0;
}

absl::StatusOr<bool> ResultCursor::TakeBatch() {
  DropBatch();
  do {
    STOA_ASSIGN_OR_RETURN(more_, source_->Next(&batch_));
    if (!more_) return false;
  } while (batch_.row_count() == 0);
  STOA_RETURN_IF_ERROR(batch_.EnsureColumns());
  batch_changed_ = true;
  next_row_ = batch_.begin;
  EnterRun(0);
  return true;
}

void ResultCursor::EnterRun(uint32_t run) {
  run_ = run;
  const PartitionRun& partition = batch_.runs[run];
  if (partition.starts) rows_of_partition_ = 0;
  // A resumed query reads the partition from its middle; what came before counts.
  if (row_count_ == 0 && partition.token == limits_.first_partition_token &&
      partition.key == limits_.first_partition_key) {
    rows_of_partition_ = limits_.rows_of_first_partition;
  }
}

uint32_t ResultCursor::RunEnd() const {
  return run_ + 1 < batch_.runs.size() ? batch_.runs[run_ + 1].first_row : batch_.end;
}

absl::Status ResultCursor::SkipRestOfPartition() {
  if (run_ + 1 < batch_.runs.size()) {
    next_row_ = RunEnd();
    return absl::OkStatus();
  }
  // The partition may go on in batches to come. The first position after it is the next key of its token.
  const PartitionRun& partition = batch_.runs[run_];
  std::string next_key(partition.key);
  next_key.push_back('\0');
  const uint64_t token = partition.token;
  DropBatch();
  return source_->SkipTo(PositionView{token, next_key, {}});
}

absl::StatusOr<bool> ResultCursor::NextRun(Run* run) {
  STOA_ASSIGN_OR_RETURN(const bool more, NextOfPartition(run));
  if (!more) return false;
  if (limits_.rows_per_partition != UINT64_MAX) return true;
  // Nobody counts the rows of partitions: as many of them as the batch has.
  const auto further =
      static_cast<uint32_t>(std::min<uint64_t>(batch_.end - run->end, limits_.rows - row_count_));
  row_count_ += further;
  row_ += further;
  next_row_ += further;
  run->end += further;
  if (RunEnd() < run->end) EnterRun(batch_.RunOf(row_));
  return true;
}

absl::StatusOr<bool> ResultCursor::NextOfPartition(Run* run) {
  if (!more_ || row_count_ >= limits_.rows) return false;
  batch_changed_ = false;
  for (;;) {
    if (next_row_ == batch_.end) {
      STOA_ASSIGN_OR_RETURN(const bool taken, TakeBatch());
      if (!taken) return false;
    }
    while (next_row_ == RunEnd()) EnterRun(run_ + 1);
    if (rows_of_partition_ < limits_.rows_per_partition) break;
    STOA_RETURN_IF_ERROR(SkipRestOfPartition());
  }
  const uint64_t allowed =
      std::min(limits_.rows - row_count_, limits_.rows_per_partition - rows_of_partition_);
  const uint32_t end = next_row_ + static_cast<uint32_t>(std::min<uint64_t>(RunEnd() - next_row_, allowed));
  *run = Run{next_row_, end};
  rows_of_partition_ += end - next_row_;
  row_count_ += end - next_row_;
  row_ = end - 1;
  next_row_ = end;
  return true;
}

absl::StatusOr<bool> ResultCursor::Next() {
  batch_changed_ = false;
  if (next_row_ < batch_.end && next_row_ < RunEnd() && row_count_ < limits_.rows &&
      rows_of_partition_ < limits_.rows_per_partition) [[likely]] {
    row_ = next_row_++;
    ++rows_of_partition_;
    ++row_count_;
    return true;
  }
  Run run{0, 0};
  STOA_ASSIGN_OR_RETURN(const bool more, NextOfPartition(&run));
  if (!more) return false;
  ShortenRun(&run, run.first + 1);
  return true;
}

void ResultCursor::ShortenRun(Run* run, uint32_t end) {
  rows_of_partition_ -= run->end - end;
  row_count_ -= run->end - end;
  row_ = end - 1;
  next_row_ = end;
  run->end = end;
  while (batch_.runs[run_].first_row >= end) --run_;
}

absl::StatusOr<Position> ResultCursor::LastPosition() {
  if (batch_.runs.empty()) return FailedPrecondition("the batch of the last row is gone");
  STOA_RETURN_IF_ERROR(batch_.EnsureKeys());
  const PartitionRun& partition = batch_.runs[run_];
  return Position(PositionView{partition.token, partition.key, batch_.clustering[row_]});
}

}  // namespace stoa
