// The header with which files of our own formats begin. Magic, format number, feature flags, file id and
// checksum keep their places in every format to come.
//
//     header := magic:8 format:u32 incompatible:u32 compatible:u32 0:u32 file_id:u64 key_id:u64 nonce:16
//               checksum:u64
//
// The checksum is SectionChecksum (base/hash.h) of what stands before it, at offset 0. Key id and nonce are
// zero: reserved for encryption.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace stoa {

inline constexpr size_t kFileHeaderBytes = 64;
inline constexpr size_t kFileMagicBytes = 8;

/// What a kind of file is known by, and what this code knows of it.
struct FileFormat {
  std::string_view magic;  ///< kFileMagicBytes
  std::string_view name;   ///< for messages: "an SSTable"
  uint32_t format = 1;
  /// A file with an incompatible feature that is not among these is refused; compatible ones are ignored.
  uint32_t incompatible_features = 0;
};

std::string EncodeFileHeader(const FileFormat& format, uint64_t file_id);
/// `bytes` are the first kFileHeaderBytes of the file; returns the file's id. Unimplemented for a format or
/// feature that this code does not know; DataLoss when it is not a header.
absl::StatusOr<uint64_t> DecodeFileHeader(const FileFormat& format, std::string_view bytes,
                                          std::string_view file_name);

}  // namespace stoa
