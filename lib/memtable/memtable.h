// The memtable: what was written lately, in memory, ordered.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include <absl/status/status.h>

#include "base/memory_budget.h"
#include "data/fragment.h"
#include "data/mutation.h"
#include "data/row_batch.h"
#include "data/row_merger.h"
#include "data/source_bounds.h"

namespace stoa {

/// Any number of threads apply mutations while any number of threads read, without readers taking locks. Nothing is
/// removed until the whole memtable goes.
///
/// A reader names the greatest sequence it may see. What was applied under a sequence at or below it, by applications
/// that returned before the reader began, is seen whole; of others nothing is seen.
class Memtable {
 public:
  /// Memory is charged to `budget` (may be null) as it is taken.
  Memtable(TableId table, MemoryBudget* budget);
  ~Memtable();

  TableId table() const { return table_; }

  /// Applies a mutation of this table, which must be well formed. Copies what it keeps.
  void Apply(const Mutation& mutation, const FragmentContext& context, uint64_t sequence);

  /// Adds to `merger` all that the memtable knows of a row: fragments, and the partition and range deletions
  /// which cover it.
  void GetRow(uint64_t token, std::string_view key, std::string_view clustering, uint64_t max_sequence,
              RowMerger* merger) const;

  std::unique_ptr<RowSource> NewSource(const ScanSpec& spec, uint64_t max_sequence) const;

  bool empty() const;
  /// Bytes of memory taken.
  uint64_t memory_bytes() const;
  /// Snapshots: exact when no Apply runs.
  TimeBounds times() const;
  uint64_t row_count() const;  ///< rows, not versions
  uint64_t partition_count() const;
  /// True and the bounds of what it holds, unless empty. For a sealed memtable.
  bool Bounds(SourceBounds* bounds) const;

 private:
  const TableId table_;
  // ... private members are the implementer's.
};

}  // namespace stoa
