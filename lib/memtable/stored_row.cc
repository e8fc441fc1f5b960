#include "memtable/stored_row.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "base/prefetch.h"
#include "data/complex_cell.h"
#include "data/fragment_fold.h"

namespace stoa {

// Followed by its bytes; in front of a fold stands a FoldHeader.
struct StoredRow::Fragment {
  const Fragment* next;  // pushed before; of a fold the newest of those that it folds
  uint64_t sequence;     // of a fold the greatest of those that it folds
  FragmentContext context;
  uint64_t size : 48;
  uint64_t unfolded : 16;  // how many stand here, one on another, that no fold has taken in; 0: a fold

  bool is_fold() const { return unfolded == 0; }
  inline const FoldHeader& fold() const;
  /// What is behind this one and those that it folds.
  inline const Fragment* below() const;
  /// Whether all that it says was written under `sequences`.
  inline bool LiesIn(const SequenceRange& sequences) const;

  FragmentInContext content() const {
    return {std::string_view(reinterpret_cast<const char*>(this) + sizeof(Fragment), size), context};
  }

  static size_t BytesFor(const RowWrite& write) { return sizeof(Fragment) + write.fragment.size(); }
  static const Fragment* Place(char* at, const RowWrite& write, const Fragment* next, unsigned unfolded) {
    const size_t size = write.fragment.size();
    if (size != 0) std::memcpy(at + sizeof(Fragment), write.fragment.data(), size);
    return new (at) Fragment{next, write.sequence, write.context, size, static_cast<uint16_t>(unfolded)};
  }
};

struct StoredRow::FoldHeader {
  const Fragment* below;
  uint64_t least_sequence;
};

inline const StoredRow::FoldHeader& StoredRow::Fragment::fold() const {
  return reinterpret_cast<const FoldHeader*>(this)[-1];
}
inline const StoredRow::Fragment* StoredRow::Fragment::below() const {
  return is_fold() ? fold().below : next;
}
inline bool StoredRow::Fragment::LiesIn(const SequenceRange& sequences) const {
  return sequences.Contains(sequence) && (!is_fold() || sequences.Contains(fold().least_sequence));
}

namespace {

/// A reader of cells finds each by the size of the one before, and so would wait for memory once for each
/// that stands in another cache line: a tenth of ycsb/d, where rows take 1 KiB.
constexpr size_t kPrefetchedBytesMax = 2 << 10;

constexpr size_t AlignedTo8(size_t bytes) { return (bytes + 7) & ~size_t{7}; }

}  // namespace

StoredRow* StoredRow::Create(Arena* arena, std::string_view key, const RowWrite& write) {
  const size_t fragment_at = AlignedTo8(sizeof(StoredRow) + key.size());
  char* at = arena->Allocate(fragment_at + Fragment::BytesFor(write));
  auto* row = new (at) StoredRow(key.size());
  if (!key.empty()) std::memcpy(at + sizeof(StoredRow), key.data(), key.size());
  row->newest_.store(Fragment::Place(at + fragment_at, write, nullptr, 1), std::memory_order_relaxed);
  return row;
}

void StoredRow::Push(Arena* arena, const RowWrite& write) {
  const Fragment* below = newest_.load(std::memory_order_relaxed);
  const unsigned unfolded = below->unfolded + 1;
  const Fragment* newest =
      Fragment::Place(arena->Allocate(Fragment::BytesFor(write)), write, below, unfolded);
  if (unfolded == kFoldedFragments) newest = Fold(newest, write, arena);
  newest_.store(newest, std::memory_order_release);
}

const StoredRow::Fragment* StoredRow::Fold(const Fragment* newest, const RowWrite& write,
                                           Arena* arena) const {
  std::vector<FragmentInContext> parts;
  FoldHeader header{nullptr, newest->sequence};
  uint64_t sequence = 0;

  size_t bytes = 0;
  const Fragment* part = newest;
  while (part != nullptr && (!part->is_fold() || part->size <= bytes)) {
    parts.push_back(part->content());
    sequence = std::max(sequence, part->sequence);
    header.least_sequence =
        std::min(header.least_sequence, part->is_fold() ? part->fold().least_sequence : part->sequence);
    bytes += part->size;
    part = part->below();
  }
  header.below = part;

  std::optional<int64_t> newest_deletion;  // of those below
  const CanFold can_fold = [&](int64_t from, int64_t to) {
    if (to > write.settled_timestamp) return false;
    if (!newest_deletion.has_value()) newest_deletion = NewestDeletion(header.below);
    return from > *newest_deletion;
  };
  CounterFold counters;
  if (write.deletions != nullptr) counters.covering = write.deletions->Covering(key(), sequence);
  counters.can_fold = &can_fold;
  std::string folded_bytes;
  const FragmentContext context = FoldFragments(parts, counters, &folded_bytes);
  const RowWrite folded{folded_bytes, context, sequence};
  char* at = arena->Allocate(sizeof(header) + Fragment::BytesFor(folded));
  new (at) FoldHeader(header);
  return Fragment::Place(at + sizeof(header), folded, newest, 0);
}

/// The greatest timestamp of the deletions in the fragments from `fragment` on, of the row and in its complex
/// cells.
int64_t StoredRow::NewestDeletion(const Fragment* fragment) {
  int64_t newest = kNoTimestamp;
  for (; fragment != nullptr; fragment = fragment->below()) {
    const FragmentInContext content = fragment->content();
    FragmentReader reader(content.bytes, content.context);
    newest = std::max(newest, reader.deletion().timestamp);
    ColumnId column = 0;
    Cell cell;
    while (reader.NextCell(&column, &cell)) {
      if (cell.complex) {
        newest = std::max(newest, ComplexCellReader(cell, content.context).deletion().timestamp);
      }
    }
  }
  return newest;
}

size_t StoredRow::MergeInto(const SequenceRange& sequences, RowMerger* merger) const {
  size_t count = 0;
  const Fragment* fragment = newest_.load(std::memory_order_acquire);
  while (fragment != nullptr) {
    if (fragment->LiesIn(sequences)) {
      const FragmentInContext content = fragment->content();
      Prefetch(content.bytes.data(), std::min(content.bytes.size(), kPrefetchedBytesMax));
      AddFragment(content, merger);
      ++count;
      fragment = fragment->below();
    } else {
      fragment = fragment->next;
    }
  }
  return count;
}

bool StoredRow::WrittenAfter(uint64_t sequence) const {
  const Fragment* fragment = newest_.load(std::memory_order_acquire);
  while (fragment != nullptr && fragment->sequence <= sequence) fragment = fragment->below();
  return fragment != nullptr;
}

}  // namespace stoa
