// The hashes of the engine: the partition token, and XXH3 for everything that is not a token.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>

namespace stoa {

/// The token of a serialized partition key, bit-compatible with Cassandra's Murmur3Partitioner: the first
/// 64 bits of MurmurHash3 x64/128 with seed 0, except that the last 0-15 bytes are sign-extended before
/// they are shifted into place, and that a result of INT64_MIN is replaced by INT64_MAX.
int64_t PartitionToken(std::string_view partition_key);

/// Tokens are ordered as signed integers; this maps them to unsigned integers of the same order, which is
/// the form the engine keeps them in.
inline uint64_t OrderedToken(int64_t token) { return static_cast<uint64_t>(token) ^ (uint64_t{1} << 63); }
inline int64_t TokenFromOrdered(uint64_t ordered) {
  return static_cast<int64_t>(ordered ^ (uint64_t{1} << 63));
}

/// XXH3, 64 bits.
uint64_t Hash64(std::string_view bytes, uint64_t seed = 0);

/// XXH3, 128 bits: tells values apart for good.
struct HashValue128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend auto operator<=>(const HashValue128&, const HashValue128&) = default;
};
HashValue128 Hash128(std::string_view bytes);

/// The checksum stored with a section of a file: covers the payload, the file's id and the section's
/// offset, so that a section which is intact but in the wrong place does not pass.
uint64_t SectionChecksum(std::string_view payload, uint64_t file_id, uint64_t offset);

/// The same for a payload whose Hash64 is known, which is how a section is moved without reading it twice.
uint64_t SectionChecksumOfHash(uint64_t payload_hash, uint64_t file_id, uint64_t offset);

}  // namespace stoa
