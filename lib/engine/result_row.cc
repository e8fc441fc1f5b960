#include "engine/result_row.h"

#include <algorithm>

#include <absl/container/inlined_vector.h>

#include "base/check.h"
#include "base/strings.h"
#include "engine/blob_values.h"
#include "engine/complex_values.h"
#include "schema/cell_columns.h"
#include "schema/keys.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

/// Lists of so many columns are made without allocating.
constexpr size_t kFewColumns = 24;

}  // namespace

absl::StatusOr<ResultColumns> ResultColumns::Make(const Table& schema, std::span<const ColumnId> columns,
                                                  std::span<const ColumnId> also, Others others) {
  ResultColumns result;
  result.schema = schema;
  absl::InlinedVector<ColumnId, kFewColumns> wanted(columns.begin(), columns.end());
  wanted.insert(wanted.end(), also.begin(), also.end());
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  const bool has_statics = !schema->static_columns().empty();
  result.projection.reserve(schema->static_columns().size() + schema->regular().size());
  absl::InlinedVector<const DataType*, kFewColumns> types;  // by place in the projection
  auto next = wanted.begin();                               // both ascend
  const auto add = [&](const Column& column) {
    const bool is_wanted = next != wanted.end() && *next == column.id;
    const bool of_statics = column.kind == ColumnKind::kStatic;
    if (is_wanted) ++next;
    if (is_wanted || others == Others::kAll || (others == Others::kRegular && !of_statics)) {
      result.projection.push_back({column.id, static_cast<uint8_t>(column.type.word_bytes()), is_wanted});
      if (has_statics) result.is_static.push_back(of_statics);
      types.push_back(&column.type);
    }
  };
  if (has_statics) {
    for (const Column* column : CellColumns(*schema)) add(*column);
  } else {
    for (const Column& column : schema->regular()) add(column);
  }
  if (next != wanted.end()) {
    return InvalidArgument("table ", schema->name(),
                           ": a column that is asked for is not one of its static and regular columns");
  }
  result.results.reserve(columns.size());
  for (ColumnId id : columns) {
    const uint32_t index = result.IndexOf(id);
    result.results.push_back({index, *types[index]});
    result.has_complex |= types[index]->is_complex();
  }
  return result;
}

std::vector<ColumnId> AllColumns(const TableSchema& schema) {
  std::vector<ColumnId> ids;
  ids.reserve(schema.static_columns().size() + schema.regular().size());
  for (const Column& column : schema.static_columns()) ids.push_back(column.id);
  for (const Column& column : schema.regular()) ids.push_back(column.id);
  return ids;
}

uint32_t ResultColumns::IndexOf(ColumnId id) const {
  const auto it =
      std::lower_bound(projection.begin(), projection.end(), id,
                       [](const ProjectedColumn& column, ColumnId wanted) { return column.id < wanted; });
  STOA_DCHECK(it != projection.end() && it->id == id);
  return static_cast<uint32_t>(it - projection.begin());
}

void RowView::State::SetBatch(RowBatch* new_batch) {
  batch = new_batch;
  vectors.assign(columns->projection.size(), nullptr);
  for (const ColumnVector& vector : batch->columns) vectors[vector.index] = &vector;
}

void RowView::State::SetRow(uint32_t new_row, const PartitionRun* new_partition) {
  row = new_row;
  partition = new_partition;
  partition_decoded = false;
  clustering_decoded = false;
}

const ColumnVector* RowView::State::VectorWithCell(size_t column) const {
  const ColumnVector* vector = vectors[columns->results[column].index];
  return vector != nullptr && vector->Has(row) ? vector : nullptr;
}

size_t RowView::column_count() const { return state_->columns->results.size(); }

Value RowView::operator[](size_t column) const {
  const ColumnVector* vector = state_->VectorWithCell(column);
  if (vector == nullptr) return Value();
  const DataType& type = state_->columns->results[column].type;
  const uint8_t flags = vector->Flags(state_->row);
  if ((flags & cell_flags::kEmpty) != 0) return FromBytes(type, {});
  if ((flags & cell_flags::kComplex) != 0) {
    if (type.kind() == TypeKind::kCounter) {
      return Value(static_cast<int64_t>(state_->complex_values->FindWords(vector->index)[state_->row]));
    }
    return Value::Composite(state_->complex_values->FindBytes(vector->index)[state_->row]);
  }
  if ((flags & cell_flags::kBlob) != 0) {
    return FromBytes(type, state_->blobs->Find(vector->index)[state_->row]);
  }
  return type.is_word() ? FromWord(type, vector->words[state_->row])
                        : FromBytes(type, vector->bytes[state_->row]);
}

Value RowView::partition_key(size_t component) const {
  if (!state_->partition_decoded) {
    state_->partition_decoded =
        DecodePartitionKey(*state_->columns->schema, state_->partition->key, &state_->partition_values).ok();
  }
  // A key that does not decode was not written through this schema; its values read as null.
  return state_->partition_decoded ? state_->partition_values[component] : Value();
}

Value RowView::clustering(size_t component) const {
  if (state_->hides_clustering) return Value();
  if (!state_->clustering_decoded) {
    // The key of a static row does not decode: its values are null.
    state_->clustering_decoded =
        state_->batch->EnsureKeys().ok() &&
        DecodeClusteringKey(*state_->columns->schema, state_->batch->clustering[state_->row],
                            &state_->clustering_storage, &state_->clustering_values)
            .ok();
  }
  return state_->clustering_decoded ? state_->clustering_values[component] : Value();
}

int64_t RowView::write_timestamp(size_t column) const {
  const ColumnVector* vector = state_->VectorWithCell(column);
  if (vector == nullptr || !state_->batch->EnsureLiveness().ok()) return kNoTimestamp;
  return state_->batch->CellAt(*vector, state_->row).timestamp;
}

int64_t RowView::expiry(size_t column) const {
  const ColumnVector* vector = state_->VectorWithCell(column);
  if (vector == nullptr || !state_->batch->EnsureLiveness().ok()) return kNoExpiry;
  return state_->batch->CellAt(*vector, state_->row).expiry;
}

}  // namespace stoa
