// An open SSTable file: its statistics, the root of its index, and its parts through the cache.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "sstable/block_cache.h"
#include "sstable/block_index_page.h"
#include "sstable/cached_block.h"
#include "sstable/extent.h"
#include "sstable/statistics.h"
#include "sstable/table_file.h"
#include "sstable/zone_map.h"

namespace stoa {

/// Thread-safe. `stats` may be null everywhere.
class TableReader {
 public:
  /// Opens the file `name`. With `expected`, DataLoss if it is not what that describes; without, its metadata
  /// are read from the file.
  static absl::StatusOr<std::shared_ptr<const TableReader>> Open(Directory& directory, std::string_view name,
                                                                 const SSTableMetadata* expected,
                                                                 BlockCache* cache);
  ~TableReader();

  const TableFile& file() const { return *file_; }
  const std::shared_ptr<const TableFile>& shared_file() const { return file_; }
  const SSTableMetadata& metadata() const { return metadata_; }
  const Statistics& statistics() const { return statistics_; }
  const BlockLayout& layout() const { return statistics_.layout; }
  const FileRange& root_range() const { return footer_.index_root; }
  const FileRange& statistics_range() const { return footer_.statistics; }
  BlockCache& cache() const { return *cache_; }

  /// The index root: its entries are the extents.
  const IndexPage& root() const { return root_; }
  /// The last extent that begins at or before `position`; -1 when there is none, but 0 if there is only one.
  int64_t FindExtent(const PositionView& position) const {
    return root_.entry_count() == 1 ? 0 : root_.FindLast(position);
  }
  /// Valid no longer than the reader.
  absl::StatusOr<std::shared_ptr<Extent>> GetExtent(uint32_t number, ReadStats* stats) const;
  absl::StatusOr<std::shared_ptr<CachedBlock>> GetBlock(const FileRange& range, CacheUse cache_use,
                                                        ReadStats* stats) const;
  /// The zones of a column in an extent; null when it has no live value there.
  absl::StatusOr<std::shared_ptr<ZonePage>> GetZones(const Extent& extent, ColumnId column, TypeKind kind,
                                                     ReadStats* stats,
                                                     CacheUse cache_use = CacheUse::kFill) const;

 private:
  explicit TableReader(BlockCache* cache) : cache_(cache) {}
  absl::Status OpenFile(Directory& directory, std::string_view name, const SSTableMetadata* expected);
  absl::Status LoadStatistics(const SSTableMetadata* expected);
  absl::Status LoadRoot();
  /// The object of class T at `offset`: from the cache, or else what `load` returns, which is then put there.
  template <typename T, typename Load>
  absl::StatusOr<std::shared_ptr<T>> GetCached(CachedKind kind, uint64_t offset, CacheUse cache_use,
                                               ReadStats* stats, Load load) const;
  CacheKey ExtentKey(const FileRange& range) const {
    return CacheKey{file_->file_id(), range.offset, CachedKind::kExtent};
  }
  void Pin(uint32_t number, const std::shared_ptr<Extent>& extent) const;

  BlockCache* const cache_;
  std::shared_ptr<const TableFile> file_;
  SSTableMetadata metadata_;
  Footer footer_;
  Statistics statistics_;
  SectionPayload root_payload_;
  IndexPage root_;
  uint64_t reserved_bytes_ = 0;

  /// An extent whose filter was asked for, by a point read, is pinned if the cache has room for that: every
  /// read needs one, there are few, and to find it in the cache and to count who holds it writes to memory
  /// that all readers of the file write to.
  struct PinnedExtent {
    std::atomic<Extent*> extent{nullptr};  // set once
    std::shared_ptr<Extent> owner;         // by whoever set that
  };
  std::unique_ptr<PinnedExtent[]> pinned_;
  mutable std::atomic<uint64_t> pinned_bytes_{0};
};

}  // namespace stoa
