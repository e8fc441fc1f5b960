// The elements of a complex cell, as values.
#include <string>
#include <utility>

#include <stoa/cursor.h>

#include "data/complex_cell.h"
#include "data/element_path.h"
#include "engine/result_row.h"
#include "types/value_codec.h"

namespace stoa {

struct Elements::State {
  State(DataType element_type, const Cell& cell) : type(std::move(element_type)), reader(cell) {}

  const DataType type;
  ComplexCellReader reader;
  int64_t index = 0;
  std::string key;
};

Elements::Elements(std::unique_ptr<State> state) : state_(std::move(state)) {}
Elements::Elements(Elements&&) noexcept = default;
Elements& Elements::operator=(Elements&&) noexcept = default;
Elements::~Elements() = default;

bool Elements::Next(ElementView* element) {
  if (state_ == nullptr) return false;
  State& state = *state_;
  const DataType& type = state.type;
  for (ComplexElement next; state.reader.NextElement(&next);) {
    if (next.cell.tombstone) continue;
    const auto value_of = [&](size_t parameter) {
      return ParseSerialized(type.parameters()[parameter], next.cell.bytes).value_or(Value());
    };
    size_t field = 0;
    state.key.clear();
    if (type.kind() == TypeKind::kList) {
      element->key = Value(state.index++);
      element->value = value_of(0);
    } else if (type.kind() == TypeKind::kUserType) {
      if (!DecodeFieldPath(type, next.path, &field)) continue;
      element->key = Value(std::string_view(type.field_names()[field]));
      element->value = value_of(field);
    } else {
      if (!DecodeKeyPath(type, next.path, &state.key)) continue;
      element->key = ParseSerialized(type.parameters()[0], state.key).value_or(Value());
      element->value = type.kind() == TypeKind::kMap ? value_of(1) : element->key;
    }
    element->write_timestamp = next.cell.timestamp;
    element->expiry = next.cell.expiry;
    return true;
  }
  return false;
}

Elements RowView::elements(size_t column) const {
  const ColumnVector* vector = state_->VectorWithCell(column);
  const DataType& type = state_->columns->results[column].type;
  if (vector == nullptr || !type.is_multi_cell() || !state_->batch->EnsureLiveness().ok()) {
    return Elements(nullptr);
  }
  return Elements(std::make_unique<Elements::State>(type, state_->batch->CellAt(*vector, state_->row)));
}

}  // namespace stoa
