// Range deletions as a row stream tells of them: bounds at which what is open changes.
#pragma once

#include <optional>
#include <string_view>

#include "data/deletion_time.h"
#include "memtable/range_tombstones.h"

namespace stoa {

/// Part of a partition: clustering keys and bounds from `begin` (included) to `end` (excluded; none: to the
/// last).
struct ClusteringSlice {
  std::string_view begin;
  std::optional<std::string_view> end;
};

/// Walks the changes of a slice, in either direction. Consecutive changes differ; a deletion that reaches
/// over an end of the slice opens or closes at that end. O(log n) a step. Bounds are views of those of the
/// tombstones and the slice; after the first change, of the slice only the end that is walked to is referred
/// to.
class RangeChanges {
 public:
  RangeChanges() = default;
  RangeChanges(const RangeTombstones& tombstones, const ClusteringSlice& slice, bool reverse);

  bool valid() const { return valid_; }
  /// REQUIRES: valid().
  std::string_view bound() const { return bound_; }
  /// What is open from the bound on; live() if nothing is.
  const DeletionTime& deletion() const { return deletion_; }
  void Advance();

 private:
  void Open(const RangeTombstone* tombstone);
  void Close(std::string_view bound);

  // Near and far are meant in the direction of the walk.
  std::string_view Far(const RangeTombstone& tombstone) const {
    return reverse_ ? tombstone.start : tombstone.end;
  }
  std::string_view Near(const RangeTombstone& tombstone) const {
    return reverse_ ? tombstone.end : tombstone.start;
  }
  /// The first tombstone whose near end is at or beyond `bound`, which is the far end of another one.
  const RangeTombstone* NextFrom(std::string_view bound) const {
    return reverse_ ? tombstones_.LastStartingBefore(bound) : tombstones_.FirstEndingAfter(bound);
  }
  bool IsOutside(std::string_view bound) const {
    return limit_.has_value() && (reverse_ ? bound <= *limit_ : bound >= *limit_);
  }

  RangeTombstones tombstones_;
  bool reverse_ = false;
  std::optional<std::string_view> limit_;  // the end of the slice that is walked to

  bool valid_ = false;
  std::string_view bound_;
  DeletionTime deletion_;
  const RangeTombstone* inside_ = nullptr;  // open from bound_ on
};

}  // namespace stoa
