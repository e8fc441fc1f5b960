// What the manifest keeps of an SSTable, and the names of SSTable files.
//
//     metadata := version:u8(=1) number:varint file_id:u64 table:varint file_bytes:varint row_count:varint
//                 partition_count:varint tombstone_count:varint hash_low:u64 hash_high:u64 bounds blobs
#include "base/coding.h"
#include "base/strings.h"
#include "io/files.h"
#include "sstable/bounds_codec.h"
#include "sstable/sstable.h"

namespace stoa {
namespace {

constexpr std::string_view kSuffix = ".sst";
constexpr uint8_t kMetadataVersion = 1;

}  // namespace

std::string SSTableName(uint64_t number) { return NumberedFileName(number, kSuffix); }
uint64_t ParseSSTableName(std::string_view name) { return ParseNumberedFileName(name, kSuffix); }

void SSTableMetadata::Encode(std::string* out) const {
  AppendLittle(out, kMetadataVersion);
  AppendVarint(out, number);
  AppendLittle(out, file_id);
  AppendVarint(out, table);
  AppendVarint(out, file_bytes);
  AppendVarint(out, row_count);
  AppendVarint(out, partition_count);
  AppendVarint(out, tombstone_count);
  AppendLittle(out, file_hash_low);
  AppendLittle(out, file_hash_high);
  AppendBounds(out, bounds);
  AppendBlobIds(out, blobs);
}

absl::StatusOr<SSTableMetadata> SSTableMetadata::Decode(std::string_view bytes) {
  SSTableMetadata metadata;
  uint8_t version = 0;
  Decoder decoder(bytes);
  if (decoder.Little(&version) && version != kMetadataVersion) {
    return InvalidArgument("SSTable metadata of version ", version, ", this version knows ",
                           kMetadataVersion);
  }
  decoder.Varint(&metadata.number);
  decoder.Little(&metadata.file_id);
  decoder.Varint(&metadata.table);
  decoder.Varint(&metadata.file_bytes);
  decoder.Varint(&metadata.row_count);
  decoder.Varint(&metadata.partition_count);
  decoder.Varint(&metadata.tombstone_count);
  decoder.Little(&metadata.file_hash_low);
  decoder.Little(&metadata.file_hash_high);
  if (!ReadBounds(&decoder, &metadata.bounds) || !ReadBlobIds(&decoder, &metadata.blobs) || !decoder.Done()) {
    return InvalidArgument("malformed SSTable metadata of ", bytes.size(), " bytes");
  }
  return metadata;
}

}  // namespace stoa
