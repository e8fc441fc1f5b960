// The rows of an SSTable as a stream.
#pragma once

#include <memory>

#include "data/row_batch.h"
#include "sstable/table_reader.h"

namespace stoa {

/// `stats` and `examined` (SSTable::NewSource) may be null, else must outlive the source.
std::unique_ptr<RowSource> NewTableSource(std::shared_ptr<const TableReader> reader, const ScanSpec& spec,
                                          ReadStats* stats, CacheUse cache_use, uint64_t* examined);

}  // namespace stoa
