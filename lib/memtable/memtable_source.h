// The memtable as a row stream.
#pragma once

#include <cstdint>
#include <memory>

#include "data/row_batch.h"
#include "data/row_counts.h"
#include "memtable/stored_row.h"
#include "memtable/token_directory.h"

namespace stoa {

/// What `spec` wants of the partitions in `directory`, which must outlive the source, of what was written
/// under `sequences`. Deletions from before are repeated where others are. What `counts` points to must
/// outlive it, too.
std::unique_ptr<RowSource> NewMemtableSource(const TokenDirectory* directory, const ScanSpec& spec,
                                             const SequenceRange& sequences, const RowCounts& counts);

}  // namespace stoa
