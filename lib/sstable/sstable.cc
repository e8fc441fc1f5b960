#include "sstable/sstable.h"

#include <utility>

#include "base/status_macros.h"
#include "sstable/sstable_source.h"
#include "sstable/table_reader.h"

namespace stoa {

PointReadScratch::PointReadScratch() = default;
PointReadScratch::~PointReadScratch() = default;

void PointReadScratch::Start(const Projection* projection) {
  projection_ = projection;
  blocks_.clear();
}

absl::StatusOr<std::shared_ptr<SSTable>> SSTable::Open(Directory& directory, const SSTableMetadata& metadata,
                                                       BlockCache* cache, BlobRegistry* blobs) {
  STOA_ASSIGN_OR_RETURN(auto reader,
                        TableReader::Open(directory, SSTableName(metadata.number), &metadata, cache));
  std::vector<SharedBlob> held;
  for (const BlobId& id : reader->metadata().blobs) {
    if (blobs == nullptr) break;
    STOA_ASSIGN_OR_RETURN(held.emplace_back(), blobs->Open(id));
  }
  return std::shared_ptr<SSTable>(new SSTable(std::move(reader), std::move(held)));
}

absl::StatusOr<std::shared_ptr<SSTable>> SSTable::OpenFile(Directory& directory, std::string_view name,
                                                           BlockCache* cache) {
  STOA_ASSIGN_OR_RETURN(auto reader, TableReader::Open(directory, name, nullptr, cache));
  return std::shared_ptr<SSTable>(new SSTable(std::move(reader), {}));
}

SSTable::SSTable(std::shared_ptr<const TableReader> reader, std::vector<SharedBlob> blobs)
    : reader_(std::move(reader)), blobs_(std::move(blobs)) {}
SSTable::~SSTable() = default;

const SSTableMetadata& SSTable::metadata() const { return reader_->metadata(); }
const BlockLayout& SSTable::layout() const { return reader_->layout(); }

std::unique_ptr<RowSource> SSTable::NewSource(const ScanSpec& spec, ReadStats* stats, CacheUse cache_use,
                                              uint64_t* examined) const {
  return NewTableSource(reader_, spec, stats, cache_use, examined);
}

absl::Status SSTable::GetRow(uint64_t token, std::string_view key, std::string_view clustering,
                             PointReadScratch* scratch, RowMerger* merger, ReadStats* stats) const {
  const PositionView position{token, key, clustering};
  if (position < bounds().first.view() || position > bounds().last.view()) return absl::OkStatus();
  // A row is in no block but the last whose separator is not after it. Everything that covers its place is
  // known there too: the block has a run of the partition, with its deletion, if the partition has anything
  // at or before that place in the file, or in the block; and it begins with the range deletion that is open
  // there.
  const int64_t number = reader_->FindExtent(position);
  if (number < 0) return absl::OkStatus();
  STOA_ASSIGN_OR_RETURN(const std::shared_ptr<Extent> extent,
                        reader_->GetExtent(static_cast<uint32_t>(number), stats));
  STOA_ASSIGN_OR_RETURN(const bool may_contain,
                        extent->MayContain(token, reader_->file(), &reader_->cache(), stats));
  if (!may_contain) {
    if (stats != nullptr) ++stats->filter_rejections;
    return absl::OkStatus();
  }
  if (stats != nullptr) ++stats->sstables;
  const int64_t entry = extent->page().FindLast(position);
  if (entry < 0) return absl::OkStatus();
  const FileRange range = extent->page().Range(static_cast<uint32_t>(entry));
  STOA_ASSIGN_OR_RETURN(std::shared_ptr<CachedBlock> block, reader_->GetBlock(range, CacheUse::kFill, stats));
  absl::Status status = scratch->AddRow(layout(), position, std::move(block), merger, stats);
  return status.ok() ? status : reader_->file().Located(range.offset, status);
}

absl::Status PointReadScratch::AddRow(const BlockLayout& layout, const PositionView& position,
                                      std::shared_ptr<CachedBlock> block, RowMerger* merger,
                                      ReadStats* stats) {
  block->PrefetchForFind();
  if (reader_ == nullptr) reader_ = std::make_unique<BlockReader>(&layout, projection_);
  STOA_RETURN_IF_ERROR(reader_->Open(&layout, projection_, &block->header(), block.get()));
  STOA_ASSIGN_OR_RETURN(const BlockReader::Found found, reader_->Find(position, /*will_read_row=*/true));
  if (found.run < 0) return absl::OkStatus();
  STOA_RETURN_IF_ERROR(reader_->AddCoveringDeletions(found.run, position.clustering, merger));
  if (found.exact) {
    STOA_RETURN_IF_ERROR(reader_->AddRow(found.row, merger));
    if (stats != nullptr) ++stats->rows_examined;
  }
  blocks_.push_back(std::move(block));
  return absl::OkStatus();
}

}  // namespace stoa
