// A row in the memtable: its key and everything that was written about it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "data/fragment.h"
#include "data/row_merger.h"
#include "memtable/partition_deletions.h"

namespace stoa {

/// What one commit writes about a row.
struct RowWrite {
  std::string_view fragment;
  FragmentContext context;
  uint64_t sequence = 0;
  /// All commits with timestamps up to this one have been applied.
  int64_t settled_timestamp = kNoTimestamp;
  /// Of the row's partition; null where there are none.
  const PartitionDeletions* deletions = nullptr;
  /// Whether a row without life may live by it: it has a marker or a cell that is no tombstone.
  bool gives_life = true;
  /// The watch that was begun last (Memtable::BeginWatch), 0: none.
  uint32_t watch = 0;
};

/// Sequences greater than `after`, up to `up_to`.
struct SequenceRange {
  uint64_t after = 0;
  uint64_t up_to = 0;

  bool Contains(uint64_t sequence) const { return sequence > after && sequence <= up_to; }
};

/// A chain of fragments, the last applied first. Fragments are pushed by one writer at a time and never
/// change or go away, so readers need no lock. Because commits are applied side by side the chain is not
/// strictly ordered by sequence: a reader looks at each fragment's.
///
/// So that a row which is written again and again stays cheap to read, every kFoldedFragments pushes put a
/// *fold* into the chain: one fragment that says what the newest ones say together. It takes in an older fold
/// when what is above that one weighs as much, so a row of n fragments is read through O(log n) of them, and
/// one that is overwritten through a few. Whoever does not want all sequences in a fold passes it by and
/// finds them behind it; so views hold up no folding.
///
/// Deltas of a counter become one in a fold if they are *settled*: two of them, up to timestamps e1 < e2,
/// when e2 is at most RowWrite::settled_timestamp and no deletion known lies between. That is right: the
/// timestamps of a table of counters grow with the sequences of its commits, so all commits up to e2 have
/// been applied, and a deletion that could part the two would be known. It would be in the memtable (older
/// ones hold older timestamps), and there
///
///   * in the fold: the strongest removes what it reaches, which is also what the others reach;
///   * in what stands below the fold, where it may be although it is newer than some of what is folded,
///   because
///     commits are applied side by side: so nothing folds across the greatest timestamp of these;
///   * or of the partition or a range. Whoever reads the fold sees its greatest sequence, and so all such
///   deletions
///     up to there: the strongest of them removes what it reaches from the fold at once, as above. Later ones
///     have greater timestamps than all that is folded.
///
/// Lives in an arena, the key and the first fragment in the same piece of it.
class StoredRow {
 public:
  /// Fragments on top of the newest fold, at most, before they are folded.
  static constexpr unsigned kFoldedFragments = 8;

  static StoredRow* Create(Arena* arena, std::string_view key, const RowWrite& write);

  void Push(Arena* arena, const RowWrite& write);

  std::string_view key() const {
    return std::string_view(reinterpret_cast<const char*>(this) + sizeof(StoredRow), key_size_);
  }

  /// Adds what was written under `sequences`, of the cells those that the merger projects. Returns through
  /// how many fragments and folds it was found; 0: nothing was written.
  size_t MergeInto(const SequenceRange& sequences, RowMerger* merger) const;
  /// Whether anything was written under a greater sequence.
  bool WrittenAfter(uint64_t sequence) const;

 private:
  struct Fragment;
  struct FoldHeader;

  const Fragment* Fold(const Fragment* newest, const RowWrite& write, Arena* arena) const;
  static int64_t NewestDeletion(const Fragment* fragment);

  explicit StoredRow(size_t key_size) : key_size_(key_size) {}

  std::atomic<const Fragment*> newest_{nullptr};
  const size_t key_size_;
};

}  // namespace stoa
