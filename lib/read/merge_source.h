// Merges row sources into one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/row_batch.h"

namespace stoa {

/// The merge of `sources`, which all read by `spec`, as one stream: rows of equal position are reconciled
/// (data/row_merger.h), what deletions shadow is gone, the deletions themselves remain. Keeps the sources.
/// Batches of one source that nothing else overlaps pass through without being copied or loaded. Rows that it
/// drops are added to `dropped`, which is null or outlives it.
std::unique_ptr<RowSource> NewMergeSource(std::vector<std::unique_ptr<RowSource>> sources,
                                          const ScanSpec& spec, uint64_t* dropped = nullptr);

}  // namespace stoa
