#include "sstable/table_reader.h"

#include <utility>

#include "base/status_macros.h"

namespace stoa {
namespace {

constexpr IoTag kOpenTag{FileKind::kTable, IoPurpose::kRead};

}  // namespace

absl::StatusOr<std::shared_ptr<const TableReader>> TableReader::Open(Directory& directory,
                                                                     std::string_view name,
                                                                     const SSTableMetadata* expected,
                                                                     BlockCache* cache) {
  std::shared_ptr<TableReader> reader(new TableReader(cache));
  STOA_RETURN_IF_ERROR(reader->OpenFile(directory, name, expected));
  STOA_RETURN_IF_ERROR(reader->LoadStatistics(expected));
  STOA_RETURN_IF_ERROR(reader->LoadRoot());
  return reader;
}

TableReader::~TableReader() {
  if (reserved_bytes_ > 0) cache_->Release(ExtentKey(footer_.index_root), reserved_bytes_);
  cache_->Unpin(pinned_bytes_.load(std::memory_order_relaxed));
}

absl::Status TableReader::OpenFile(Directory& directory, std::string_view name,
                                   const SSTableMetadata* expected) {
  auto opened = directory.OpenRead(name, kOpenTag);
  if (expected != nullptr && absl::IsNotFound(opened.status()))
    return Corruption(name, 0, "the file is missing");
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, std::move(opened));
  STOA_ASSIGN_OR_RETURN(const uint64_t bytes, file->Size());
  if (bytes < kFileHeaderBytes + kFooterBytes) {
    return Corruption(name, bytes, "too short for an SSTable: ", bytes, " bytes");
  }
  if (expected != nullptr && bytes != expected->file_bytes) {
    return Corruption(name, bytes, "the file has ", bytes, " bytes instead of ", expected->file_bytes);
  }
  std::string header(kFileHeaderBytes, '\0'), footer(kFooterBytes, '\0');
  STOA_RETURN_IF_ERROR(ReadExactly(*file, name, 0, header.size(), header.data()));
  STOA_ASSIGN_OR_RETURN(const uint64_t file_id, DecodeFileHeader(kTableFormat, header, name));
  if (expected != nullptr && file_id != expected->file_id) {
    return Corruption(name, 0, "this is file ", file_id, " instead of ", expected->file_id);
  }
  STOA_RETURN_IF_ERROR(ReadExactly(*file, name, bytes - footer.size(), footer.size(), footer.data()));
  STOA_ASSIGN_OR_RETURN(footer_, DecodeFooter(footer, bytes, file_id, name));
  file_ = std::make_shared<const TableFile>(std::move(file), name, file_id, bytes);
  return absl::OkStatus();
}

absl::Status TableReader::LoadStatistics(const SSTableMetadata* expected) {
  const uint64_t offset = footer_.statistics.offset;
  STOA_ASSIGN_OR_RETURN(
      SectionPayload payload,
      file_->ReadSection(footer_.statistics, SectionKind::kStatistics, cache_->decompressors(), nullptr));
  auto statistics = Statistics::Decode(payload.view());
  if (!statistics.ok()) return file_->Located(offset, statistics.status());
  statistics_ = std::move(statistics).value();
  const uint64_t number = expected != nullptr ? expected->number : ParseSSTableName(file_->name());
  metadata_ = MetadataOf(statistics_, number, file_->file_id(), file_->bytes());
  if (expected == nullptr) return absl::OkStatus();
  metadata_.file_hash_low = expected->file_hash_low;
  metadata_.file_hash_high = expected->file_hash_high;
  if (metadata_ != *expected)
    return file_->Corrupt(offset, "the statistics are not those that the manifest has");
  return absl::OkStatus();
}

absl::Status TableReader::LoadRoot() {
  const FileRange& range = footer_.index_root;
  STOA_ASSIGN_OR_RETURN(root_payload_,
                        file_->ReadSection(range, SectionKind::kIndexRoot, cache_->decompressors(), nullptr));
  std::string_view bytes = root_payload_.view();
  STOA_RETURN_IF_ERROR(file_->Located(range.offset, root_.Parse(&bytes)));
  if (!bytes.empty() || root_.entry_count() != statistics_.extent_count) {
    return file_->Corrupt(range.offset, "the index root does not have ", statistics_.extent_count,
                          " extents");
  }
  pinned_ = std::make_unique<PinnedExtent[]>(root_.entry_count());
  reserved_bytes_ = sizeof(*this) + root_payload_.view().size() + statistics_.memory_bytes() +
                    root_.entry_count() * sizeof(pinned_[0]);
  cache_->Reserve(ExtentKey(range), reserved_bytes_);
  return absl::OkStatus();
}

template <typename T, typename Load>
absl::StatusOr<std::shared_ptr<T>> TableReader::GetCached(CachedKind kind, uint64_t offset,
                                                          CacheUse cache_use, ReadStats* stats,
                                                          Load load) const {
  const CacheKey key{file_->file_id(), offset, kind};
  if (auto cached = cache_->Find(key)) return std::static_pointer_cast<T>(std::move(cached));
  if (stats != nullptr) ++stats->cache_misses;
  STOA_ASSIGN_OR_RETURN(std::shared_ptr<T> loaded, load());
  if (cache_use == CacheUse::kLeave) return loaded;
  const size_t bytes = loaded->memory_bytes();
  return std::static_pointer_cast<T>(cache_->Insert(key, std::move(loaded), bytes));
}

absl::StatusOr<std::shared_ptr<Extent>> TableReader::GetExtent(uint32_t number, ReadStats* stats) const {
  Extent* const pinned = pinned_[number].extent.load(std::memory_order_acquire);
  if (pinned != nullptr) return std::shared_ptr<Extent>(std::shared_ptr<Extent>(), pinned);  // not counted
  const FileRange range = root_.Range(number);
  STOA_ASSIGN_OR_RETURN(std::shared_ptr<Extent> extent,
                        GetCached<Extent>(CachedKind::kExtent, range.offset, CacheUse::kFill, stats,
                                          [&] { return Extent::Load(*file_, range, cache_, stats); }));
  if (extent->is_whole()) Pin(number, extent);
  return extent;
}

void TableReader::Pin(uint32_t number, const std::shared_ptr<Extent>& extent) const {
  const uint64_t bytes = cache_->Pin(ExtentKey(root_.Range(number)), extent.get());
  if (bytes == 0) return;
  Extent* expected = nullptr;
  if (!pinned_[number].extent.compare_exchange_strong(expected, extent.get(), std::memory_order_acq_rel)) {
    cache_->Unpin(bytes);
    return;
  }
  pinned_[number].owner = extent;
  pinned_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

absl::StatusOr<std::shared_ptr<CachedBlock>> TableReader::GetBlock(const FileRange& range, CacheUse cache_use,
                                                                   ReadStats* stats) const {
  if (stats != nullptr) ++stats->blocks_read;
  return GetCached<CachedBlock>(CachedKind::kBlock, range.offset, cache_use, stats,
                                [&] { return CachedBlock::Load(file_, range, layout(), cache_, stats); });
}

absl::StatusOr<std::shared_ptr<ZonePage>> TableReader::GetZones(const Extent& extent, ColumnId column,
                                                                TypeKind kind, ReadStats* stats,
                                                                CacheUse cache_use) const {
  const std::optional<FileRange> range = extent.FindZones(column);
  if (!range.has_value()) return nullptr;
  const auto load = [&] { return ZonePage::Load(*file_, *range, kind, cache_->decompressors(), stats); };
  STOA_ASSIGN_OR_RETURN(std::shared_ptr<ZonePage> page,
                        GetCached<ZonePage>(CachedKind::kZones, range->offset, cache_use, stats, load));
  if (page->is_word() != DataType(kind).is_word() || page->entry_count() != extent.page().entry_count()) {
    return file_->Corrupt(range->offset, "the zones of column ", column, " do not fit their extent");
  }
  return page;
}

}  // namespace stoa
