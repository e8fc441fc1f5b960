// Reduces a merged stream to what is alive.
#pragma once

#include <cstdint>
#include <memory>

#include "data/row_batch.h"

namespace stoa {

/// Strips everything dead at `now_seconds` from a merged stream: tombstones of every kind, expired cells and
/// markers, rows with neither a live marker nor a live cell, range-changes, partition deletions, and
/// partitions in which no row is left. Clean batches pass untouched; of others, batches are rebuilt only
/// where something has to go.
std::unique_ptr<RowSource> NewLiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec,
                                         int64_t now_seconds);

}  // namespace stoa
