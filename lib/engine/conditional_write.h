// Writes that depend on what is read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/conditional_write.h>

#include "engine/engine.h"
#include "engine/partition_watch.h"
#include "engine/view.h"

namespace stoa {

/// InvalidArgument unless the batch may be written under these conditions: it writes to their partition
/// alone, with no timestamp of its own, and the table has no counters.
absl::Status CheckConditional(const WriteBatch& batch, const Conditions& conditions);

/// What of a row conditions need to know, in this order.
std::vector<ColumnId> ColumnsOf(const Conditions& conditions);

/// Whether conditions on a row hold, which has `values` in `columns`; null: it does not exist.
absl::StatusOr<bool> RowSatisfies(const Conditions::RowConditions& conditions, const TableSchema& schema,
                                  std::span<const ColumnId> columns, const Row* values);

}  // namespace stoa
