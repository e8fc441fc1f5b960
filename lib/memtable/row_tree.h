// The rows of a partition in order.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "memtable/row_tree_node.h"
#include "memtable/stored_row.h"

namespace stoa {

/// One writer at a time; any number of readers, who take no locks and see at least what was added before they
/// began to look. Rows and nodes live in arenas and never go away.
///
/// row_tree.cc opens with how that works.
class RowTree {
 public:
  /// Adds what a commit writes about the row with this key. True if the row is new.
  bool Add(std::string_view key, const RowWrite& write, Arena* arena);

  /// Asks for the memory that Add is about to look at, if the row belongs to an end. For any thread.
  void PrefetchEnds() const;

  /// The row with this key, or null.
  const StoredRow* Find(std::string_view key) const;

  /// The first row of [begin, end) - in reverse the last - about which something was written under a sequence
  /// greater than `after`; null if there is none. Looks only where rows were given life under `watch` or a
  /// later one (0: everywhere), and so does not find others. O(log n) where nothing was.
  const StoredRow* FindWritten(std::string_view begin, std::string_view end, bool reverse, uint64_t after,
                               uint32_t watch) const;

 private:
  friend class RowCursor;
  using Node = RowTreeNode;

  static constexpr uintptr_t kSingleRow = 1;
  /// Every node but those at the edges got at least 8 entries, so this is more than memory can hold.
  static constexpr unsigned kLevelsMax = 20;

  /// Either is null.
  struct Root {
    StoredRow* row;
    Node* node;
  };
  /// From the leaf (0) up: nodes and the positions in them that a key belongs to.
  struct Path {
    struct Step {
      Node* node;
      unsigned position;
    };
    std::array<Step, kLevelsMax> steps;
    unsigned levels = 0;
  };
  /// What takes the place of a node: itself or another one, and to the right of it a second one, if not null,
  /// whose keys begin with that of `separator`.
  struct Replacement {
    Node* left;
    Node* right;
    StoredRow* separator;
  };

  Root root() const {
    const uintptr_t root = root_.load(std::memory_order_acquire);
    if ((root & kSingleRow) != 0) return Root{reinterpret_cast<StoredRow*>(root - kSingleRow), nullptr};
    return Root{nullptr, reinterpret_cast<Node*>(root)};
  }
  void SetRoot(StoredRow* row) {
    root_.store(reinterpret_cast<uintptr_t>(row) + kSingleRow, std::memory_order_release);
  }
  void SetRoot(Node* node) { root_.store(reinterpret_cast<uintptr_t>(node), std::memory_order_release); }

  void RaiseWatch(const Node* leaf, std::string_view key, uint32_t watch);
  bool AddToSingleRow(StoredRow* single, std::string_view key, const RowWrite& write, Arena* arena);
  Node* LeafFor(std::string_view key, unsigned* position, bool* found) const;
  void Grow(StoredRow* row, Arena* arena);
  Path PathTo(std::string_view key) const;
  Replacement ReplaceLeaf(const Path::Step& step, StoredRow* row, Arena* arena);
  bool AddToInner(const Path::Step& step, const Replacement& below) const;
  static Replacement ReplaceInner(unsigned level, const Path::Step& step, const Replacement& below,
                                  Arena* arena);
  static Replacement Rebuild(unsigned level, std::span<const RowTreeEntry> entries, Arena* arena);

  // The leaves at both ends, once there is a node: of use to the writer, and who prefetches.
  std::atomic<Node*> first_leaf_{nullptr};
  std::atomic<Node*> last_leaf_{nullptr};
  std::atomic<uintptr_t> root_{0};  // 0: empty; a row + kSingleRow; or a node
};

/// Walks the rows of a tree in one direction. It sees what was added before Seek, and some of what is added
/// meanwhile. Not thread-safe itself.
class RowCursor {
 public:
  RowCursor() = default;
  RowCursor(const RowTree* tree, bool reverse) : tree_(tree), reverse_(reverse) {}

  /// Forward: to the first row at or after `bound`. Reverse: to the last row before it.
  void Seek(std::string_view bound);
  /// Reverse only: to the last row.
  void SeekToLast();

  /// Null at the end.
  const StoredRow* row() const { return row_; }
  /// REQUIRES: row() is not null.
  void Advance();

 private:
  enum class Place { kAtOrAfter, kAfter, kBefore, kLast };
  void SeekTo(Place place, std::string_view key);
  void PrefetchRows() const;
  /// In an inner node: position of the child to look in. In a leaf: of the row, -1 or the count if it is not
  /// there.
  static int PositionIn(const RowTreeNode& node, Permutation permutation, Place place, std::string_view key);

  const RowTree* tree_ = nullptr;
  bool reverse_ = false;
  const StoredRow* row_ = nullptr;
  const RowTreeNode* leaf_ = nullptr;  // null: the tree has, or had, this row alone
  Permutation permutation_;
  unsigned position_ = 0;
};

}  // namespace stoa
