// How much of a file merges could drop, by what is known without reading it.
#pragma once

#include <cstdint>

#include "compaction/density.h"

namespace stoa {

/// The bytes that are left of files over each other once they are merged, as far as is known: the densest
/// run. `files` is not empty.
double DensestRun(const Files& files);

/// About how many of the file's rows are tombstones or have expired, before `purge_before` (in seconds since
/// 1970), which makes them old enough to be forgotten. Whether they may be depends on other files too.
double GarbageRows(const SSTableMetadata& file, int64_t now_seconds, int64_t purge_before);

}  // namespace stoa
