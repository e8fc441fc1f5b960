// A row in the memtable: its key and everything that was written about it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "data/fragment.h"
#include "data/row_merger.h"

namespace stoa {

/// What one commit writes about a row.
struct RowWrite {
  std::string_view fragment;
  FragmentContext context;
  uint64_t sequence = 0;
};

/// A chain of fragments, the last applied first. Fragments are pushed by one writer at a time and never
/// change or go away, so readers need no lock. Because commits are applied side by side the chain is not
/// strictly ordered by sequence: a reader looks at each fragment's.
///
/// Lives in an arena, the key and the first fragment in the same piece of it.
class StoredRow {
 public:
  static StoredRow* Create(Arena* arena, std::string_view key, const RowWrite& write);

  void Push(Arena* arena, const RowWrite& write);

  std::string_view key() const {
    return std::string_view(reinterpret_cast<const char*>(this) + sizeof(StoredRow), key_size_);
  }

  /// Adds the fragments with sequences up to `max_sequence`, of their cells those that the merger projects.
  /// False if there is no such fragment.
  bool MergeInto(uint64_t max_sequence, RowMerger* merger) const;

 private:
  struct Fragment;

  explicit StoredRow(size_t key_size) : key_size_(key_size) {}

  std::atomic<const Fragment*> newest_{nullptr};
  const size_t key_size_;
};

}  // namespace stoa
