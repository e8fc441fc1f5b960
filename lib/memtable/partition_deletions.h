// The deletions of a partition in the memtable.
#pragma once

#include <cstdint>
#include <string_view>

#include "data/deletion_time.h"
#include "memtable/range_tombstones.h"
#include "memtable/version_chain.h"

namespace stoa {

/// One writer at a time; readers take no locks.
struct PartitionDeletions {
  VersionChain<DeletionTime> deletion;  ///< of the whole partition
  VersionChain<RangeTombstones> range_tombstones;

  /// The strongest that covers a row as of `max_sequence`.
  DeletionTime Covering(std::string_view clustering, uint64_t max_sequence) const {
    return Stronger(deletion.At(max_sequence), range_tombstones.At(max_sequence).Covering(clustering));
  }
};

}  // namespace stoa
