// Removes what a merge may forget: the purge rule applied to a stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "data/row_batch.h"

namespace stoa {

/// By what a purge filter decides. `now_seconds` is taken once for the whole merge.
struct PurgeRules {
  /// Keeps all tombstones, and expired cells as they are: for merges that know nothing of other sources.
  static PurgeRules KeepAll() { return PurgeRules{}; }

  int64_t now_seconds = 0;
  int64_t gc_grace_seconds = 0;
  /// The least timestamp of anything outside the merge, memtables included, that overlaps the partition;
  /// INT64_MAX when nothing does. Asked once per partition. Null: keep all.
  std::function<int64_t(uint64_t token, std::string_view key)> min_timestamp_outside;
  /// The same for one row of it, which may be greater: asked for rows that the partition's would keep. May be
  /// null.
  std::function<int64_t(const PositionView& row)> min_timestamp_outside_row;
  /// Whether nothing outside the merge that overlaps the partition can hold a deletion with a timestamp of
  /// `from` or later and before `to`: then deltas of a counter between the two become one (CanFold in
  /// data/complex_merge.h). Null: they stay as they are.
  std::function<bool(uint64_t token, std::string_view key, int64_t from, int64_t to)> can_fold;
};

/// Passes a merged stream on without what `rules` allow to drop (CanPurge in data/source_bounds.h): deletions
/// of every kind that are old enough and can shadow nothing outside, and expired cells and markers alike.
/// Expired cells that must stay lose their values. Clean batches pass untouched. Elements of complex cells,
/// and the deletions in them, are treated alike; and counters are folded.
std::unique_ptr<RowSource> NewPurgeFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec,
                                          PurgeRules rules);

}  // namespace stoa
