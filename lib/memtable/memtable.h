// The memtable: what was written lately, in memory, ordered.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/memory_budget.h"
#include "data/fragment.h"
#include "data/mutation.h"
#include "data/row_batch.h"
#include "data/row_counts.h"
#include "data/row_merger.h"
#include "data/source_bounds.h"
#include "io/sync.h"
#include "memtable/token_directory.h"

namespace stoa {

/// Any number of threads apply mutations while any number of threads read, without readers taking locks.
/// Nothing is removed until the whole memtable goes.
///
/// A reader names the greatest sequence it may see; nothing applied under a greater one is seen. What was
/// applied at or below it, by applications that returned before the reader began, is seen whole. (So a reader
/// should not name a sequence that is still being applied: of that it may see a part.)
class Memtable {
 public:
  /// Memory is charged to `budget` (may be null) as it is taken.
  Memtable(TableId table, MemoryBudget* budget);
  ~Memtable();

  TableId table() const { return table_; }

  /// What Apply looks at for a partition is spread over memory, and one thing leads to the next. Who applies
  /// many mutations, or has something else to do first, calls this before, for step 0, 1 and 2, better not at
  /// once: each asks for the memory that the one before leads to.
  void Prefetch(uint64_t token, unsigned step) const { directory_.Prefetch(token, step); }
  /// After that: finds the partition, if it is there, and asks for where its rows end and begin.
  Partition* FindToWrite(uint64_t token, std::string_view key) const;

  /// Applies a mutation of this table, which must be well formed. Copies what it keeps. Sequences should
  /// ascend but for those of commits that are applied side by side. All commits with timestamps (those of
  /// their contexts) up to `settled_timestamp` must have been applied: their increments of counters are added
  /// up (stored_row.h). `partition`: what FindToWrite found, or null. Returns the greatest timestamp of what
  /// is written.
  int64_t Apply(const Mutation& mutation, const FragmentContext& context, uint64_t sequence,
                int64_t settled_timestamp = kNoTimestamp, Partition* partition = nullptr);

  /// Keeps something alive as long as the memtable: what its rows refer to (the memtable need not know what
  /// that is).
  void Keep(std::shared_ptr<const void> referred);

  /// Adds to `merger` all that the memtable knows of a row: fragments, and the partition and range deletions
  /// which cover it. Values are views, valid as long as the memtable.
  void GetRow(uint64_t token, std::string_view key, std::string_view clustering, uint64_t max_sequence,
              RowMerger* merger) const;

  /// What was applied under sequences greater than `after_sequence`, up to `max_sequence`; a deletion from
  /// before may be repeated. The memtable must outlive the source, and so must what `counts` points to.
  std::unique_ptr<RowSource> NewSource(const ScanSpec& spec, uint64_t max_sequence,
                                       uint64_t after_sequence = 0, const RowCounts& counts = {}) const;

  /// From now on it is noted where rows of partitions with this token (and of some others) are given life.
  /// All that was applied before is seen, whatever its sequence, by what the caller does next. Returns the
  /// number of the watch, greater than those before; 0 when there are no more numbers.
  uint32_t BeginWatch(uint64_t token) const;

  /// A stretch of a partition: clustering keys from `begin` (included) to `end` (excluded).
  struct Stretch {
    uint64_t token = 0;
    std::string_view key;
    std::string_view begin;
    std::string_view end;
  };
  /// The key of the first row of the stretch - in reverse the last - to which something was applied under a
  /// sequence greater than `after_sequence`; none if there is none. With a watch, rows that were not given
  /// life since it began may be passed over, and where none was it takes O(log n).
  std::optional<std::string_view> FindWritten(const Stretch& stretch, bool reverse, uint64_t after_sequence,
                                              uint32_t watch = 0) const;

  bool empty() const { return partition_count() == 0; }
  /// Bytes of memory taken.
  uint64_t memory_bytes() const;
  /// Snapshots: exact when no Apply runs.
  TimeBounds times() const;
  uint64_t row_count() const;  ///< rows, not versions
  uint64_t partition_count() const { return directory_.partition_count(); }
  /// True and the bounds of what it holds, unless empty. For a sealed memtable.
  bool Bounds(SourceBounds* bounds) const;

 private:
  struct Stripe;

  static constexpr size_t kStripes = 64;

  Stripe& StripeOf(uint64_t token) const;

  const TableId table_;
  TokenDirectory directory_;
  std::atomic<uint64_t> arena_bytes_{0};
  const std::unique_ptr<Stripe[]> stripes_;
  Mutex kept_mutex_;
  std::vector<std::shared_ptr<const void>> kept_ ABSL_GUARDED_BY(kept_mutex_);
};

}  // namespace stoa
