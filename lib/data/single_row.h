// A batch of one row, for those who read rows one by one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/check.h"
#include "data/row_batch.h"

namespace stoa {

/// Usage: Start, AddRow, SetCell for each cell, Finish. What BatchBuilder does for many rows costs several
/// times as much for one: here a cell is an entry of a list, to which its column's vector points. Copies
/// keys and complex cells, but not values: what they view must live as long as the row. Not thread-safe.
class SingleRow {
 public:
  /// `projection` must outlive the row.
  explicit SingleRow(const Projection* projection);

  /// Forgets the row before; the next one is of this partition.
  void Start(uint64_t token, std::string_view key);
  /// Once. As BatchBuilder's; the row has no deletion.
  void AddRow(std::string_view clustering, uint8_t flags, int64_t timestamp, int64_t expiry);
  /// At most once per column.
  void SetCell(uint32_t column_index, const Cell& cell) {
    STOA_DCHECK(column_index < cells_.size() && set_count_ < set_.size());
    Place& place = cells_[column_index];
    ColumnVector& vector = vectors_[column_index];
    place.word = cell.word;
    place.bytes = cell.bytes;
    place.timestamp = cell.timestamp;
    place.expiry = cell.expiry;
    place.flags = FlagsOf(cell);
    vector.timestamps = cell.timestamp != timestamp_ ? &place.timestamp : nullptr;
    vector.expiries = cell.expiry != expiry_ ? &place.expiry : nullptr;
    vector.flags = nullptr;
    set_[set_count_++] = column_index;
    if (place.flags != 0) [[unlikely]]
      SetFlagged(cell, &place, &vector);
  }
  /// The batch, fully loaded; valid until the next Start.
  void Finish();
  RowBatch& batch() { return batch_; }
  const RowBatch& batch() const { return batch_; }

 private:
  /// What a vector points to.
  struct Place {
    uint64_t word;
    std::string_view bytes;
    int64_t timestamp;
    int64_t expiry;
    uint8_t flags;
  };

  void SetFlagged(const Cell& cell, Place* place, ColumnVector* vector);

  // By projected column. What a vector says of where its values are stays from row to row.
  std::vector<Place> cells_;
  std::vector<ColumnVector> vectors_;
  std::vector<uint32_t> set_;  // columns that have a cell: the first set_count_
  size_t set_count_ = 0;
  std::vector<ColumnVector> present_;  // their vectors, if these are not all
  PartitionRun run_;
  std::string_view clustering_;
  int64_t timestamp_ = 0;
  int64_t expiry_ = kNoExpiry;
  uint8_t flags_ = 0;
  Arena arena_{kArenaChunkBytes, kArenaChunkBytesMax};
  RowBatch batch_;

  static constexpr size_t kArenaChunkBytes = 256;
  static constexpr size_t kArenaChunkBytesMax = 64 << 10;
};

}  // namespace stoa
