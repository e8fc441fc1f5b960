// The fixed parts of a blob file. FORMAT.md describes every byte. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/hash.h"
#include "io/file_header.h"

namespace stoa {

inline constexpr FileFormat kBlobFormat{"StoaBLB\n", "a blob"};
inline constexpr std::string_view kBlobFooterMagic = "StoaEnd\n";
inline constexpr size_t kBlobFooterBytes = 64;
/// Bytes of value under one checksum.
inline constexpr size_t kBlobChunkBytes = 1 << 20;
inline constexpr size_t kBlobChunkHeaderBytes = 8;

/// "<number>.blob".
std::string BlobName(uint64_t number);
/// The number of a blob's name, or 0 if it is not one.
uint64_t ParseBlobName(std::string_view name);

/// Bytes of the file that holds a value of `length` bytes; 0 when there can be no such file.
uint64_t BlobFileBytes(uint64_t length);
/// Where the chunk that begins with byte `at` of the value stands. REQUIRES: a multiple of kBlobChunkBytes.
uint64_t BlobChunkOffset(uint64_t at);

struct BlobFooter {
  uint64_t length = 0;
  HashValue128 hash;
};
std::string EncodeBlobFooter(const BlobFooter& footer, uint64_t file_id);
/// `bytes` are the last kBlobFooterBytes of a file of `file_bytes` bytes. DataLoss, located, when they are
/// not a footer or speak of a file of another size.
absl::StatusOr<BlobFooter> DecodeBlobFooter(std::string_view bytes, uint64_t file_bytes, uint64_t file_id,
                                            std::string_view file_name);

}  // namespace stoa
