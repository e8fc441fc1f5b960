// The memtable as a row stream.
#pragma once

#include <cstdint>
#include <memory>

#include "data/row_batch.h"
#include "memtable/stored_row.h"
#include "memtable/token_directory.h"

namespace stoa {

/// What `spec` wants of the partitions in `directory`, which must outlive the source, of what was written
/// under `sequences`. Deletions from before are repeated where others are.
std::unique_ptr<RowSource> NewMemtableSource(const TokenDirectory* directory, const ScanSpec& spec,
                                             const SequenceRange& sequences);

}  // namespace stoa
