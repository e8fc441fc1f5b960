#include "memtable/stored_row.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "data/fragment_fold.h"

namespace stoa {

// Followed by its bytes. In front of a fold stands a pointer to what is below those that it folds.
struct StoredRow::Fragment {
  const Fragment* next;  // pushed before; of a fold the newest of those that it folds
  uint64_t sequence;     // of a fold the greatest of those that it folds
  FragmentContext context;
  uint64_t size : 48;
  uint64_t unfolded : 16;  // how many stand here, one on another, that no fold has taken in; 0: a fold

  bool is_fold() const { return unfolded == 0; }
  const Fragment* below() const { return reinterpret_cast<const Fragment* const*>(this)[-1]; }
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

namespace {

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
  if (unfolded == kFoldedFragments) newest = Fold(newest, arena);
  newest_.store(newest, std::memory_order_release);
}

const StoredRow::Fragment* StoredRow::Fold(const Fragment* newest, Arena* arena) {
  std::vector<FragmentInContext> parts;
  uint64_t sequence = 0;
  size_t bytes = 0;
  const Fragment* part = newest;
  while (part != nullptr && (!part->is_fold() || part->size <= bytes)) {
    parts.push_back(part->content());
    sequence = std::max(sequence, part->sequence);
    bytes += part->size;
    part = part->is_fold() ? part->below() : part->next;
  }
  std::string folded;
  const FragmentContext context = FoldFragments(parts, &folded);
  const RowWrite write{folded, context, sequence};
  char* at = arena->Allocate(sizeof(part) + Fragment::BytesFor(write));
  std::memcpy(at, &part, sizeof(part));
  return Fragment::Place(at + sizeof(part), write, newest, 0);
}

size_t StoredRow::MergeInto(uint64_t max_sequence, RowMerger* merger) const {
  size_t count = 0;
  const Fragment* fragment = newest_.load(std::memory_order_acquire);
  while (fragment != nullptr) {
    const bool seen = fragment->sequence <= max_sequence;
    if (seen) AddFragment(fragment->content(), merger);
    count += seen ? 1 : 0;
    fragment = seen && fragment->is_fold() ? fragment->below() : fragment->next;
  }
  return count;
}

}  // namespace stoa
