#include "memtable/range_changes.h"

#include <algorithm>

namespace stoa {

RangeChanges::RangeChanges(const RangeTombstones& tombstones, const ClusteringSlice& slice, bool reverse)
    : tombstones_(tombstones), reverse_(reverse) {
  if (tombstones.empty() || (slice.end.has_value() && slice.begin >= *slice.end)) return;
  if (!reverse) {
    limit_ = slice.end;
    Open(tombstones.FirstEndingAfter(slice.begin));
    bound_ = std::max(bound_, slice.begin);
  } else {
    limit_ = slice.begin;
    Open(slice.end.has_value() ? tombstones.LastStartingBefore(*slice.end) : tombstones.Last());
    if (slice.end.has_value()) bound_ = std::min(bound_, *slice.end);
  }
}

void RangeChanges::Open(const RangeTombstone* tombstone) {
  valid_ = tombstone != nullptr && !IsOutside(Near(*tombstone));
  if (!valid_) return;
  inside_ = tombstone;
  bound_ = Near(*tombstone);
  deletion_ = tombstone->deletion;
}

void RangeChanges::Close(std::string_view bound) {
  bound_ = bound;
  deletion_ = DeletionTime{};
  inside_ = nullptr;
}

void RangeChanges::Advance() {
  if (inside_ == nullptr) {
    Open(IsOutside(bound_) ? nullptr : NextFrom(bound_));
    return;
  }
  // What is open ends where no adjacent tombstone continues it.
  while (true) {
    const std::string_view far = Far(*inside_);
    if (IsOutside(far)) return Close(*limit_);
    const RangeTombstone* next = NextFrom(far);
    if (next == nullptr || Near(*next) != far) return Close(far);
    if (next->deletion != deletion_) return Open(next);
    inside_ = next;
  }
}

}  // namespace stoa
