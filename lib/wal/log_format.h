// The bytes of the write-ahead log: what a segment header and a record header look like, and how they are
// checked. FORMAT.md is the normative text; this is its only implementation. Pure functions over bytes.
//
//     segment := segment header, record*, [seal | close]          integers are little-endian
//
//     segment header, 80 bytes                        record header, 48 bytes, then the payload
//      0 magic                   8                     0 check         4  low half of XXH3 over bytes 4..47,
//      8 format number           4                                        seed = segment key + offset of the
//      header
//     12 feature flags           4                     4 payload bytes 4
//     16 database id             8                     8 kind          1
//     24 segment number          8                     9 zero          3
//     32 previous number         8                    12 synced bytes  4
//     40 previous bytes          8                    16 sequence      8
//     48 previous chain          8                    24 timestamp     8
//     56 previous synced bytes   8                    32 now seconds   8
//     64 after sequence          8                    40 chain         8  XXH3 over bytes 4..39 and the hash
//     of the 72 checksum                8  XXH3 over 0..71                       payload, seed = the chain
//     value before
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include "wal/log_record.h"

namespace stoa {

inline constexpr size_t kLogSegmentHeaderBytes = 80;
inline constexpr size_t kLogRecordHeaderBytes = 48;

/// A record holds a batch, and a batch is held in memory: this is far above any that makes sense, and bounds
/// what a reader allocates.
inline constexpr uint64_t kLogPayloadBytesMax = uint64_t{1} << 30;
/// Offsets within a segment are stored in 32 bits.
inline constexpr uint64_t kLogSegmentBytesMax = uint64_t{1} << 31;

/// What a segment says about itself and about the one before it.
struct LogSegmentHeader {
  uint64_t database_id = 0;
  uint64_t number = 0;
  uint64_t previous_number = 0;        ///< 0: the log begins here
  uint64_t previous_bytes = 0;         ///< the length of the previous segment, its seal included
  uint64_t previous_chain = 0;         ///< the chain value after its seal
  uint64_t previous_synced_bytes = 0;  ///< how much of it was known to be durable
  uint64_t after_sequence = 0;         ///< the greatest sequence before this segment
};

struct LogRecordHeader {
  uint32_t payload_bytes = 0;
  LogRecordKind kind = LogRecordKind::kMutations;
  /// How much of this segment was known to be durable when the record was written; if not 0, everything of
  /// earlier segments was.
  uint32_t synced_bytes = 0;
  uint64_t sequence = 0;
  int64_t timestamp = 0;
  int64_t now_seconds = 0;
  uint64_t chain = 0;
};

/// Writes kLogSegmentHeaderBytes bytes. Returns the chain value that the first record continues.
uint64_t EncodeLogSegmentHeader(const LogSegmentHeader& header, char* to);

/// Reads the header at the start of `segment`, and the chain value that the first record continues. DataLoss
/// when it is incomplete or fails its checksum; Unimplemented when it is intact but of a format that this
/// code does not know. `file_name` is for messages.
absl::Status DecodeLogSegmentHeader(std::string_view file_name, std::string_view segment,
                                    LogSegmentHeader* header, uint64_t* chain);

/// Binds record headers to their segment: computed once per segment.
uint64_t LogSegmentKey(uint64_t database_id, uint64_t segment_number);

/// Writes kLogRecordHeaderBytes bytes for a header that will stand at `offset` of the segment; `header.chain`
/// is ignored. Returns the chain value after the record.
uint64_t EncodeLogRecordHeader(const LogRecordHeader& header, uint64_t payload_hash, uint64_t previous_chain,
                               uint64_t segment_key, uint64_t offset, char* to);

/// Reads the kLogRecordHeaderBytes bytes at `from`, which are at `offset` of the segment. False when they
/// fail their own check; they can only pass it where they were written. Says nothing of the payload.
bool DecodeLogRecordHeader(const char* from, uint64_t segment_key, uint64_t offset, LogRecordHeader* header);

/// The chain value that the encoded header at `from` must carry.
uint64_t LogRecordChain(const char* from, uint64_t payload_hash, uint64_t previous_chain);

/// "<number, at least 10 digits>.wal".
std::string LogSegmentName(uint64_t number);
/// The number of a segment file's name, or 0 if it is not one.
uint64_t ParseLogSegmentName(std::string_view name);

}  // namespace stoa
