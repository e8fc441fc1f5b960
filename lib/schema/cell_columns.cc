#include "schema/cell_columns.h"

#include <algorithm>

namespace stoa {

std::vector<const Column*> CellColumns(const TableSchema& schema) {
  std::vector<const Column*> columns;
  columns.reserve(schema.static_columns().size() + schema.regular().size());
  for (const Column& column : schema.static_columns()) columns.push_back(&column);
  for (const Column& column : schema.regular()) columns.push_back(&column);
  if (schema.static_columns().empty()) return columns;
  std::sort(columns.begin(), columns.end(), [](const Column* a, const Column* b) { return a->id < b->id; });
  return columns;
}

const Column* FindById(const std::vector<Column>& columns, ColumnId id) {
  const auto at = std::lower_bound(columns.begin(), columns.end(), id,
                                   [](const Column& column, ColumnId wanted) { return column.id < wanted; });
  return at != columns.end() && at->id == id ? &*at : nullptr;
}

}  // namespace stoa
