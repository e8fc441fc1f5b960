// A block in the file of an SSTable, for whoever writes its rows into another file and need not look at them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/memory_budget.h"
#include "data/row_batch.h"
#include "sstable/table_reader.h"

namespace stoa {

/// Belongs to a source, whose batches point to it (RowBatch::origin); valid as long as such a batch. Not
/// thread-safe.
class BlockOrigin {
 public:
  /// The reader outlives it. `budget` is charged with the bytes of the blocks that are read; may be null.
  BlockOrigin(const TableReader* reader, MemoryBudget* budget) : reader_(*reader), budget_(budget) {}

  /// Turns to the block that has entry `entry` of the page of extent `number`. Block and extent outlive the
  /// use.
  void Set(const CachedBlock* block, const Extent* extent, uint32_t number, uint32_t entry);

  /// Whether `batch`, of which this is the origin, is all of the block, and nothing is hidden or deleted of
  /// it.
  bool IsAllOf(const RowBatch& batch) const {
    return batch.clean && batch.begin == 0 && batch.end == header().row_count;
  }
  const BlockHeader& header() const { return block_->header(); }
  /// Bytes of the block in its file.
  uint64_t stored_bytes() const { return range_.bytes; }
  /// Bytes of its sections before they were compressed.
  uint64_t raw_bytes() const;
  /// Whether the block means the same in a file with `layout`, which has each of the source's columns, and
  /// refers to nothing outside of its file.
  bool FitsInto(const BlockLayout& layout) const;

  /// The zones of a block of which IsAllOf is true, as BuiltBlock has them, or wider where the file keeps no
  /// zone about as wide as its range. False if the file does not have one of the columns.
  absl::StatusOr<bool> FindZones(std::vector<ColumnZone>* zones);

  /// The block as it is to stand in the file with id `file_id` at `offset`, its first run STARTing or not;
  /// valid until the next call. DataLoss naming the file and place of the source when any of its bytes is
  /// damaged.
  absl::StatusOr<std::string_view> ReadMoved(uint64_t file_id, uint64_t offset, bool first_starts);

 private:
  absl::StatusOr<const ZonePage*> GetZones(ColumnId column, TypeKind kind);

  const TableReader& reader_;
  MemoryBudget* const budget_;
  const CachedBlock* block_ = nullptr;
  FileRange range_;
  const Extent* extent_ = nullptr;
  uint32_t number_ = 0;
  uint32_t entry_ = 0;
  /// Of one extent; null: the column has no live value there.
  std::map<ColumnId, std::shared_ptr<ZonePage>> zones_;
  uint32_t zones_number_ = 0;
  std::string bytes_;
  MemoryCharge charge_;
};

}  // namespace stoa
