// Where the output of a merge is cut into files.
#pragma once

#include <cstdint>
#include <vector>

#include <stoa/compaction_options.h>

namespace stoa {

/// Into how many files, for as many equal parts of all tokens, a table of this density is cut. As in
/// Cassandra (CEP-26): fewer than base_shard_count, and a power of two, as long as files would otherwise be
/// smaller than min_sstable_bytes; else base_shard_count times a power of two, so that cuts at one density
/// are cuts at all greater ones and what lies between two cuts is merged independently of the rest.
uint32_t ShardCount(const CompactionOptions& options, double density);

/// The tokens at which the shards begin, ascending from 0.
std::vector<uint64_t> ShardStarts(uint32_t shard_count);
/// The shard that has the token, from 0.
uint32_t ShardOf(uint32_t shard_count, uint64_t token);

}  // namespace stoa
