#include "data/complex_value.h"

#include "base/coding.h"
#include "data/complex_cell.h"
#include "data/element_path.h"
#include "types/composite_codec.h"

namespace stoa {
namespace {

/// List, set or map: a number of elements, and these.
void AppendCollection(const DataType& type, const Cell& cell, std::string* value) {
  const size_t count_at = value->size();
  AppendBig<int32_t>(value, 0);
  int32_t count = 0;
  std::string key;
  ComplexCellReader reader(cell);
  for (ComplexElement element; reader.NextElement(&element);) {
    if (element.cell.tombstone) continue;
    if (type.kind() != TypeKind::kList) {
      key.clear();
      if (!DecodeKeyPath(type, element.path, &key)) continue;
      AppendElement(type, Element{false, key}, value);
    }
    if (type.kind() != TypeKind::kSet) AppendElement(type, Element{false, element.cell.bytes}, value);
    ++count;
  }
  StoreBig(value->data() + count_at, count);
}

void AppendUserType(const DataType& type, const Cell& cell, std::string* value) {
  size_t next = 0;
  ComplexCellReader reader(cell);
  for (ComplexElement element; reader.NextElement(&element);) {
    size_t field = 0;
    if (element.cell.tombstone || !DecodeFieldPath(type, element.path, &field) || field < next) continue;
    for (; next < field; ++next) AppendElement(type, Element{true, {}}, value);
    AppendElement(type, Element{false, element.cell.bytes}, value);
    ++next;
  }
  for (; next < type.parameters().size(); ++next) AppendElement(type, Element{true, {}}, value);
}

}  // namespace

void AppendComplexValue(const DataType& type, const Cell& cell, std::string* value) {
  if (type.kind() == TypeKind::kUserType) {
    AppendUserType(type, cell, value);
  } else {
    AppendCollection(type, cell, value);
  }
}

}  // namespace stoa
