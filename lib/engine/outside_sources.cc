#include "engine/outside_sources.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace stoa {

OutsideSources::OutsideSources(const TableView& table, const std::vector<std::shared_ptr<SSTable>>& inputs) {
  if (!table.active->empty()) memtables_.push_back(table.active->times());
  for (const SealedMemtable& sealed : table.sealed) memtables_.push_back(sealed.memtable->times());
  for (const std::shared_ptr<SSTable>& sstable : table.sstables) {
    const auto meets = [&](const auto& input) { return input->bounds().Overlaps(sstable->bounds()); };
    if (std::find(inputs.begin(), inputs.end(), sstable) == inputs.end() &&
        std::any_of(inputs.begin(), inputs.end(), meets)) {
      sstables_.push_back(sstable->bounds());
    }
  }
}

OutsideSources::OutsideSources(const TableView& table, const std::vector<SealedMemtable>& inputs) {
  if (!table.active->empty()) memtables_.push_back(table.active->times());
  for (const SealedMemtable& sealed : table.sealed) {
    const bool is_input = std::any_of(inputs.begin(), inputs.end(), [&](const SealedMemtable& input) {
      return input.memtable == sealed.memtable;
    });
    if (!is_input) memtables_.push_back(sealed.memtable->times());
  }
  for (const std::shared_ptr<SSTable>& sstable : table.sstables) sstables_.push_back(sstable->bounds());
}

PurgeRules OutsideSources::Rules(std::shared_ptr<const OutsideSources> outside, int64_t now_seconds,
                                 int64_t gc_grace_seconds) {
  PurgeRules rules;
  rules.now_seconds = now_seconds;
  rules.gc_grace_seconds = gc_grace_seconds;
  rules.min_timestamp_outside = [outside](uint64_t token, std::string_view key) {
    return outside->MinTimestamp(token, key);
  };
  rules.min_timestamp_outside_row = [outside](const PositionView& row) {
    return outside->MinTimestampAt(row);
  };
  rules.can_fold = [outside](uint64_t token, std::string_view key, int64_t from, int64_t to) {
    return outside->HaveNoDeletion(token, key, from, to);
  };
  return rules;
}

/// Calls visit(TimeBounds) for each that overlaps the partition.
template <typename Visit>
void OutsideSources::ForEach(uint64_t token, std::string_view key, const Visit& visit) const {
  for (const TimeBounds& times : memtables_) visit(times);
  const PositionView partition{token, key, {}};
  for (const SourceBounds& bounds : sstables_) {
    const PositionView first{bounds.first.token, bounds.first.key, {}};
    const PositionView last{bounds.last.token, bounds.last.key, {}};
    if (partition >= first && partition <= last) visit(bounds.times);
  }
}

int64_t OutsideSources::MinTimestamp(uint64_t token, std::string_view key) const {
  int64_t least = std::numeric_limits<int64_t>::max();
  ForEach(token, key, [&](const TimeBounds& times) { least = std::min(least, times.min_timestamp); });
  return least;
}

int64_t OutsideSources::MinTimestampAt(const PositionView& row) const {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const TimeBounds& times : memtables_) least = std::min(least, times.min_timestamp);
  for (const SourceBounds& bounds : sstables_) {
    if (row >= bounds.first.view() && row <= bounds.last.view())
      least = std::min(least, bounds.times.min_timestamp);
  }
  return least;
}

bool OutsideSources::HaveNoDeletion(uint64_t token, std::string_view key, int64_t from, int64_t to) const {
  bool none = true;
  ForEach(token, key, [&](const TimeBounds& times) {
    none &= !times.has_tombstones || times.max_timestamp < from || times.min_timestamp >= to;
  });
  return none;
}

}  // namespace stoa
