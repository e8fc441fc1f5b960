#include "sstable/extent.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/status_macros.h"

namespace stoa {
namespace {

/// These two bound the writer's memory and the size of a filter where blocks hold thousands of columns or
/// partitions.
constexpr size_t kZonesMax = 64 << 10;
constexpr size_t kTokensMax = 128 << 10;

constexpr size_t kZoneEntryBytes = 20;

BlockIndexEntry EntryOf(const FileRange& range, const BlockFacts& block) {
  BlockIndexEntry entry;
  entry.range = range;
  entry.rows = block.row_count;
  entry.min_timestamp = block.times.min_timestamp;
  entry.max_timestamp = block.times.max_timestamp;
  entry.max_local_time = block.times.max_local_time;
  entry.flags = static_cast<uint8_t>((block.times.has_tombstones ? index_flags::kTombstones : 0) |
                                     (block.times.has_expiring ? index_flags::kExpiring : 0) |
                                     (block.partition_starts > 0 ? index_flags::kPartitionStart : 0));
  return entry;
}

}  // namespace

void ExtentBuilder::AddBlock(const PositionView& separator, const FileRange& range, const BlockFacts& block) {
  for (const ColumnZone& zone : block.zones) {
    if (zone.null_count == block.row_count) continue;
    const TypeKind kind = *KindOf(*layout_, zone.id);
    ColumnZones::Zone& added = zones_[zone.id].zones.emplace_back();
    added.entry = page_.entry_count();
    added.null_count = zone.null_count;
    added.range.Add(kind, ViewOf(zone, block.row_count));
    ++zone_count_;
  }
  rows_.push_back(block.row_count);
  page_.Add(separator, EntryOf(range, block), block.open_before);
}

bool ExtentBuilder::full() const {
  return page_.byte_count() >= page_bytes_ || zone_count_ >= kZonesMax || filter_.token_count() >= kTokensMax;
}

absl::Status ExtentBuilder::Finish(const DeletionTime& open_after, TableFileWriter* file,
                                   IndexPageBuilder* root) {
  STOA_DCHECK(!empty());
  using Compression = TableFileWriter::Compression;
  FileRange filter_range;
  if (const std::string filter = filter_.Finish(); !filter.empty()) {
    STOA_ASSIGN_OR_RETURN(filter_range,
                          file->AppendSection(SectionKind::kFilter, filter, Compression::kNone));
  }
  std::string directory;
  AppendLittle(&directory, filter_range.offset);
  AppendLittle(&directory, filter_range.bytes);
  AppendLittle(&directory, static_cast<uint32_t>(zones_.size()));
  for (const auto& [column, zones] : zones_) {
    const std::string payload = EncodeZones(*KindOf(*layout_, column), zones, rows_);
    STOA_ASSIGN_OR_RETURN(const FileRange range,
                          file->AppendSection(SectionKind::kZones, payload, Compression::kIfSmaller));
    AppendLittle(&directory, column);
    AppendLittle(&directory, range.offset);
    AppendLittle(&directory, range.bytes);
  }
  zones_.clear();
  rows_.clear();
  zone_count_ = 0;

  const Position separator(page_.first_separator());
  const DeletionTime open_before = page_.open_before();
  BlockIndexEntry entry = page_.total();
  std::string page;
  page_.Finish(open_after, &page);
  page += directory;
  STOA_ASSIGN_OR_RETURN(entry.range,
                        file->AppendSection(SectionKind::kIndexPage, page, Compression::kIfSmaller));
  root->Add(separator, entry, open_before);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Extent>> Extent::Load(const TableFile& file, const FileRange& range,
                                                     BlockCache* cache, ReadStats* stats) {
  auto extent = std::make_shared<Extent>();
  STOA_ASSIGN_OR_RETURN(extent->payload_,
                        file.ReadSection(range, SectionKind::kIndexPage, cache->decompressors(), stats));
  extent->key_ = CacheKey{file.file_id(), range.offset, CachedKind::kExtent};
  STOA_RETURN_IF_ERROR(file.Located(range.offset, extent->Parse()));
  return extent;
}

absl::Status Extent::Parse() {
  std::string_view bytes = payload_.view();
  STOA_RETURN_IF_ERROR(page_.Parse(&bytes));
  Decoder decoder(bytes);
  std::string_view zones;
  decoder.Little(&filter_range_.offset);
  decoder.Little(&filter_range_.bytes);
  decoder.Little(&zone_count_);
  decoder.Bytes(zone_count_ * kZoneEntryBytes, &zones);
  zones_ = zones.data();
  bool ascending = decoder.Done();
  for (uint32_t i = 1; ascending && i < zone_count_; ++i) ascending = ZoneColumn(i - 1) < ZoneColumn(i);
  return ascending ? absl::OkStatus() : absl::DataLossError("malformed directory of an extent");
}

absl::StatusOr<bool> Extent::MayContain(uint64_t token, const TableFile& file, BlockCache* cache,
                                        ReadStats* stats) {
  if (filter_range_.bytes == 0) return true;
  const Filter* filter = filter_.load(std::memory_order_acquire);
  if (filter == nullptr) [[unlikely]] {
    STOA_ASSIGN_OR_RETURN(filter, LoadFilter(file, cache, stats));
  }
  return filter->MayContain(token);
}

absl::StatusOr<const Filter*> Extent::LoadFilter(const TableFile& file, BlockCache* cache, ReadStats* stats) {
  const Filter* loaded = nullptr;
  {
    MutexLock lock(&mutex_);
    if (filter_owner_ != nullptr) return filter_owner_.get();
    STOA_ASSIGN_OR_RETURN(SectionPayload payload, file.ReadSection(filter_range_, SectionKind::kFilter,
                                                                   cache->decompressors(), stats));
    auto filter = std::make_unique<Filter>();
    STOA_RETURN_IF_ERROR(file.Located(filter_range_.offset, filter->Parse(std::move(payload))));
    filter_owner_ = std::move(filter);
    loaded = filter_owner_.get();
    filter_.store(loaded, std::memory_order_release);
  }
  cache->Grow(key_, this, loaded->byte_count());
  filter_charged_.store(true, std::memory_order_release);
  return loaded;
}

ColumnId Extent::ZoneColumn(uint32_t number) const {
  return LoadLittle<ColumnId>(zones_ + size_t{number} * kZoneEntryBytes);
}

FileRange Extent::ZoneRangeOf(uint32_t number) const {
  const char* entry = zones_ + size_t{number} * kZoneEntryBytes;
  return FileRange{LoadLittle<uint64_t>(entry + 4), LoadLittle<uint64_t>(entry + 12)};
}

std::optional<FileRange> Extent::FindZones(ColumnId column) const {
  uint32_t low = 0, high = zone_count_;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (ZoneColumn(middle) < column) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == zone_count_ || ZoneColumn(low) != column) return std::nullopt;
  return ZoneRangeOf(low);
}

}  // namespace stoa
