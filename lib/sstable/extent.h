// Extents: a file is a row of them, each some hundreds of blocks with what it takes to find and to skip rows
// in them. So the writer keeps no more than one extent's index, filter and zones in memory, and a reader
// loads no more of them than the part of the file that it reads.
//
//     extent     := block+ section(filter)? section(zones)* section(index page)
//     index page := page (block_index_page.h) filter_offset:u64 filter_bytes:u64      both 0: no filter
//                   zones:u32 (column:u32 offset:u64 bytes:u64)[zones]                columns ascending
//
// A column that is not listed has no live value in the extent.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "io/sync.h"
#include "sstable/block.h"
#include "sstable/block_cache.h"
#include "sstable/block_index_page.h"
#include "sstable/filter.h"
#include "sstable/table_file.h"
#include "sstable/zone_map.h"

namespace stoa {

/// Collects what is known of the blocks of an extent while they are written. Not thread-safe.
class ExtentBuilder {
 public:
  /// `layout` outlives the builder.
  ExtentBuilder(const BlockLayout* layout, int filter_bits, size_t page_bytes)
      : layout_(layout), page_bytes_(page_bytes), filter_(filter_bits) {}

  /// A partition with something in the block added last. Ascending.
  void AddToken(uint64_t token) { filter_.Add(token); }
  /// A block that was written at `range`.
  void AddBlock(const PositionView& separator, const FileRange& range, const BlockFacts& block);

  bool empty() const { return page_.empty(); }
  /// Time to Finish.
  bool full() const;
  /// Writes filter, zones and index page, adds the extent to `root`, and begins a new one.
  absl::Status Finish(const DeletionTime& open_after, TableFileWriter* file, IndexPageBuilder* root);

 private:
  const BlockLayout* const layout_;
  const size_t page_bytes_;  // about
  IndexPageBuilder page_;
  FilterBuilder filter_;
  std::map<ColumnId, ColumnZones> zones_;
  std::vector<uint32_t> rows_;  // of each block
  size_t zone_count_ = 0;
};

/// An extent being read: its index page, and its filter, which is loaded when first asked. Thread-safe.
class Extent : public CacheEntry {
 public:
  /// Reads the index page at `range`.
  static absl::StatusOr<std::shared_ptr<Extent>> Load(const TableFile& file, const FileRange& range,
                                                      BlockCache* cache, ReadStats* stats);

  const IndexPage& page() const { return page_; }
  size_t memory_bytes() const { return sizeof(*this) + payload_.view().size(); }
  /// It has its filter, if there is one, and will not grow any more.
  bool is_whole() const {
    return filter_range_.bytes == 0 || filter_charged_.load(std::memory_order_acquire);
  }

  /// False: the partition is not in the extent. The filter's bytes are charged to `cache`.
  absl::StatusOr<bool> MayContain(uint64_t token, const TableFile& file, BlockCache* cache, ReadStats* stats);

  /// Where the sections stand; a filter of no bytes is none.
  const FileRange& filter_range() const { return filter_range_; }
  uint32_t zone_count() const { return zone_count_; }
  ColumnId ZoneColumn(uint32_t number) const;
  FileRange ZoneRangeOf(uint32_t number) const;
  /// The zones of a column; none when it has no live value in the extent.
  std::optional<FileRange> FindZones(ColumnId column) const;

 private:
  absl::Status Parse();
  absl::StatusOr<const Filter*> LoadFilter(const TableFile& file, BlockCache* cache, ReadStats* stats);

  SectionPayload payload_;
  IndexPage page_;
  CacheKey key_;
  FileRange filter_range_;
  uint32_t zone_count_ = 0;
  const char* zones_ = nullptr;

  Mutex mutex_;
  std::atomic<const Filter*> filter_{nullptr};  // set once
  std::atomic<bool> filter_charged_{false};     // to the cache
  std::unique_ptr<Filter> filter_owner_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
