#include "engine/complex_values.h"

#include <algorithm>

#include "base/status_macros.h"
#include "data/complex_cell.h"
#include "data/complex_value.h"

namespace stoa {

void ComplexValues::SetBatch(const ResultColumns& columns, RowBatch* batch) {
  batch_ = batch;
  columns_.clear();
  if (!columns.has_complex) return;
  for (const ColumnVector& vector : batch->columns) {
    const auto result =
        std::find_if(columns.results.begin(), columns.results.end(),
                     [&](const ResultColumns::Result& wanted) { return wanted.index == vector.index; });
    if (result == columns.results.end() || !result->type.is_complex()) continue;
    columns_.push_back(Column{&vector, result->type, {}, {}, {}, {}, {}});
    Column& column = columns_.back();
    if (column.type.kind() == TypeKind::kCounter) {
      column.words.resize(batch->end);
    } else {
      column.bytes.resize(batch->end);
      column.places.resize(batch->end);
    }
  }
}

absl::Status ComplexValues::Assemble(uint32_t first, uint32_t end) {
  STOA_RETURN_IF_ERROR(batch_->EnsureLiveness());  // by whose times cells tell theirs
  for (Column& column : columns_) Assemble(&column, first, end);
  return absl::OkStatus();
}

/// Rows next to one another may have one cell, a static one: it is assembled once.
void ComplexValues::Assemble(Column* column, uint32_t first, uint32_t end) {
  const bool is_counter = column->type.kind() == TypeKind::kCounter;
  const char* last = nullptr;
  column->storage.clear();
  column->ends.assign(1, 0);
  for (uint32_t row = first; row < end; ++row) {
    if (!column->vector->Has(row)) continue;
    const Cell cell = batch_->CellAt(*column->vector, row);
    if (is_counter) {
      column->words[row] = static_cast<uint64_t>(CounterValue(cell));
      continue;
    }
    if (cell.bytes.data() != last) {
      AppendComplexValue(column->type, cell, &column->storage);
      column->ends.push_back(column->storage.size());
      last = cell.bytes.data();
    }
    column->places[row] = static_cast<uint32_t>(column->ends.size() - 2);
  }
  if (is_counter) return;
  // Only now does the storage not move any more.
  for (uint32_t row = first; row < end; ++row) {
    if (!column->vector->Has(row)) continue;
    const size_t* const bounds = &column->ends[column->places[row]];
    column->bytes[row] = std::string_view(column->storage).substr(bounds[0], bounds[1] - bounds[0]);
  }
}

const ComplexValues::Column* ComplexValues::Find(uint32_t column_index) const {
  for (const Column& column : columns_) {
    if (column.vector->index == column_index) return &column;
  }
  return nullptr;
}

const uint64_t* ComplexValues::FindWords(uint32_t column_index) const {
  const Column* column = Find(column_index);
  return column == nullptr || column->words.empty() ? nullptr : column->words.data();
}

const std::string_view* ComplexValues::FindBytes(uint32_t column_index) const {
  const Column* column = Find(column_index);
  return column == nullptr || column->bytes.empty() ? nullptr : column->bytes.data();
}

}  // namespace stoa
