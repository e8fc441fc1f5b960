// The nodes of a row tree (row_tree.h): up to 15 sorted entries that are read while one is added.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "memtable/stored_row.h"

namespace stoa {

/// The order of a node's entries in one word: their count in the low 4 bits, then for each position 4 bits
/// that say in which slot its entry is. To add an entry is to fill a free slot and to store a new word.
class Permutation {
 public:
  static constexpr unsigned kSlots = 15;

  explicit Permutation(uint64_t bits = 0) : bits_(bits) {}

  uint64_t bits() const { return bits_; }
  unsigned count() const { return static_cast<unsigned>(bits_ & 15); }
  unsigned slot(unsigned position) const { return static_cast<unsigned>((bits_ >> (4 + 4 * position)) & 15); }
  /// With the entry in `slot` at `position`, and those from there on one further. REQUIRES: count() < kSlots.
  Permutation With(unsigned position, unsigned slot) const {
    const unsigned shift = 4 + 4 * position;
    const uint64_t before = bits_ & ((uint64_t{1} << shift) - 1);
    const uint64_t after = bits_ ^ before;
    return Permutation((before | uint64_t{slot} << shift | after << 4) + 1);
  }

 private:
  uint64_t bits_;
};

class RowTreeNode;

/// Of a leaf: a row. Of an inner node: a child and the row with whose key its range begins; null for the
/// beginning of all keys.
struct RowTreeEntry {
  StoredRow* row = nullptr;
  RowTreeNode* child = nullptr;

  std::string_view key() const { return row == nullptr ? std::string_view() : row->key(); }
};

/// A slot is written once, before the permutation that shows it is published, except that the child of an
/// inner node's slot may be replaced. Written by one thread at a time.
///
/// A slot keeps 8 bytes of the key, so that a search rarely has to look at the rows themselves. Where all
/// keys share their first 8 bytes or more, these are left out (skip_), since they would tell nothing.
class RowTreeNode {
 public:
  /// A node of `entries` (at least one). At most `skip_max` bytes that they share are left out.
  static RowTreeNode* Create(Arena* arena, unsigned level, std::span<const RowTreeEntry> entries,
                             size_t skip_max);

  /// A node of one entry at the edge of the tree, for those that follow it. They are expected to share as
  /// much as it does with the entry at the other end of the node beside it.
  static RowTreeNode* CreateBeside(Arena* arena, unsigned level, const RowTreeEntry& entry,
                                   const RowTreeEntry& other_end);

  /// From the start of the node, what LowerBound looks at where it need not look at rows.
  static const size_t kSearchedBytes;

  unsigned level() const { return level_; }
  bool is_leaf() const { return level_ == 0; }
  /// The last watch (Memtable::BeginWatch) under which a row in here, or below, was given life; 0: none.
  uint32_t watch() const { return watch_.load(std::memory_order_relaxed); }
  Permutation permutation() const { return Permutation(permutation_.load(std::memory_order_acquire)); }

  StoredRow* row(unsigned slot) const { return rows_[slot]; }
  RowTreeNode* child(unsigned slot) const { return children()[slot].load(std::memory_order_acquire); }

  /// Position of the first entry of `permutation` whose key is not less than `key`; `*found`: it is equal.
  unsigned LowerBound(Permutation permutation, std::string_view key, bool* found) const;
  /// Of an inner node: position of the child whose range holds `key`.
  unsigned ChildFor(Permutation permutation, std::string_view key) const;

  // For the writer.

  void RaiseWatch(uint32_t watch) {
    if (this->watch() < watch) watch_.store(watch, std::memory_order_relaxed);
  }

  bool full() const { return permutation().count() == Permutation::kSlots; }
  /// Whether an entry with this key can be added without making the node anew.
  bool HasRoomFor(std::string_view key) const { return !full() && SharesSkipped(key); }
  /// REQUIRES: HasRoomFor(entry.key()).
  void Insert(unsigned position, const RowTreeEntry& entry);
  void ReplaceChild(unsigned slot, RowTreeNode* child) {
    children()[slot].store(child, std::memory_order_release);
  }
  RowTreeEntry EntryAt(unsigned position) const;

 private:
  RowTreeNode(unsigned level, size_t skip)
      : level_(static_cast<uint16_t>(level)), skip_(static_cast<uint16_t>(skip)) {}

  // The children of an inner node stand behind it.
  std::atomic<RowTreeNode*>* children() const {
    return reinterpret_cast<std::atomic<RowTreeNode*>*>(const_cast<RowTreeNode*>(this) + 1);
  }
  bool SharesSkipped(std::string_view key) const { return skip_ == 0 || CompareSkipped(key) == 0; }
  /// Compares the bytes that are left out with those of `key`.
  int CompareSkipped(std::string_view key) const;
  void Fill(unsigned slot, const RowTreeEntry& entry);

  std::atomic<uint64_t> permutation_{0};
  std::atomic<uint32_t> watch_{0};
  const uint16_t level_;  // 0: leaf
  const uint16_t skip_;   // bytes
  uint64_t prefixes_[Permutation::kSlots];
  StoredRow* rows_[Permutation::kSlots];
};

inline constexpr size_t RowTreeNode::kSearchedBytes =
    sizeof(RowTreeNode) - Permutation::kSlots * sizeof(StoredRow*);

}  // namespace stoa
