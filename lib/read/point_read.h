// Reads one row that is named by its whole key.
#pragma once

#include <cstdint>

#include <absl/status/status.h>

#include "data/row_merger.h"
#include "data/source_bounds.h"

namespace stoa {

/// The loop of a point read over SSTables, newest data first, after the memtables have been added to
/// `merger`. Stops at the first table whose greatest timestamp, which is also that of all after it, can
/// change nothing (RowMerger::IsComplete). `Tables` is a range of pointers with bounds() and GetRow; a
/// template so that nothing is allocated and nothing is called indirectly.
template <typename Tables, typename GetRow>
absl::Status ReadRowFromTables(const Tables& tables, int64_t now_seconds, RowMerger* merger,
                               const GetRow& get_row) {
  for (const auto& table : tables) {
    if (merger->IsComplete(table->bounds().times.max_timestamp, now_seconds)) break;
    if (absl::Status status = get_row(*table); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace stoa
