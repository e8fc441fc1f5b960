// Complex cells as values.
#pragma once

#include <string>

#include <stoa/types.h>

#include "data/row_batch.h"

namespace stoa {

/// Appends the serialized value (types/composite_codec.h) of a column of several cells: its resolved cell's
/// elements, whatever of them is alive. Elements that do not belong to the type, as a field that was added
/// since the type was taken, are left out.
void AppendComplexValue(const DataType& type, const Cell& cell, std::string* value);

}  // namespace stoa
