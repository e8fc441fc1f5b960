// Looks at every byte of a batch: what sanitizers need, and what tells whether two batches say the same.
#pragma once

#include <cstdint>

#include "base/hash.h"
#include "data/row_batch.h"

namespace stoa::testing {

/// A hash of all that a loaded batch says, on top of `hash`. Order counts, how rows are cut into batches does
/// not, except that runs which continue a partition count too.
inline uint64_t TouchBatch(const RowBatch& batch, uint64_t hash) {
  const auto number = [&hash](auto value) {
    const auto wide = static_cast<uint64_t>(value);
    hash = Hash64({reinterpret_cast<const char*>(&wide), sizeof(wide)}, hash);
  };
  const auto deletion = [&number](const DeletionTime& time) {
    number(time.timestamp);
    number(time.local_time);
  };
  deletion(batch.open_deletion);
  for (const PartitionRun& run : batch.runs) {
    hash = Hash64(run.key, hash);
    number(run.token);
    number(run.starts);
    deletion(run.deletion);
  }
  for (const RangeChange& change : batch.changes) {
    hash = Hash64(change.bound, hash);
    deletion(change.deletion);
  }
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    hash = Hash64(batch.clustering[row], hash);
    number(batch.timestamps[row]);
    number(batch.RowExpiry(row));
    number(batch.RowFlags(row));
    deletion(batch.RowDeletion(row));
    for (const ColumnVector& column : batch.columns) {
      if (!column.Has(row)) continue;
      const Cell cell = batch.CellAt(column, row);
      hash = Hash64(cell.bytes, hash);
      number(column.index);
      number(cell.word);
      number(cell.timestamp);
      number(cell.expiry);
      number(cell.tombstone * 2 + cell.empty);
    }
  }
  return hash;
}

}  // namespace stoa::testing
