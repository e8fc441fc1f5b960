// Which files lie over each other.
#pragma once

#include <cstddef>
#include <vector>

#include "compaction/density.h"

namespace stoa {

/// The files at the place where most of them lie over each other; where several places have as many, the
/// first.
Files Deepest(const Files& files);

/// `files` in groups that do not overlap one another: each file overlaps another of its group, unless it is
/// alone. In order of position.
std::vector<Files> OverlapGroups(Files files);

}  // namespace stoa
