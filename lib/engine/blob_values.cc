#include "engine/blob_values.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace stoa {
namespace {

bool IsBlob(const ColumnVector& column, uint32_t row) {
  return column.Has(row) && (column.Flags(row) & cell_flags::kBlob) != 0;
}

bool HasBlob(const ColumnVector& column, const RowBatch& batch) {
  if (column.flags == nullptr) return false;
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    if (IsBlob(column, row)) return true;
  }
  return false;
}

}  // namespace

void BlobValues::SetBatch(const ResultColumns& columns, const RowBatch& batch) {
  columns_.clear();
  for (const ColumnVector& vector : batch.columns) {
    if (!HasBlob(vector, batch)) continue;
    const bool wanted =
        std::any_of(columns.results.begin(), columns.results.end(),
                    [&](const ResultColumns::Result& result) { return result.index == vector.index; });
    if (wanted) columns_.push_back(Column{&vector, std::vector<std::string_view>(batch.end), {}, nullptr});
  }
}

/// Rows next to one another may have one value, a static one: it is loaded once.
absl::Status BlobValues::Load(Directory& directory, uint32_t first, uint32_t end) {
  for (Column& column : columns_) {
    const std::string_view* references = column.vector->bytes;
    if (IsBlob(*column.vector, first) && references[first].data() == column.last_reference) {
      column.values.erase(column.values.begin(), column.values.end() - 1);
    } else {
      column.values.clear();
      column.last_reference = nullptr;
    }
    for (uint32_t row = first; row < end; ++row) {
      if (!column.vector->Has(row)) continue;
      column.bytes[row] = references[row];
      if (!IsBlob(*column.vector, row)) continue;
      if (references[row].data() != column.last_reference) {
        STOA_ASSIGN_OR_RETURN(BlobValue value, LoadBlob(directory, references[row], IoPurpose::kRead));
        column.values.push_back(std::move(value));
        column.last_reference = references[row].data();
      }
      column.bytes[row] = column.values.back().view();
    }
  }
  return absl::OkStatus();
}

uint32_t BlobValues::EndOfRowsThatFit(uint32_t first, uint32_t end) const {
  uint64_t bytes = 0;
  BlobReference reference;
  for (uint32_t row = first; row < end; ++row) {
    for (const Column& column : columns_) {
      if (!IsBlob(*column.vector, row)) continue;
      const std::string_view* references = column.vector->bytes;
      const bool repeats = row > first && IsBlob(*column.vector, row - 1) &&
                           references[row].data() == references[row - 1].data();
      if (!repeats && ParseBlobReference(references[row], &reference)) bytes += reference.id.length;
    }
    if (bytes > kLoadedBytesMax) return std::max(row, first + 1);
  }
  return end;
}

const std::string_view* BlobValues::Find(uint32_t column_index) const {
  for (const Column& column : columns_) {
    if (column.vector->index == column_index) return column.bytes.data();
  }
  return nullptr;
}

}  // namespace stoa
