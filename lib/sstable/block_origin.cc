#include "sstable/block_origin.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "sstable/stored_block.h"

namespace stoa {

void BlockOrigin::Set(const CachedBlock* block, const Extent* extent, uint32_t number, uint32_t entry) {
  block_ = block;
  extent_ = extent;
  number_ = number;
  entry_ = entry;
  range_ = extent->page().Range(entry);
}

uint64_t BlockOrigin::raw_bytes() const {
  uint64_t bytes = 0;
  for (const BlockHeader::Section& section : header().sections) bytes += section.raw_bytes;
  return bytes;
}

bool BlockOrigin::FitsInto(const BlockLayout& layout) const {
  const BlockLayout& own = reader_.layout();
  const auto is_known = [&](const BlockLayout::ColumnType& column) {
    return KindOf(layout, column.id) == column.kind;
  };
  return reader_.statistics().blobs.empty() && own.clustering == layout.clustering &&
         (own.columns == layout.columns || std::all_of(own.columns.begin(), own.columns.end(), is_known));
}

absl::StatusOr<const ZonePage*> BlockOrigin::GetZones(ColumnId column, TypeKind kind) {
  if (zones_number_ != number_) zones_.clear();
  zones_number_ = number_;
  if (const auto found = zones_.find(column); found != zones_.end()) return found->second.get();
  STOA_ASSIGN_OR_RETURN(std::shared_ptr<ZonePage> page,
                        reader_.GetZones(*extent_, column, kind, nullptr, CacheUse::kLeave));
  return zones_.emplace(column, std::move(page)).first->second.get();
}

absl::StatusOr<bool> BlockOrigin::FindZones(std::vector<ColumnZone>* zones) {
  zones->clear();
  for (const BlockHeader::ColumnPlace& column : header().columns) {
    const std::optional<TypeKind> kind = KindOf(reader_.layout(), column.id);
    if (!kind.has_value()) return false;
    STOA_ASSIGN_OR_RETURN(const ZonePage* const page, GetZones(column.id, *kind));
    if (page == nullptr) continue;
    const ZoneView zone = page->Zone(entry_);
    if (zone.state == ZoneState::kNothing) continue;
    ColumnZone& found = zones->emplace_back();
    found.id = column.id;
    found.known = zone.state == ZoneState::kRange;
    found.is_word = page->is_word();
    found.null_count = page->NullCount(entry_);
    found.word_min = zone.word_min;
    found.word_max = zone.word_max;
    found.bytes_min = zone.bytes_min;
    found.bytes_max = zone.bytes_max;
  }
  return true;
}

absl::StatusOr<std::string_view> BlockOrigin::ReadMoved(uint64_t file_id, uint64_t offset,
                                                        bool first_starts) {
  bytes_.resize(static_cast<size_t>(range_.bytes));
  // Only now, so that it costs nothing to those who copy nothing.
  if (!charge_.active()) charge_ = MemoryCharge(budget_, 0);
  charge_.Resize(bytes_.capacity());
  // For the second time, so that it comes from the memory of the operating system, and is not counted again.
  STOA_RETURN_IF_ERROR(reader_.file().Read(range_.offset, bytes_.size(), bytes_.data(), nullptr));
  STOA_RETURN_IF_ERROR(MoveBlock(reader_.file(), range_, header(), {file_id, offset, first_starts}, &bytes_));
  return std::string_view(bytes_);
}

}  // namespace stoa
