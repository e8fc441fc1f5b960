#include "read/merge_input.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace stoa {
namespace {

bool PartitionBefore(const PartitionRun& run, uint64_t token, std::string_view key) {
  return run.token != token ? run.token < token : run.key < key;
}

/// The first index in [begin, end) for which `before` is false, which it then stays; looks at few when it is
/// near.
template <typename Index, typename Before>
Index Gallop(Index begin, Index end, const Before& before) {
  Index step = 1;
  Index low = begin;
  while (low < end && before(low)) {
    begin = low + 1;
    low = end - low > step ? low + step : end;
    step *= 2;
  }
  Index high = low;
  while (begin < high) {
    const Index middle = begin + (high - begin) / 2;
    if (before(middle)) {
      begin = middle + 1;
    } else {
      high = middle;
    }
  }
  return begin;
}

}  // namespace

void MergeInput::DropBatch() {
  batch_ = RowBatch{};
  run_ = change_ = 0;
  has_head_ = false;
}

absl::Status MergeInput::Fill() {
  if (any() || ended_) return absl::OkStatus();
  DropBatch();
  STOA_ASSIGN_OR_RETURN(const bool more, source_->Next(&batch_));
  if (!more) {
    ended_ = true;
    DropBatch();
    return absl::OkStatus();
  }
  batch_begin_ = batch_.begin;
  open_ = batch_.open_deletion;
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> MergeInput::KeyAt(uint32_t row) {
  if (batch_.clustering == nullptr) {
    if (row == batch_begin_) return batch_.first_clustering;
    if (row + 1 == batch_.end) return batch_.last_clustering;
    STOA_RETURN_IF_ERROR(batch_.EnsureKeys());
  }
  return batch_.clustering[row];
}

void MergeInput::EnterRun(size_t run) {
  run_ = run;
  open_ =
      DeletionTime{};  // nothing is open at the end of a partition; if the run ends its batch, Fill sets it
  has_head_ = false;
}

absl::Status MergeInput::FindHead() {
  if (has_head_) return absl::OkStatus();
  while (any()) {
    if (HasChange() && batch_.changes[change_].row <= row()) {
      head_ = batch_.changes[change_].bound;
      head_is_change_ = has_head_ = true;
      return absl::OkStatus();
    }
    if (row() < batch_.RunEnd(run_)) {
      STOA_ASSIGN_OR_RETURN(head_, KeyAt(row()));
      head_is_change_ = false;
      has_head_ = true;
      return absl::OkStatus();
    }
    EnterRun(run_ + 1);
    STOA_RETURN_IF_ERROR(Fill());
    if (any() && partition().starts) break;
  }
  return absl::OkStatus();
}

int MergeInput::Compare(const MergeInput& other) const {
  if (const int order = head_.compare(other.head_); order != 0) return reverse_ ? -order : order;
  if (head_is_change_ == other.head_is_change_) return 0;
  return head_is_change_ == reverse_ ? 1 : -1;
}

std::optional<std::string_view> MergeInput::OpenUntil() const {
  if (HasChange()) return batch_.changes[change_].bound;
  if (run_ + 1 == batch_.runs.size() && row() < batch_.end) return batch_.last_clustering;
  return std::nullopt;
}

void MergeInput::TakeChange() {
  open_ = batch_.changes[change_++].deletion;
  has_head_ = false;
}

void MergeInput::TakeRows(uint32_t end, size_t run) {
  batch_.begin = end;
  run_ = run;
  has_head_ = false;
}

absl::StatusOr<uint32_t> MergeInput::RowsEnd(const MergeInput* limit) {
  uint32_t end = batch_.RunEnd(run_);
  if (HasChange()) end = std::min(end, batch_.changes[change_].row);
  if (limit == nullptr) return end;
  // Only a limit among the rows makes it necessary to look at their keys.
  if (end == batch_.end && Before(batch_.last_clustering, limit->head_)) return end;
  STOA_RETURN_IF_ERROR(batch_.EnsureKeys());
  return Gallop(row() + 1, end, [&](uint32_t row) { return Before(batch_.clustering[row], limit->head_); });
}

absl::StatusOr<uint32_t> MergeInput::FirstRowDeletion(uint32_t end) {
  if (batch_.clean) return end;
  STOA_RETURN_IF_ERROR(batch_.EnsureLiveness());
  if (batch_.flags == nullptr) return end;
  const uint8_t* const found = std::find_if(batch_.flags + row(), batch_.flags + end, [](uint8_t flags) {
    return (flags & row_flags::kDeletion) != 0;
  });
  return static_cast<uint32_t>(found - batch_.flags);
}

absl::StatusOr<size_t> MergeInput::PlainRuns(const PartitionRun* limit) {
  size_t end = batch_.runs.size();
  if (limit != nullptr) {
    end = Gallop(run_ + 1, end,
                 [&](size_t run) { return PartitionBefore(batch_.runs[run], limit->token, limit->key); });
  }
  if (batch_.clean) return end - run_;
  if (change_ < batch_.changes.size()) end = std::min<size_t>(end, batch_.changes[change_].run);
  for (size_t run = run_; run < end; ++run) {
    if (!batch_.runs[run].deletion.live()) end = run;
  }
  if (end <= run_) return 0;
  const uint32_t rows_end = batch_.RunEnd(end - 1);
  STOA_ASSIGN_OR_RETURN(const uint32_t deletion, FirstRowDeletion(rows_end));
  return (deletion == rows_end ? end : std::max<size_t>(batch_.RunOf(deletion), run_)) - run_;
}

absl::StatusOr<RowBatch> MergeInput::Narrowed(uint32_t end) {
  STOA_DCHECK(row() < end && end <= batch_.end);
  // First, for it may load the keys, which the narrowed batch then need not do again.
  STOA_ASSIGN_OR_RETURN(const std::string_view first, KeyAt(row()));
  STOA_ASSIGN_OR_RETURN(const std::string_view last, KeyAt(end - 1));
  RowBatch narrowed = batch_;
  narrowed.end = end;
  narrowed.first_clustering = first;
  narrowed.last_clustering = last;
  narrowed.changes = {};
  return narrowed;
}

DeletionTime MergeInput::DeletionOf(const PositionView& partition) const {
  const auto found = std::lower_bound(
      batch_.runs.begin() + static_cast<std::ptrdiff_t>(run_), batch_.runs.end(), partition,
      [](const PartitionRun& run, const PositionView& p) { return PartitionBefore(run, p.token, p.key); });
  const bool known =
      found != batch_.runs.end() && found->token == partition.token && found->key == partition.key;
  return known ? found->deletion : DeletionTime{};
}

absl::Status MergeInput::SkipTo(const PositionView& position) {
  if (ended_) return absl::OkStatus();
  if (any()) {
    const size_t run = Gallop(run_, batch_.runs.size(), [&](size_t i) {
      return PartitionBefore(batch_.runs[i], position.token, position.key);
    });
    if (run != run_) {
      EnterRun(run);
      batch_.begin = any() ? partition().first_row : batch_.end;
      while (change_ < batch_.changes.size() && batch_.changes[change_].run < run_) ++change_;
    }
    if (any() && !IsIn(position.token, position.key)) return absl::OkStatus();
    if (any()) {
      STOA_RETURN_IF_ERROR(SkipInRun(position.clustering));
      if (run_ + 1 < batch_.runs.size() || HasChange() || row() < batch_.end) return absl::OkStatus();
    }
  }
  DropBatch();
  return source_->SkipTo(position);
}

absl::Status MergeInput::SkipInRun(std::string_view clustering) {
  if (clustering.empty() && !reverse_) return absl::OkStatus();
  uint32_t end = batch_.RunEnd(run_);
  const bool all_before = end == batch_.end && Before(batch_.last_clustering, clustering);
  if (row() < end && !all_before) {
    STOA_RETURN_IF_ERROR(batch_.EnsureKeys());
    end = Gallop(row(), end, [&](uint32_t row) { return Before(batch_.clustering[row], clustering); });
  }
  TakeRows(end);
  while (HasChange() && Before(batch_.changes[change_].bound, clustering)) TakeChange();
  return absl::OkStatus();
}

}  // namespace stoa
