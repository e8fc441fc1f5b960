// Reduces a merged stream to what is alive.
#pragma once

#include <cstdint>
#include <memory>

#include "data/row_batch.h"
#include "read/dead_run_guide.h"

namespace stoa {

/// Strips everything dead at `now_seconds` from a merged stream: tombstones of every kind, expired cells and
/// markers, rows with neither a live marker nor a live cell, range-changes, partition deletions, and
/// partitions in which no row is left. Clean batches pass untouched; of others, batches are rebuilt only
/// where something has to go. With a `guide`, which outlives the filter, `spec` is of one partition, and long
/// runs of dead rows that it knows are skipped. The dead rows and range-changes that it reads are added to
/// `dead`, which is null or outlives it.
std::unique_ptr<RowSource> NewLiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec,
                                         int64_t now_seconds, DeadRunGuide* guide = nullptr,
                                         uint64_t* dead = nullptr);

}  // namespace stoa
