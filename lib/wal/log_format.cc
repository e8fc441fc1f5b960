#include "wal/log_format.h"

#include <cstring>

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>

#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"

namespace stoa {
namespace {

constexpr std::string_view kMagic("STOA.WAL", 8);
constexpr uint32_t kFormat = 1;
constexpr uint32_t kKnownFeatures = 0;

// Positions in the segment header.
constexpr size_t kFormatAt = 8;
constexpr size_t kFeaturesAt = 12;
constexpr size_t kDatabaseIdAt = 16;
constexpr size_t kNumberAt = 24;
constexpr size_t kPreviousNumberAt = 32;
constexpr size_t kPreviousBytesAt = 40;
constexpr size_t kPreviousChainAt = 48;
constexpr size_t kPreviousSyncedBytesAt = 56;
constexpr size_t kAfterSequenceAt = 64;
constexpr size_t kChecksumAt = 72;
static_assert(kChecksumAt + 8 == kLogSegmentHeaderBytes);

// Positions in the record header.
constexpr size_t kPayloadBytesAt = 4;
constexpr size_t kKindAt = 8;
constexpr size_t kSyncedBytesAt = 12;
constexpr size_t kSequenceAt = 16;
constexpr size_t kTimestampAt = 24;
constexpr size_t kNowSecondsAt = 32;
constexpr size_t kChainAt = 40;
static_assert(kChainAt + 8 == kLogRecordHeaderBytes);

uint32_t RecordHeaderCheck(const char* from, uint64_t segment_key, uint64_t offset) {
  const std::string_view covered(from + kPayloadBytesAt, kLogRecordHeaderBytes - kPayloadBytesAt);
  return static_cast<uint32_t>(Hash64(covered, segment_key + offset));
}

}  // namespace

uint64_t EncodeLogSegmentHeader(const LogSegmentHeader& header, char* to) {
  std::memcpy(to, kMagic.data(), kMagic.size());
  StoreLittle(to + kFormatAt, kFormat);
  StoreLittle(to + kFeaturesAt, kKnownFeatures);
  StoreLittle(to + kDatabaseIdAt, header.database_id);
  StoreLittle(to + kNumberAt, header.number);
  StoreLittle(to + kPreviousNumberAt, header.previous_number);
  StoreLittle(to + kPreviousBytesAt, header.previous_bytes);
  StoreLittle(to + kPreviousChainAt, header.previous_chain);
  StoreLittle(to + kPreviousSyncedBytesAt, header.previous_synced_bytes);
  StoreLittle(to + kAfterSequenceAt, header.after_sequence);
  const uint64_t checksum = Hash64(std::string_view(to, kChecksumAt));
  StoreLittle(to + kChecksumAt, checksum);
  return checksum;
}

absl::Status DecodeLogSegmentHeader(std::string_view file_name, std::string_view segment,
                                    LogSegmentHeader* header, uint64_t* chain) {
  if (segment.size() < kLogSegmentHeaderBytes) {
    return Corruption(file_name, segment.size(), "the segment header is incomplete");
  }
  const char* from = segment.data();
  const uint64_t checksum = LoadLittle<uint64_t>(from + kChecksumAt);
  if (!segment.starts_with(kMagic) || Hash64(segment.substr(0, kChecksumAt)) != checksum) {
    return Corruption(file_name, 0, "the segment header is damaged");
  }
  if (const uint32_t format = LoadLittle<uint32_t>(from + kFormatAt); format != kFormat) {
    return absl::UnimplementedError(
        StrCat(file_name, " is a log segment of format ", format, ", only ", kFormat, " is known"));
  }
  const uint32_t features = LoadLittle<uint32_t>(from + kFeaturesAt);
  if ((features & ~kKnownFeatures) != 0) {
    return absl::UnimplementedError(
        StrCat(file_name, " is a log segment with unknown feature flags ", features & ~kKnownFeatures));
  }
  header->database_id = LoadLittle<uint64_t>(from + kDatabaseIdAt);
  header->number = LoadLittle<uint64_t>(from + kNumberAt);
  header->previous_number = LoadLittle<uint64_t>(from + kPreviousNumberAt);
  header->previous_bytes = LoadLittle<uint64_t>(from + kPreviousBytesAt);
  header->previous_chain = LoadLittle<uint64_t>(from + kPreviousChainAt);
  header->previous_synced_bytes = LoadLittle<uint64_t>(from + kPreviousSyncedBytesAt);
  header->after_sequence = LoadLittle<uint64_t>(from + kAfterSequenceAt);
  *chain = checksum;
  return absl::OkStatus();
}

uint64_t LogSegmentKey(uint64_t database_id, uint64_t segment_number) {
  char input[16];
  StoreLittle(input, database_id);
  StoreLittle(input + 8, segment_number);
  return Hash64(std::string_view(input, sizeof(input)));
}

uint64_t EncodeLogRecordHeader(const LogRecordHeader& header, uint64_t payload_hash, uint64_t previous_chain,
                               uint64_t segment_key, uint64_t offset, char* to) {
  StoreLittle(to + kPayloadBytesAt, header.payload_bytes);
  // The kind and three zero bytes.
  StoreLittle(to + kKindAt, static_cast<uint32_t>(header.kind));
  StoreLittle(to + kSyncedBytesAt, header.synced_bytes);
  StoreLittle(to + kSequenceAt, header.sequence);
  StoreLittle(to + kTimestampAt, header.timestamp);
  StoreLittle(to + kNowSecondsAt, header.now_seconds);
  // The payload's hash stands where the chain value goes, just for the hashing.
  StoreLittle(to + kChainAt, payload_hash);
  const std::string_view covered(to + kPayloadBytesAt, kLogRecordHeaderBytes - kPayloadBytesAt);
  const uint64_t chain = Hash64(covered, previous_chain);
  StoreLittle(to + kChainAt, chain);
  StoreLittle(to, RecordHeaderCheck(to, segment_key, offset));
  return chain;
}

bool DecodeLogRecordHeader(const char* from, uint64_t segment_key, uint64_t offset, LogRecordHeader* header) {
  // Kind 0 does not exist and the bytes after the kind are zero: this spares the hash almost everywhere when
  // a damaged segment is searched byte by byte.
  const uint32_t kind_and_zeros = LoadLittle<uint32_t>(from + kKindAt);
  if (kind_and_zeros == 0 || kind_and_zeros > 0xff) return false;
  if (RecordHeaderCheck(from, segment_key, offset) != LoadLittle<uint32_t>(from)) return false;
  header->payload_bytes = LoadLittle<uint32_t>(from + kPayloadBytesAt);
  header->kind = static_cast<LogRecordKind>(kind_and_zeros);
  header->synced_bytes = LoadLittle<uint32_t>(from + kSyncedBytesAt);
  header->sequence = LoadLittle<uint64_t>(from + kSequenceAt);
  header->timestamp = LoadLittle<int64_t>(from + kTimestampAt);
  header->now_seconds = LoadLittle<int64_t>(from + kNowSecondsAt);
  header->chain = LoadLittle<uint64_t>(from + kChainAt);
  return true;
}

uint64_t LogRecordChain(const char* from, uint64_t payload_hash, uint64_t previous_chain) {
  char input[kLogRecordHeaderBytes - kPayloadBytesAt];
  std::memcpy(input, from + kPayloadBytesAt, sizeof(input) - 8);
  StoreLittle(input + sizeof(input) - 8, payload_hash);
  return Hash64(std::string_view(input, sizeof(input)), previous_chain);
}

std::string LogSegmentName(uint64_t number) { return absl::StrFormat("%010d.wal", number); }

uint64_t ParseLogSegmentName(std::string_view name) {
  constexpr std::string_view kSuffix = ".wal";
  if (!name.ends_with(kSuffix)) return 0;
  uint64_t number = 0;
  if (!absl::SimpleAtoi(ToAbsl(name.substr(0, name.size() - kSuffix.size())), &number)) return 0;
  // Only the one way to write a number is a name: "+0000000001.wal" and "1.wal" are somebody else's files.
  return LogSegmentName(number) == name ? number : 0;
}

}  // namespace stoa
