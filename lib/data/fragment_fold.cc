#include "data/fragment_fold.h"

#include <algorithm>
#include <map>

#include "data/batch_builder.h"

namespace stoa {
namespace {

/// Whether a complex cell has deltas.
bool IsCounter(const Cell& cell, const FragmentContext& context) {
  ComplexCellReader reader(cell, context);
  ComplexElement element;
  while (reader.NextElement(&element)) {
  }
  CounterDelta delta;
  return reader.NextDelta(&delta);
}

/// All columns that the fragments have cells of. Of a column without a value the width does not matter.
Projection ColumnsOf(std::span<const FragmentInContext> fragments, bool* has_counters) {
  std::map<ColumnId, uint8_t> word_bytes;
  for (const FragmentInContext& fragment : fragments) {
    FragmentReader reader(fragment.bytes, fragment.context);
    ColumnId column = 0;
    Cell cell;
    while (reader.NextCell(&column, &cell)) {
      uint8_t& width = word_bytes[column];
      width = std::max(width, reader.word_bytes());
      *has_counters |= cell.complex && IsCounter(cell, fragment.context);
    }
  }
  Projection projection;
  projection.reserve(word_bytes.size());
  for (const auto& [column, width] : word_bytes) projection.push_back({column, width});
  return projection;
}

/// A fragment's ttl counts from its context's second: a context that makes a ttl of one second end at
/// `expiry`.
constexpr uint64_t kFoldedTtl = 1;

FragmentContext ContextOf(const RowBatch& row) {
  FragmentContext context;
  context.timestamp = row.timestamps[0];
  if (row.RowExpiry(0) != kNoExpiry)
    context.now_seconds = row.RowExpiry(0) - static_cast<int64_t>(kFoldedTtl);
  return context;
}

void AppendFragment(const RowBatch& row, const Projection& projection, std::string* out) {
  const uint8_t row_flags = row.RowFlags(0);
  uint8_t flags = 0;
  if ((row_flags & row_flags::kMarker) != 0) flags |= fragment_flags::kMarker;
  if (row.RowExpiry(0) != kNoExpiry) flags |= fragment_flags::kTtl;
  if ((row_flags & row_flags::kDeletion) != 0) {
    flags |= fragment_flags::kDeletion | fragment_flags::kDeletionTimes;
  }
  out->push_back(static_cast<char>(flags));
  if ((flags & fragment_flags::kTtl) != 0) AppendVarint(out, kFoldedTtl);
  if ((flags & fragment_flags::kDeletion) != 0) {
    AppendVarint(out, ZigZag(row.deletions[0].timestamp));
    AppendVarint(out, ZigZag(row.deletions[0].local_time));
  }
  AppendVarint(out, row.columns.size());
  ColumnId before = 0;
  for (const ColumnVector& column : row.columns) {
    const ProjectedColumn& projected = projection[column.index];
    AppendCell(out, projected.id - before, row.CellAt(column, 0), projected.word_bytes,
               {row.timestamps[0], row.RowExpiry(0)});
    before = projected.id;
  }
}

}  // namespace

void AddFragment(const FragmentInContext& fragment, RowMerger* merger) {
  FragmentReader reader(fragment.bytes, fragment.context);
  if (reader.has_marker()) merger->AddMarker(reader.timestamp(), reader.expiry());
  if (!reader.deletion().live()) merger->AddRowDeletion(reader.deletion());
  // Both lists of columns ascend. Cells are usually the next projected column; where thousands are projected
  // and a row has few, the others are leapt over.
  const Projection& projection = merger->projection();
  auto at = projection.begin();
  ColumnId column = 0;
  Cell cell;
  while (reader.NextCell(&column, &cell)) {
    if (at != projection.end() && at->id < column) {
      at = std::lower_bound(at + 1, projection.end(), column,
                            [](const ProjectedColumn& projected, ColumnId id) { return projected.id < id; });
    }
    if (at == projection.end()) return;
    if (at->id != column) continue;
    const auto index = static_cast<uint32_t>(at++ - projection.begin());
    if (cell.complex) [[unlikely]] {
      merger->AddComplexCell(index, cell, fragment.context);
    } else {
      merger->AddCell(index, cell);
    }
  }
}

FragmentContext FoldFragments(std::span<const FragmentInContext> fragments, const CounterFold& counters,
                              std::string* out) {
  bool has_counters = false;
  const Projection projection = ColumnsOf(fragments, &has_counters);
  RowMerger merger(&projection);
  if (has_counters) {
    ComplexRules rules;
    rules.can_fold = counters.can_fold;
    merger.SetComplexRules(rules);
    merger.AddCoveringDeletion(counters.covering);
  }
  for (const FragmentInContext& fragment : fragments) AddFragment(fragment, &merger);
  BatchBuilder builder(&projection);
  builder.Clear();
  builder.StartRun(0, {}, DeletionTime{}, /*starts=*/true);
  merger.Emit({}, &builder);
  const RowBatch row = builder.Finish();
  if (row.row_count() == 0) {  // they say nothing
    out->append(2, '\0');
    return {};
  }
  AppendFragment(row, projection, out);
  return ContextOf(row);
}

}  // namespace stoa
