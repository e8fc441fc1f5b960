// What a file says of itself as a whole.
//
//     statistics := table:u64 schema_version:u32 rows:u64 partitions:u64 tombstones:u64 blocks:u64
//     extents:u64
//                   bounds (bounds_codec.h) layout:bytes (block.h) zones:varint (column:u32 zone
//                   (zone_map.h))[zones] blobs (ids in data/blob_reference.h)
//
// One zone for each column with a live value, columns ascending.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "data/blob_reference.h"
#include "data/source_bounds.h"
#include "sstable/block.h"
#include "sstable/sstable.h"
#include "sstable/zone_map.h"

namespace stoa {

struct Statistics {
  TableId table = 0;
  uint32_t schema_version = 0;
  uint64_t row_count = 0;
  uint64_t partition_count = 0;
  uint64_t tombstone_count = 0;
  uint64_t block_count = 0;
  uint64_t extent_count = 0;
  SourceBounds bounds;
  BlockLayout layout;
  std::map<ColumnId, ZoneRange> zones;
  std::vector<BlobId> blobs;  ///< that cells refer to, ascending

  /// About what this takes on the heap.
  size_t memory_bytes() const;

  void Encode(std::string* out) const;
  /// DataLoss when the bytes are malformed.
  static absl::StatusOr<Statistics> Decode(std::string_view bytes);
};

/// The same as far as the manifest keeps it; without the hash of the file.
SSTableMetadata MetadataOf(const Statistics& statistics, uint64_t number, uint64_t file_id,
                           uint64_t file_bytes);

}  // namespace stoa
