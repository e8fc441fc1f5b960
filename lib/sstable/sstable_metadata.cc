// What the manifest keeps of an SSTable, and the names of SSTable files.
//
//     metadata := version:u8(=1) number:varint file_id:u64 table:varint file_bytes:varint row_count:varint
//                 partition_count:varint tombstone_count:varint hash_low:u64 hash_high:u64 bounds
#include <charconv>

#include "base/coding.h"
#include "base/strings.h"
#include "sstable/bounds_codec.h"
#include "sstable/sstable.h"

namespace stoa {
namespace {

constexpr std::string_view kSuffix = ".sst";
constexpr size_t kNameDigitsMin = 6;
constexpr uint8_t kMetadataVersion = 1;

}  // namespace

std::string SSTableName(uint64_t number) {
  const std::string digits = StrCat(number);
  const size_t zeros = digits.size() < kNameDigitsMin ? kNameDigitsMin - digits.size() : 0;
  return StrCat(std::string(zeros, '0'), digits, kSuffix);
}

uint64_t ParseSSTableName(std::string_view name) {
  if (!name.ends_with(kSuffix)) return 0;
  const std::string_view digits = name.substr(0, name.size() - kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return 0;
  return SSTableName(number) == name ? number : 0;
}

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
  if (!ReadBounds(&decoder, &metadata.bounds) || !decoder.Done()) {
    return InvalidArgument("malformed SSTable metadata of ", bytes.size(), " bytes");
  }
  return metadata;
}

}  // namespace stoa
