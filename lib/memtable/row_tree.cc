// A B+-tree of nodes that can be read while they are written (after Masstree's border nodes).
//
// To add to a node with room is to fill a free slot and to publish a new permutation. A node without room
// gets no more entries; new nodes, published one level above, take over:
//
//   * At the right edge of the tree (rows arrive in order: a time series) a new node is opened for the row.
//   The
//     full one stays as it is, so nothing is copied and nodes end up full. At the left edge (newest first)
//     the same, mirrored.
//   * Elsewhere both halves are copied into new nodes L and R, which take the place of the old node C:
//         1. R is added to the parent, under its first key;
//         2. the parent's pointer to C is replaced by one to L.
//     C is not changed any more. Who still holds it has in it all that was there before the two.
//
// So a reader who descends, whatever is replaced meanwhile, sees at least what was complete when he began at
// the root. One danger is left: to see the parent without R (before step 1) and yet to follow the pointer to
// L (after step 2), and so to miss what is in R. Therefore readers look at the permutation again after
// reading the pointer, and search the node once more if it has changed.
//
// Whoever wants to know later whether anything came alive in a part of the tree begins a watch: a number,
// from then on the greatest. A write that may give life to a row raises the number that its leaf and the
// nodes above bear to that of the last watch. So a node with a smaller number has nothing in it that came
// alive since; and a writer looks at the nodes above only if the leaf does not bear the number yet. A node
// that takes the place of others bears the greatest number of what is in it.
//
// Leaves are not linked to one another, since such a link could not be changed together with the parent. At
// the end of a leaf a cursor descends again, to the first row after the leaf's last.
#include "memtable/row_tree.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/prefetch.h"

namespace stoa {

bool RowTree::Add(std::string_view key, const RowWrite& write, Arena* arena) {
  const auto [single, node] = root();
  if (node == nullptr) return AddToSingleRow(single, key, write, arena);

  unsigned position = 0;
  bool found = false;
  Node* leaf = LeafFor(key, &position, &found);
  if (found) {
    leaf->EntryAt(position).row->Push(arena, write);
    if (write.watch != 0 && write.gives_life) RaiseWatch(leaf, key, write.watch);
    return false;
  }
  StoredRow* row = StoredRow::Create(arena, key, write);
  if (leaf->HasRoomFor(key)) [[likely]] {
    leaf->Insert(position, RowTreeEntry{row, nullptr});
  } else {
    Grow(row, arena);
    leaf = nullptr;
  }
  if (write.watch != 0 && write.gives_life) RaiseWatch(leaf, key, write.watch);
  return true;
}

void RowTree::PrefetchEnds() const {
  const Node* const first = first_leaf_.load(std::memory_order_relaxed);
  const Node* const last = last_leaf_.load(std::memory_order_relaxed);
  if (first == nullptr) {
    Prefetch(root().row, sizeof(StoredRow));
  } else {
    Prefetch(first, Node::kSearchedBytes);
    if (last != first) Prefetch(last, Node::kSearchedBytes);
  }
}

/// Marks the nodes from the root to the leaf that holds `key`: `leaf`, if that is known.
void RowTree::RaiseWatch(const Node* leaf, std::string_view key, uint32_t watch) {
  if (leaf != nullptr && leaf->watch() >= watch) return;
  const Path path = PathTo(key);
  for (unsigned level = 0; level < path.levels; ++level) path.steps[level].node->RaiseWatch(watch);
}

/// While there is one row or none there is no node.
bool RowTree::AddToSingleRow(StoredRow* single, std::string_view key, const RowWrite& write, Arena* arena) {
  const int order = single == nullptr ? 1 : key.compare(single->key());
  if (order == 0) {
    single->Push(arena, write);
    return false;
  }
  StoredRow* row = StoredRow::Create(arena, key, write);
  if (single == nullptr) {
    SetRoot(row);
    return true;
  }
  RowTreeEntry entries[2] = {{single, nullptr}, {row, nullptr}};
  if (order < 0) std::swap(entries[0], entries[1]);
  Node* const leaf = Node::Create(arena, 0, entries, std::numeric_limits<size_t>::max());
  leaf->RaiseWatch(write.watch);  // nobody noted which of the two rows were given life
  first_leaf_.store(leaf, std::memory_order_relaxed);
  last_leaf_.store(leaf, std::memory_order_relaxed);
  SetRoot(leaf);
  return true;
}

/// The leaf that `key` belongs to, and its position there. Rows mostly come in ascending or descending order:
/// then they belong to one of the ends, which is seen without looking at rows.
RowTree::Node* RowTree::LeafFor(std::string_view key, unsigned* position, bool* found) const {
  Node* const last = last_leaf_.load(std::memory_order_relaxed);
  *position = last->LowerBound(last->permutation(), key, found);
  if (*position > 0 || *found) return last;
  Node* const first = first_leaf_.load(std::memory_order_relaxed);
  const Permutation first_rows = first->permutation();
  *position = first->LowerBound(first_rows, key, found);
  if (*position < first_rows.count()) return first;
  Node* node = root().node;
  while (!node->is_leaf()) {
    const Permutation permutation = node->permutation();
    node = node->child(permutation.slot(node->ChildFor(permutation, key)));
  }
  *position = node->LowerBound(node->permutation(), key, found);
  return node;
}

RowTree::Path RowTree::PathTo(std::string_view key) const {
  Path path;
  Node* node = root().node;
  path.levels = node->level() + 1;
  STOA_DCHECK(path.levels < kLevelsMax);
  while (!node->is_leaf()) {
    const Permutation permutation = node->permutation();
    const unsigned position = node->ChildFor(permutation, key);
    path.steps[node->level()] = {node, position};
    node = node->child(permutation.slot(position));
  }
  bool found = false;
  path.steps[0] = {node, node->LowerBound(node->permutation(), key, &found)};
  return path;
}

/// Adds a row to a leaf that has no room for it.
void RowTree::Grow(StoredRow* row, Arena* arena) {
  const Path path = PathTo(row->key());
  Replacement replacement = ReplaceLeaf(path.steps[0], row, arena);
  for (unsigned level = 1; level < path.levels; ++level) {
    if (AddToInner(path.steps[level], replacement)) return;
    replacement = ReplaceInner(level, path.steps[level], replacement, arena);
  }
  if (replacement.right == nullptr) return SetRoot(replacement.left);
  const RowTreeEntry entries[2] = {{nullptr, replacement.left}, {replacement.separator, replacement.right}};
  SetRoot(Node::Create(arena, path.levels, entries, 0));
}

RowTree::Replacement RowTree::ReplaceLeaf(const Path::Step& step, StoredRow* row, Arena* arena) {
  Node* const leaf = step.node;
  const unsigned count = leaf->permutation().count();
  const RowTreeEntry entry{row, nullptr};
  const bool is_last = leaf == last_leaf_.load(std::memory_order_relaxed);
  const bool is_first = leaf == first_leaf_.load(std::memory_order_relaxed);
  if (leaf->full() && is_last && step.position == count) {
    Node* const added = Node::CreateBeside(arena, 0, entry, leaf->EntryAt(0));
    last_leaf_.store(added, std::memory_order_relaxed);
    return Replacement{leaf, added, row};
  }
  if (leaf->full() && is_first && step.position == 0) {
    Node* const added = Node::CreateBeside(arena, 0, entry, leaf->EntryAt(count - 1));
    first_leaf_.store(added, std::memory_order_relaxed);
    return Replacement{added, leaf, leaf->EntryAt(0).row};
  }
  RowTreeEntry entries[Permutation::kSlots + 1];
  for (unsigned i = 0; i < count; ++i) entries[i + (i >= step.position ? 1 : 0)] = leaf->EntryAt(i);
  entries[step.position] = entry;
  const Replacement replacement = Rebuild(0, std::span(entries, count + 1), arena);
  replacement.left->RaiseWatch(leaf->watch());
  if (replacement.right != nullptr) replacement.right->RaiseWatch(leaf->watch());
  if (is_first) first_leaf_.store(replacement.left, std::memory_order_relaxed);
  if (is_last) {
    last_leaf_.store(replacement.right != nullptr ? replacement.right : replacement.left,
                     std::memory_order_relaxed);
  }
  return replacement;
}

/// Puts a replacement into the parent, if it has room.
bool RowTree::AddToInner(const Path::Step& step, const Replacement& below) const {
  const unsigned slot = step.node->permutation().slot(step.position);
  if (below.right != nullptr) {
    if (!step.node->HasRoomFor(below.separator->key())) return false;
    step.node->Insert(step.position + 1, RowTreeEntry{below.separator, below.right});
  }
  if (step.node->child(slot) != below.left) step.node->ReplaceChild(slot, below.left);
  return true;
}

/// Where only something new at an edge came from below, the same is done here: the full node stays.
RowTree::Replacement RowTree::ReplaceInner(unsigned level, const Path::Step& step, const Replacement& below,
                                           Arena* arena) {
  Node* const node = step.node;
  const unsigned count = node->permutation().count();
  const RowTreeEntry old = node->EntryAt(step.position);
  const RowTreeEntry added{below.separator, below.right};
  if (node->full() && step.position == count - 1 && below.left == old.child) {
    return Replacement{node, Node::CreateBeside(arena, level, added, node->EntryAt(1)), below.separator};
  }
  if (node->full() && step.position == 0 && below.right == old.child) {
    const RowTreeEntry first{old.row, below.left};
    return Replacement{Node::CreateBeside(arena, level, first, node->EntryAt(count - 1)), node,
                       below.separator};
  }
  RowTreeEntry entries[Permutation::kSlots + 1];
  for (unsigned i = 0; i < count; ++i) entries[i + (i > step.position ? 1 : 0)] = node->EntryAt(i);
  entries[step.position].child = below.left;
  entries[step.position + 1] = added;
  return Rebuild(level, std::span(entries, count + 1), arena);
}

/// New nodes of `entries`: one if they fit into it, else two halves.
RowTree::Replacement RowTree::Rebuild(unsigned level, std::span<const RowTreeEntry> entries, Arena* arena) {
  constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();
  if (entries.size() <= Permutation::kSlots) {
    return Replacement{Node::Create(arena, level, entries, kUnlimited), nullptr, nullptr};
  }
  const size_t half = entries.size() / 2;
  return Replacement{Node::Create(arena, level, entries.first(half), kUnlimited),
                     Node::Create(arena, level, entries.subspan(half), kUnlimited), entries[half].row};
}

const StoredRow* RowTree::Find(std::string_view key) const {
  const auto [single, node] = root();
  if (node == nullptr) return single != nullptr && single->key() == key ? single : nullptr;
  RowCursor cursor(this, false);
  cursor.Seek(key);
  return cursor.row() != nullptr && cursor.row()->key() == key ? cursor.row() : nullptr;
}

namespace {

/// Looks for a leaf that bears a watch, among those with keys of [begin, end).
struct WatchedLeaf {
  std::string_view begin;
  std::string_view end;
  bool reverse;
  uint32_t watch;
  /// What of [begin, end) is in the leaf; some of it may be in its neighbours.
  std::string_view leaf_begin = {};
  std::string_view leaf_end = {};

  /// The keys of `node` are in [from, to).
  bool FindIn(const RowTreeNode& node, std::string_view from, std::string_view to) {
    if (node.watch() < watch) return false;
    if (node.is_leaf()) {
      leaf_begin = std::max(begin, from);
      leaf_end = std::min(end, to);
      return true;
    }
    while (true) {
      const Permutation permutation = node.permutation();
      bool changed = false;
      const bool found = FindBelow(node, permutation, from, to, &changed);
      if (!changed) return found;
    }
  }

  bool FindBelow(const RowTreeNode& node, Permutation permutation, std::string_view from, std::string_view to,
                 bool* changed) {
    const unsigned count = permutation.count();
    for (unsigned i = 0; i < count; ++i) {
      const unsigned position = reverse ? count - 1 - i : i;
      const RowTreeNode* child = node.child(permutation.slot(position));
      *changed = node.permutation().bits() != permutation.bits();
      if (*changed) return false;
      if (child->watch() < watch) continue;
      const std::string_view child_from = position == 0 ? from : node.row(permutation.slot(position))->key();
      const std::string_view child_to =
          position + 1 == count ? to : node.row(permutation.slot(position + 1))->key();
      if (child_to <= begin || child_from >= end) continue;
      if (FindIn(*child, child_from, child_to)) return true;
    }
    return false;
  }
};

}  // namespace

const StoredRow* RowTree::FindWritten(std::string_view begin, std::string_view end, bool reverse,
                                      uint64_t after, uint32_t watch) const {
  while (begin < end) {
    WatchedLeaf leaf{begin, end, reverse, watch};
    const Node* const node = root().node;
    if (watch == 0 || node == nullptr) {  // a single row is not watched
      leaf.leaf_begin = begin;
      leaf.leaf_end = end;
    } else if (!leaf.FindIn(*node, begin, end)) {
      return nullptr;
    }
    RowCursor cursor(this, reverse);
    cursor.Seek(reverse ? leaf.leaf_end : leaf.leaf_begin);
    for (; cursor.row() != nullptr; cursor.Advance()) {
      const std::string_view key = cursor.row()->key();
      if (reverse ? key < leaf.leaf_begin : key >= leaf.leaf_end) break;
      if (cursor.row()->WrittenAfter(after)) return cursor.row();
    }
    (reverse ? end : begin) = reverse ? leaf.leaf_begin : leaf.leaf_end;
  }
  return nullptr;
}

void RowCursor::Seek(std::string_view bound) { SeekTo(reverse_ ? Place::kBefore : Place::kAtOrAfter, bound); }

void RowCursor::SeekToLast() { SeekTo(Place::kLast, {}); }

void RowCursor::Advance() {
  if (leaf_ == nullptr) {
    row_ = nullptr;
  } else if (reverse_ ? position_ > 0 : position_ + 1 < permutation_.count()) {
    position_ = reverse_ ? position_ - 1 : position_ + 1;
    row_ = leaf_->row(permutation_.slot(position_));
  } else {
    SeekTo(reverse_ ? Place::kBefore : Place::kAfter, row_->key());
    if (leaf_ != nullptr) PrefetchRows();
  }
}

/// The rows of a leaf lie anywhere in memory: a walk fetches all of them at once instead of waiting for each.
void RowCursor::PrefetchRows() const {
  for (unsigned position = 0; position < permutation_.count(); ++position) {
    Prefetch(leaf_->row(permutation_.slot(position)), 2 * kCacheLineBytes);
  }
}

int RowCursor::PositionIn(const RowTreeNode& node, Permutation permutation, Place place,
                          std::string_view key) {
  const int count = static_cast<int>(permutation.count());
  if (place == Place::kLast) return count - 1;
  bool found = false;
  const int position = static_cast<int>(node.LowerBound(permutation, key, &found));
  if (node.is_leaf()) {
    if (place == Place::kBefore) return position - 1;
    return place == Place::kAfter && found ? position + 1 : position;
  }
  // A child holds keys from its own on; the first one all before, too.
  return std::max(found && place != Place::kBefore ? position : position - 1, 0);
}

void RowCursor::SeekTo(Place place, std::string_view key) {
  row_ = nullptr;
  leaf_ = nullptr;
  const auto [single, root] = tree_->root();
  if (single != nullptr) {
    const int order = single->key().compare(key);
    const bool wanted = place == Place::kLast || (place == Place::kBefore ? order < 0 : order > 0) ||
                        (place == Place::kAtOrAfter && order == 0);
    if (wanted) row_ = single;
    return;
  }
  const int step = reverse_ ? -1 : 1;
  const RowTreeNode* node = root;
  const RowTreeNode* beside = nullptr;  // where to look next if it is not in this leaf
  while (node != nullptr) {
    const Permutation permutation = node->permutation();
    const int position = PositionIn(*node, permutation, place, key);
    const auto has = [&](int at) { return at >= 0 && at < static_cast<int>(permutation.count()); };
    if (!node->is_leaf()) {
      const RowTreeNode* child = node->child(permutation.slot(static_cast<unsigned>(position)));
      const RowTreeNode* next = has(position + step)
                                    ? node->child(permutation.slot(static_cast<unsigned>(position + step)))
                                    : nullptr;
      if (node->permutation().bits() != permutation.bits()) continue;
      if (next != nullptr) beside = next;
      node = child;
    } else if (has(position)) {
      leaf_ = node;
      permutation_ = permutation;
      position_ = static_cast<unsigned>(position);
      row_ = node->row(permutation.slot(position_));
      return;
    } else {
      node = std::exchange(beside, nullptr);
    }
  }
}

}  // namespace stoa
