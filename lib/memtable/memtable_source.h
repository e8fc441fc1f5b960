// The memtable as a row stream.
#pragma once

#include <cstdint>
#include <memory>

#include "data/row_batch.h"
#include "memtable/token_directory.h"

namespace stoa {

/// What `spec` wants of the partitions in `directory`, which must outlive the source, as of `max_sequence`.
std::unique_ptr<RowSource> NewMemtableSource(const TokenDirectory* directory, const ScanSpec& spec,
                                             uint64_t max_sequence);

}  // namespace stoa
