// Walks the block index of a file, block by block.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <absl/status/status.h>

#include "sstable/table_reader.h"

namespace stoa {

/// Holds the extent it stands in. Not thread-safe; the reader outlives it.
class BlockIndexCursor {
 public:
  BlockIndexCursor(const TableReader* reader, ReadStats* stats) : reader_(reader), stats_(stats) {}

  /// Moves to the block that holds `position` if any does: the last whose separator is not after it, or else
  /// the first.
  absl::Status Seek(const PositionView& position);
  absl::Status SeekToFirst() { return MoveTo(0, 0); }

  /// REQUIRES: sought, without error, and the block asked for exists.
  absl::Status Next();
  absl::Status Previous();
  bool at_first() const { return number_ == 0 && entry_ == 0; }
  bool at_last() const { return in_last_extent() && entry_ + 1 == extent_->page().entry_count(); }
  bool in_last_extent() const { return number_ + 1 == reader_->root().entry_count(); }
  /// To the first block of the next extent.
  absl::Status NextExtent() { return MoveTo(number_ + 1, 0); }

  const Extent& extent() const { return *extent_; }
  uint32_t extent_number() const { return number_; }
  /// The block's place in the extent's page.
  uint32_t entry() const { return entry_; }
  FileRange range() const { return extent_->page().Range(entry_); }
  /// Whether all that stands in the block, and all range deletions that reach into or out of it, is in the
  /// partition of `separator()`, and covered by a deletion with `timestamp`. (Of one that is as old the end
  /// would be missed.)
  bool IsCoveredBy(int64_t timestamp) const;
  PositionView separator() const { return extent_->page().Separator(entry_); }
  /// The separator of the next block; none at the last. What is before it is in this block or an earlier one.
  std::optional<PositionView> next_separator() const;

 private:
  absl::Status MoveTo(uint32_t number, uint32_t entry);

  const TableReader* const reader_;
  ReadStats* const stats_;
  std::shared_ptr<Extent> extent_;
  uint32_t number_ = 0;
  uint32_t entry_ = 0;
};

}  // namespace stoa
