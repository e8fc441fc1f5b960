#include "sstable/statistics.h"

#include "base/coding.h"
#include "base/status_macros.h"
#include "sstable/bounds_codec.h"

namespace stoa {
namespace {

bool IsWord(TypeKind kind) { return DataType(kind).is_word(); }

bool ReadZones(Decoder* decoder, Statistics* statistics) {
  uint64_t count = 0;
  if (!decoder->Varint(&count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    ColumnId column = 0;
    if (!decoder->Little(&column)) return false;
    const std::optional<TypeKind> kind = KindOf(statistics->layout, column);
    if (!kind.has_value() || (i > 0 && column <= statistics->zones.rbegin()->first)) return false;
    ZoneView zone;
    if (!ReadZone(decoder, IsWord(*kind), &zone)) return false;
    statistics->zones[column].Add(*kind, zone);
  }
  return true;
}

}  // namespace

size_t Statistics::memory_bytes() const {
  // A node of the map is its value and four words.
  size_t bytes = zones.size() * (sizeof(*zones.begin()) + 4 * sizeof(void*)) +
                 layout.columns.capacity() * sizeof(BlockLayout::ColumnType) + bounds.first.key.capacity() +
                 bounds.first.clustering.capacity() + bounds.last.key.capacity() +
                 bounds.last.clustering.capacity();
  for (const auto& [column, zone] : zones) bytes += zone.bytes_min.size() + zone.bytes_max.size();
  return bytes;
}

void Statistics::Encode(std::string* out) const {
  AppendLittle(out, table);
  AppendLittle(out, schema_version);
  AppendLittle(out, row_count);
  AppendLittle(out, partition_count);
  AppendLittle(out, tombstone_count);
  AppendLittle(out, block_count);
  AppendLittle(out, extent_count);
  AppendBounds(out, bounds);
  std::string encoded_layout;
  layout.Encode(&encoded_layout);
  AppendLengthPrefixed(out, encoded_layout);
  AppendVarint(out, zones.size());
  for (const auto& [column, zone] : zones) {
    AppendLittle(out, column);
    zone.Encode(IsWord(*KindOf(layout, column)), out);
  }
  AppendBlobIds(out, blobs);
}

absl::StatusOr<Statistics> Statistics::Decode(std::string_view bytes) {
  Statistics statistics;
  std::string_view layout;
  Decoder decoder(bytes);
  decoder.Little(&statistics.table);
  decoder.Little(&statistics.schema_version);
  decoder.Little(&statistics.row_count);
  decoder.Little(&statistics.partition_count);
  decoder.Little(&statistics.tombstone_count);
  decoder.Little(&statistics.block_count);
  decoder.Little(&statistics.extent_count);
  if (!ReadBounds(&decoder, &statistics.bounds) || !decoder.LengthPrefixed(&layout)) {
    return absl::DataLossError("malformed statistics");
  }
  STOA_ASSIGN_OR_RETURN(statistics.layout, BlockLayout::Decode(layout));
  if (!ReadZones(&decoder, &statistics) || !ReadBlobIds(&decoder, &statistics.blobs) || !decoder.Done()) {
    return absl::DataLossError("malformed zones or blobs in the statistics");
  }
  return statistics;
}

SSTableMetadata MetadataOf(const Statistics& statistics, uint64_t number, uint64_t file_id,
                           uint64_t file_bytes) {
  SSTableMetadata metadata;
  metadata.number = number;
  metadata.file_id = file_id;
  metadata.table = statistics.table;
  metadata.file_bytes = file_bytes;
  metadata.row_count = statistics.row_count;
  metadata.partition_count = statistics.partition_count;
  metadata.tombstone_count = statistics.tombstone_count;
  metadata.bounds = statistics.bounds;
  metadata.blobs = statistics.blobs;
  return metadata;
}

}  // namespace stoa
