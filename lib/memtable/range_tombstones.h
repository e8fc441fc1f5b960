// Range deletions of a partition: a persistent balanced tree of intervals.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "data/deletion_time.h"

namespace stoa {

/// Rows and bounds from `start` (included) to `end` (excluded) are deleted.
struct RangeTombstone {
  std::string_view start;
  std::string_view end;
  DeletionTime deletion;
  uint64_t priority = 0;  ///< place in the treap; nothing to readers
};

/// An immutable set of non-overlapping intervals; where deletions overlapped, the stronger one. Adding gives
/// a new set that shares all but O(log n) nodes with the old one, so every version stays readable for as long
/// as the arena lives, without locks. A value: copying it copies a pointer.
class RangeTombstones {
 public:
  RangeTombstones() = default;

  bool empty() const { return root_ == nullptr; }
  /// Whether they are the very same: nothing was added to one and not to the other.
  friend bool operator==(const RangeTombstones&, const RangeTombstones&) = default;

  /// This set and `deletion` from `start` to `end`, which must lie behind `start`; both must live in the
  /// arena. O(log n), and linear in the intervals that it overlaps, which a stronger deletion replaces.
  /// `seed` varies the shape of the tree: with the commit's sequence nobody can craft bounds that unbalance
  /// it.
  RangeTombstones With(std::string_view start, std::string_view end, const DeletionTime& deletion,
                       uint64_t seed, Arena* arena) const;

  /// What covers `key`; live() if nothing does.
  DeletionTime Covering(std::string_view key) const;

  // The steps of an iteration, O(log n) each; null at the end. In order, adjacent intervals may carry the
  // same deletion.
  const RangeTombstone* FirstEndingAfter(std::string_view key) const;
  const RangeTombstone* LastStartingBefore(std::string_view key) const;
  const RangeTombstone* Last() const;

 private:
  friend class RangeTombstoneBuilder;
  struct Node;

  explicit RangeTombstones(const Node* root) : root_(root) {}

  const Node* root_ = nullptr;
};

}  // namespace stoa
