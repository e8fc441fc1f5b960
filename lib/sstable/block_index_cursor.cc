#include "sstable/block_index_cursor.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace stoa {

absl::Status BlockIndexCursor::MoveTo(uint32_t number, uint32_t entry) {
  if (extent_ == nullptr || number != number_) {
    STOA_ASSIGN_OR_RETURN(extent_, reader_->GetExtent(number, stats_));
    number_ = number;
  }
  entry_ = entry;
  return absl::OkStatus();
}

absl::Status BlockIndexCursor::Seek(const PositionView& position) {
  const auto number = static_cast<uint32_t>(std::max<int64_t>(reader_->FindExtent(position), 0));
  STOA_RETURN_IF_ERROR(MoveTo(number, 0));
  entry_ = static_cast<uint32_t>(std::max<int64_t>(extent_->page().FindLast(position), 0));
  return absl::OkStatus();
}

absl::Status BlockIndexCursor::Next() {
  STOA_DCHECK(!at_last());
  if (entry_ + 1 < extent_->page().entry_count()) return MoveTo(number_, entry_ + 1);
  return MoveTo(number_ + 1, 0);
}

absl::Status BlockIndexCursor::Previous() {
  STOA_DCHECK(!at_first());
  if (entry_ > 0) return MoveTo(number_, entry_ - 1);
  STOA_RETURN_IF_ERROR(MoveTo(number_ - 1, 0));
  entry_ = extent_->page().entry_count() - 1;
  return absl::OkStatus();
}

bool BlockIndexCursor::IsCoveredBy(int64_t timestamp) const {
  const IndexPage& page = extent_->page();
  const BlockIndexEntry entry = page.Entry(entry_);
  return (entry.flags & index_flags::kPartitionStart) == 0 && entry.max_timestamp <= timestamp &&
         page.OpenAt(entry_).timestamp < timestamp && page.OpenAt(entry_ + 1).timestamp < timestamp;
}

std::optional<PositionView> BlockIndexCursor::next_separator() const {
  if (entry_ + 1 < extent_->page().entry_count()) return extent_->page().Separator(entry_ + 1);
  if (number_ + 1 < reader_->root().entry_count()) return reader_->root().Separator(number_ + 1);
  return std::nullopt;
}

}  // namespace stoa
