// The fixed parts of an SSTable file: header, footer, and the frame of its sections. FORMAT.md describes
// every byte.
//
//     file    := header(64) extent* section(index root) section(statistics) footer(64)
//     extent  := block+ section(filter)? section(zones)* section(index page)
//     section := checksum:u64 codec:u8 kind:u8 0:u16 raw_bytes:u32 payload
//
//     header  := io/file_header.h
//     footer  := root_offset:u64 root_bytes:u64 statistics_offset:u64 statistics_bytes:u64
//     file_bytes:u64 file_id:u64
//                checksum:u64 magic:8
//
// Checksums are SectionChecksum (base/hash.h): they cover the bytes after them (in header and footer:
// before), the file's id and the offset of the structure. So every byte of a file is covered, and a structure
// that is intact but in the wrong place or file does not pass.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "io/file_header.h"

namespace stoa {

inline constexpr FileFormat kTableFormat{"StoaSST\n", "an SSTable"};
inline constexpr std::string_view kFooterMagic = "StoaEnd\n";

inline constexpr size_t kFooterBytes = 64;
inline constexpr size_t kSectionHeaderBytes = 16;

/// Where something stands in the file.
struct FileRange {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint64_t end() const { return offset + bytes; }
  friend bool operator==(const FileRange&, const FileRange&) = default;
};

/// What a section holds. Stored, so that a handle which leads to an intact section of another kind is
/// noticed.
enum class SectionKind : uint8_t { kIndexPage = 1, kIndexRoot = 2, kFilter = 3, kZones = 4, kStatistics = 5 };

struct Footer {
  FileRange index_root;
  FileRange statistics;
  uint64_t file_bytes = 0;
};
std::string EncodeFooter(const Footer& footer, uint64_t file_id);
/// `bytes` are the last kFooterBytes of a file of `file_bytes` bytes. Checks that both sections lie in front
/// of it.
absl::StatusOr<Footer> DecodeFooter(std::string_view bytes, uint64_t file_bytes, uint64_t file_id,
                                    std::string_view file_name);

}  // namespace stoa
