// Files that lie whole under a deletion in another file, so that they can go without being read.
//
// A partition of a time series is deleted when it is over, the end of a queue up to where it was worked off:
// by one deletion, over rows that large partitions have in files of their own. Then nothing in such a file is
// seen by any reader, and it may go at once:
//
//  * Its rows and cells: the deletion is newer than all of them and reaches over all of them.
//  * Its own deletions and expired cells: what they hide lies where they reach, which is inside of the file's
//    bounds (SourceBounds), and is as old as they are, so the one deletion hides it too. That deletion in
//    turn is forgotten only by a merge with everything that it may hide (CanPurge), as if the file had never
//    been.
//  * Snapshots and cursors: what they see they keep open.
//
// Of files that cover each other one has to stay. Deletions in memory do not count:
// the file would be gone for good while a power failure may still take the deletion back.
#pragma once

#include <cstdint>

#include <absl/status/statusor.h>

#include "sstable/sstable.h"

namespace stoa {

/// Of two files, by their numbers, one that is covered by a deletion in the other.
struct FileCover {
  uint64_t file = 0;
  uint64_t by = 0;

  friend auto operator<=>(const FileCover&, const FileCover&) = default;
};

/// Whether one deletion in `by` may cover all of `file`, by what is known without reading either. Only files
/// inside of one partition can be, for nothing deletes several at once.
bool MayCover(const SSTableMetadata& by, const SSTableMetadata& file);

/// Whether it does: a deletion of the partition, or range deletions without a gap between them. Reads little
/// of `by`, and says no if that does not show it. Errors are those of reading. REQUIRES: MayCover.
absl::StatusOr<bool> Covers(const SSTable& by, const SSTableMetadata& file);

}  // namespace stoa
