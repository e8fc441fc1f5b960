#include "memtable/row_tree_node.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "base/check.h"
#include "base/coding.h"

namespace stoa {
namespace {

constexpr size_t kPrefixBytes = sizeof(uint64_t);
constexpr size_t kSkipBytesMax = std::numeric_limits<uint16_t>::max();

/// The bytes of `key` from `skip` on as an integer that compares like them, filled up with zeros.
uint64_t PrefixOf(std::string_view key, size_t skip) {
  if (key.size() >= skip + kPrefixBytes) [[likely]]
    return LoadBig<uint64_t>(key.data() + skip);
  char bytes[kPrefixBytes] = {};
  if (key.size() > skip) std::memcpy(bytes, key.data() + skip, key.size() - skip);
  return LoadBig<uint64_t>(bytes);
}

size_t CommonBytes(std::string_view a, std::string_view b) {
  const auto end = a.begin() + static_cast<ptrdiff_t>(std::min(a.size(), b.size()));
  return static_cast<size_t>(std::mismatch(a.begin(), end, b.begin()).first - a.begin());
}

}  // namespace

RowTreeNode* RowTreeNode::Create(Arena* arena, unsigned level, std::span<const RowTreeEntry> entries,
                                 size_t skip_max) {
  STOA_DCHECK(!entries.empty() && entries.size() <= Permutation::kSlots);
  // The beginning of all keys shares nothing with a key, but is before it without looking.
  const RowTreeEntry& first = entries[entries.size() > 1 && entries[0].row == nullptr ? 1 : 0];
  size_t skip = std::min({CommonBytes(first.key(), entries.back().key()), skip_max, kSkipBytesMax});
  if (skip < kPrefixBytes) skip = 0;

  const size_t child_bytes = level == 0 ? 0 : Permutation::kSlots * sizeof(std::atomic<RowTreeNode*>);
  char* at = arena->Allocate(sizeof(RowTreeNode) + child_bytes);
  auto* node = new (at) RowTreeNode(level, static_cast<uint32_t>(skip));
  Permutation permutation;
  // From the back, so that slot 0 is never the beginning of all keys where bytes are left out.
  for (unsigned slot = 0; slot < entries.size(); ++slot) {
    node->Fill(slot, entries[entries.size() - 1 - slot]);
    permutation = permutation.With(0, slot);
    if (level != 0) node->RaiseWatch(entries[entries.size() - 1 - slot].child->watch());
  }
  node->permutation_.store(permutation.bits(), std::memory_order_relaxed);
  return node;
}

RowTreeNode* RowTreeNode::CreateBeside(Arena* arena, unsigned level, const RowTreeEntry& entry,
                                       const RowTreeEntry& other_end) {
  return Create(arena, level, std::span(&entry, 1), CommonBytes(entry.key(), other_end.key()));
}

void RowTreeNode::Fill(unsigned slot, const RowTreeEntry& entry) {
  prefixes_[slot] = entry.row == nullptr ? 0 : PrefixOf(entry.key(), skip_);
  rows_[slot] = entry.row;
  if (!is_leaf()) new (&children()[slot]) std::atomic<RowTreeNode*>(entry.child);
}

int RowTreeNode::CompareSkipped(std::string_view key) const {
  return key.substr(0, skip_).compare(rows_[0]->key().substr(0, skip_));
}

unsigned RowTreeNode::LowerBound(Permutation permutation, std::string_view key, bool* found) const {
  *found = false;
  if (skip_ != 0) {
    const int order = CompareSkipped(key);
    if (order != 0) return order < 0 ? 0 : permutation.count();
  }
  const uint64_t prefix = PrefixOf(key, skip_);
  unsigned low = 0;
  unsigned high = permutation.count();
  // Rows often come in the order of their keys or against it.
  if (high != 0 && prefix < prefixes_[permutation.slot(0)]) return 0;
  if (high != 0 && prefix > prefixes_[permutation.slot(high - 1)]) return high;
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    const unsigned slot = permutation.slot(middle);
    int order = prefixes_[slot] < prefix ? -1 : 1;
    if (prefixes_[slot] == prefix) [[unlikely]] {
      order = rows_[slot] == nullptr ? -1 : rows_[slot]->key().substr(skip_).compare(key.substr(skip_));
      if (order == 0) {
        *found = true;
        return middle;
      }
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

unsigned RowTreeNode::ChildFor(Permutation permutation, std::string_view key) const {
  bool found = false;
  const unsigned position = LowerBound(permutation, key, &found);
  return found || position == 0 ? position : position - 1;
}

void RowTreeNode::Insert(unsigned position, const RowTreeEntry& entry) {
  const Permutation before = permutation();
  Fill(before.count(), entry);
  permutation_.store(before.With(position, before.count()).bits(), std::memory_order_release);
}

RowTreeEntry RowTreeNode::EntryAt(unsigned position) const {
  const unsigned slot = permutation().slot(position);
  return RowTreeEntry{rows_[slot], is_leaf() ? nullptr : child(slot)};
}

}  // namespace stoa
