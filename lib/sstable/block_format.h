// Numbers that the header of a block is made of; FORMAT.md describes every byte.
//
//     header    := flags:u8 row_count run_count change_count            all integers are varints
//                  min_timestamp:svarint timestamp_range
//                  [open_before: timestamp:svarint local_time:svarint]
//                  section_count (codec:u8 raw_bytes [stored_bytes])*   stored_bytes of zstd sections alone
//                  key_descriptors liveness_descriptors
//                  directory
//     directory := column_count raw_bytes [stored_bytes] bytes          stored_bytes and zstd if
//     kPackedDirectory
#pragma once

#include <cstddef>
#include <cstdint>

namespace stoa {

namespace block_flags {
inline constexpr uint8_t kClean = 1;
inline constexpr uint8_t kFirstStarts = 2;
inline constexpr uint8_t kHasLiveness = 4;  ///< section 1 is liveness
inline constexpr uint8_t kOpenBefore = 8;
inline constexpr uint8_t kPackedDirectory = 16;
inline constexpr uint8_t kWholeKeys = 32;
/// 128 is taken for encryption: a key id and a nonce will follow the flags.
inline constexpr uint8_t kKnown = 63;
}  // namespace block_flags

/// More runs or range-changes than this do not come together in one block: a batch has fewer.
inline constexpr uint32_t kBlockElementsMax = 1u << 24;
/// A directory from this size on is compressed if that makes it smaller.
inline constexpr size_t kPackedDirectoryBytesMin = 256;
/// A directory entry has at most 5 + 1 + 5 bytes, and there is one for each of 65,535 columns.
inline constexpr size_t kDirectoryBytesMax = 1u << 20;

}  // namespace stoa
