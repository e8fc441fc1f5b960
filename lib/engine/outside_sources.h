// What the purge rule needs to know of the sources that are not in a merge.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "data/source_bounds.h"
#include "engine/view.h"
#include "read/purge_filter.h"

namespace stoa {

/// Taken when the merge starts: what is written later has greater automatic timestamps than anything in the
/// merge. Immutable.
class OutsideSources {
 public:
  /// `table` without the inputs of the merge. SSTables that lie beside all inputs, be it in the same
  /// partition, are left out too: bounds reach as far as deletions do, so none of the inputs' can be of
  /// anything there.
  OutsideSources(const TableView& table, const std::vector<std::shared_ptr<SSTable>>& inputs);
  OutsideSources(const TableView& table, const std::vector<SealedMemtable>& inputs);

  /// Purge rules by these sources, which the rules keep.
  static PurgeRules Rules(std::shared_ptr<const OutsideSources> outside, int64_t now_seconds,
                          int64_t gc_grace_seconds);

  /// The least timestamp of anything that overlaps the partition; INT64_MAX when nothing does.
  int64_t MinTimestamp(uint64_t token, std::string_view key) const;
  /// The same of what may hold the row, or a deletion of it.
  int64_t MinTimestampAt(const PositionView& row) const;
  /// Whether none can hold a deletion with a timestamp of `from` or later and before `to`.
  bool HaveNoDeletion(uint64_t token, std::string_view key, int64_t from, int64_t to) const;

 private:
  template <typename Visit>
  void ForEach(uint64_t token, std::string_view key, const Visit& visit) const;

  std::vector<TimeBounds> memtables_;
  std::vector<SourceBounds> sstables_;
};

}  // namespace stoa
