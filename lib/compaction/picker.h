// Chooses what to merge. A pure function of the files alone.
#pragma once

#include <cstdint>
#include <vector>

#include "sstable/sstable.h"

namespace stoa {

/// Files of one table that should be merged into one, by number; empty when nothing needs merging.
/// Size-tiered: files whose sizes share a power of four form a tier, and a tier of kTierFiles is merged,
/// smallest tier first. So every byte is rewritten about log4(size of the table / size of a flush) times, and
/// a table has at most three files per tier.
std::vector<uint64_t> PickMerge(const std::vector<SSTableMetadata>& files);

inline constexpr size_t kTierFiles = 4;

}  // namespace stoa
