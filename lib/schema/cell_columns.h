// The columns of a table that hold cells.
#pragma once

#include <vector>

#include <stoa/schema.h>

namespace stoa {

/// Static and regular columns, ascending by id: in the order of projections. Point into the schema.
std::vector<const Column*> CellColumns(const TableSchema& schema);

/// The column of this id among `columns`, which are one part of a schema; null if it is none of them.
const Column* FindById(const std::vector<Column>& columns, ColumnId id);

}  // namespace stoa
