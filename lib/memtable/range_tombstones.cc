// The tree is a treap: ordered by position, and a heap by priorities that are hashes, which keeps it balanced
// whatever the order of insertion. It is made of two operations that copy the nodes on one path each:
//
//     Split(tree, bound)      -> what lies before the bound, what lies after; an interval across it is cut
//     Join(a, interval, b)    -> one tree of all three, which are in this order
//
// Adding a deletion splits the tree at both of its ends, strengthens what was between, and joins the parts.
// Nodes are three pointers and intervals are shared, because paths are what is copied.
#include "memtable/range_tombstones.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/hash.h"

namespace stoa {

struct RangeTombstones::Node {
  const RangeTombstone* interval;
  const Node* left;
  const Node* right;
};

/// Makes one new version.
class RangeTombstoneBuilder {
 public:
  using Node = RangeTombstones::Node;

  RangeTombstoneBuilder(uint64_t seed, Arena* arena) : seed_(seed), arena_(arena) {}

  const Node* Add(const Node* root, std::string_view start, std::string_view end,
                  const DeletionTime& deletion) {
    const auto [before, rest] = Split(root, start);
    const auto [between, after] = Split(rest, end);
    deletion_ = deletion;
    result_ = before;
    pending_ = RangeTombstone{start, start, deletion, 0};
    Strengthen(between);
    Append(pending_.end, end, deletion);
    return Join(result_, New(pending_), after);
  }

 private:
  const Node* New(const RangeTombstone* interval, const Node* left, const Node* right) {
    return new (arena_->Allocate(sizeof(Node))) Node{interval, left, right};
  }

  const RangeTombstone* New(const RangeTombstone& interval) {
    auto* copy = new (arena_->Allocate(sizeof(RangeTombstone))) RangeTombstone(interval);
    copy->priority = Hash64(interval.start, seed_);
    return copy;
  }

  std::pair<const Node*, const Node*> Split(const Node* node, std::string_view bound) {
    if (node == nullptr) return {nullptr, nullptr};
    const RangeTombstone& interval = *node->interval;
    if (interval.end <= bound) {
      const auto [left, right] = Split(node->right, bound);
      return {left == node->right ? node : New(node->interval, node->left, left), right};
    }
    if (interval.start >= bound) {
      const auto [left, right] = Split(node->left, bound);
      return {left, right == node->left ? node : New(node->interval, right, node->right)};
    }
    const RangeTombstone* head = New(RangeTombstone{interval.start, bound, interval.deletion, 0});
    const RangeTombstone* tail = New(RangeTombstone{bound, interval.end, interval.deletion, 0});
    return {Join(node->left, head, nullptr), Join(nullptr, tail, node->right)};
  }

  const Node* Join(const Node* left, const RangeTombstone* interval, const Node* right) {
    const bool below_left = left != nullptr && left->interval->priority > interval->priority;
    const bool below_right = right != nullptr && right->interval->priority > interval->priority;
    if (below_left && (!below_right || left->interval->priority > right->interval->priority)) {
      return New(left->interval, left->left, Join(left->right, interval, right));
    }
    if (below_right) return New(right->interval, Join(left, interval, right->left), right->right);
    return New(interval, left, right);
  }

  /// Appends, in order, the intervals below `node` and the gaps before them.
  void Strengthen(const Node* node) {
    if (node == nullptr) return;
    Strengthen(node->left);
    const RangeTombstone& interval = *node->interval;
    Append(pending_.end, interval.start, deletion_);
    Append(interval.start, interval.end, Stronger(interval.deletion, deletion_));
    Strengthen(node->right);
  }

  /// Appends an interval to pending_, or what is pending to the result if their deletions differ.
  void Append(std::string_view start, std::string_view end, const DeletionTime& deletion) {
    if (start == end) return;
    if (pending_.deletion != deletion) {
      if (pending_.start != pending_.end) result_ = Join(result_, New(pending_), nullptr);
      pending_ = RangeTombstone{start, start, deletion, 0};
    }
    pending_.end = end;
  }

  const uint64_t seed_;
  Arena* const arena_;
  DeletionTime deletion_;
  const Node* result_ = nullptr;
  RangeTombstone pending_;
};

RangeTombstones RangeTombstones::With(std::string_view start, std::string_view end,
                                      const DeletionTime& deletion, uint64_t seed, Arena* arena) const {
  // Nothing to do, and nothing to cut in pieces, where all of it is deleted already.
  const RangeTombstone* at = FirstEndingAfter(start);
  if (at != nullptr && at->start <= start && at->end >= end &&
      Stronger(at->deletion, deletion) == at->deletion) {
    return *this;
  }
  return RangeTombstones(RangeTombstoneBuilder(seed, arena).Add(root_, start, end, deletion));
}

DeletionTime RangeTombstones::Covering(std::string_view key) const {
  const RangeTombstone* at = FirstEndingAfter(key);
  return at != nullptr && at->start <= key ? at->deletion : DeletionTime{};
}

const RangeTombstone* RangeTombstones::FirstEndingAfter(std::string_view key) const {
  const RangeTombstone* found = nullptr;
  for (const Node* node = root_; node != nullptr;) {
    const bool ends_after = node->interval->end > key;
    if (ends_after) found = node->interval;
    node = ends_after ? node->left : node->right;
  }
  return found;
}

const RangeTombstone* RangeTombstones::LastStartingBefore(std::string_view key) const {
  const RangeTombstone* found = nullptr;
  for (const Node* node = root_; node != nullptr;) {
    const bool starts_before = node->interval->start < key;
    if (starts_before) found = node->interval;
    node = starts_before ? node->right : node->left;
  }
  return found;
}

const RangeTombstone* RangeTombstones::Last() const {
  const Node* node = root_;
  while (node != nullptr && node->right != nullptr) node = node->right;
  return node == nullptr ? nullptr : node->interval;
}

}  // namespace stoa
