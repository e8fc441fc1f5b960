#include "memtable/stored_row.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace stoa {

// Followed by its bytes.
struct StoredRow::Fragment {
  const Fragment* next;
  uint64_t sequence;
  FragmentContext context;
  size_t size;

  std::string_view bytes() const {
    return std::string_view(reinterpret_cast<const char*>(this) + sizeof(Fragment), size);
  }

  static size_t BytesFor(const RowWrite& write) { return sizeof(Fragment) + write.fragment.size(); }
  static const Fragment* Place(char* at, const RowWrite& write, const Fragment* next) {
    const size_t size = write.fragment.size();
    if (size != 0) std::memcpy(at + sizeof(Fragment), write.fragment.data(), size);
    return new (at) Fragment{next, write.sequence, write.context, size};
  }
};

namespace {

constexpr size_t AlignedTo8(size_t bytes) { return (bytes + 7) & ~size_t{7}; }

/// Both lists of columns ascend. Cells are usually the next projected column; where thousands are projected
/// and a row has few, the others are leapt over.
void AddProjectedCells(FragmentReader* reader, RowMerger* merger) {
  const Projection& projection = merger->projection();
  auto at = projection.begin();
  ColumnId column = 0;
  Cell cell;
  while (reader->NextCell(&column, &cell)) {
    if (at != projection.end() && at->id < column) {
      at = std::lower_bound(at + 1, projection.end(), column,
                            [](const ProjectedColumn& projected, ColumnId id) { return projected.id < id; });
    }
    if (at == projection.end()) return;
    if (at->id == column) merger->AddCell(static_cast<uint32_t>(at++ - projection.begin()), cell);
  }
}

}  // namespace

StoredRow* StoredRow::Create(Arena* arena, std::string_view key, const RowWrite& write) {
  const size_t fragment_at = AlignedTo8(sizeof(StoredRow) + key.size());
  char* at = arena->Allocate(fragment_at + Fragment::BytesFor(write));
  auto* row = new (at) StoredRow(key.size());
  if (!key.empty()) std::memcpy(at + sizeof(StoredRow), key.data(), key.size());
  row->newest_.store(Fragment::Place(at + fragment_at, write, nullptr), std::memory_order_relaxed);
  return row;
}

void StoredRow::Push(Arena* arena, const RowWrite& write) {
  newest_.store(Fragment::Place(arena->Allocate(Fragment::BytesFor(write)), write,
                                newest_.load(std::memory_order_relaxed)),
                std::memory_order_release);
}

bool StoredRow::MergeInto(uint64_t max_sequence, RowMerger* merger) const {
  bool visible = false;
  for (const Fragment* fragment = newest_.load(std::memory_order_acquire); fragment != nullptr;
       fragment = fragment->next) {
    if (fragment->sequence > max_sequence) continue;
    visible = true;
    FragmentReader reader(fragment->bytes(), fragment->context);
    if (reader.has_marker()) merger->AddMarker(reader.timestamp(), reader.expiry());
    if (!reader.deletion().live()) merger->AddRowDeletion(reader.deletion());
    AddProjectedCells(&reader, merger);
  }
  return visible;
}

}  // namespace stoa
