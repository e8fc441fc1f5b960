// A data block as it stands in the file: a short frame with the checksums, the block's header, its sections.
//
//     block := checksum:u64 header_bytes:u32 section_count:u32 section_checksum:u64[section_count] header
//     section*
//
// `checksum` covers what follows it up to the end of the header, bound to the offset of the block; each
// section's is SectionChecksum of its payload, bound to the payload's own offset. So a block can be moved
// without touching its payload: SectionChecksumOfHash gives the new checksums. The payload's codecs and sizes
// are in the header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "sstable/block.h"
#include "sstable/table_file.h"

namespace stoa {

inline constexpr size_t kBlockFrameBytes = 16;

/// All that comes before the sections of a block at `offset`.
std::string EncodeBlockFront(const BuiltBlock& block, uint64_t file_id, uint64_t offset);

/// How long the front of a block is, by its first kBlockFrameBytes, which nothing has verified yet: only good
/// for reading, within the block's own size, what DecodeBlockFront verifies.
uint64_t BlockFrontBytes(std::string_view frame);

/// Where a block is to stand in another file, and whether its first run STARTs there.
struct BlockMove {
  uint64_t file_id = 0;
  uint64_t offset = 0;
  bool first_starts = false;
};
/// Makes `*bytes`, which are the block of `file` at `range` with this header, what they have to be there:
/// other checksums and another flag. Everything is verified first: DataLoss, located in `file`, where it is
/// damaged; then the bytes are of no use.
absl::Status MoveBlock(const TableFile& file, const FileRange& range, const BlockHeader& header,
                       const BlockMove& to, std::string* bytes);

/// A front that was verified. Views into its bytes.
class BlockFront {
 public:
  /// `bytes` begin with the front of the block of `file` at `range`. DataLoss, located, when it is damaged or
  /// does not fit the range.
  static absl::StatusOr<BlockFront> Decode(const TableFile& file, const FileRange& range,
                                           std::string_view bytes, const BlockLayout& layout);

  uint64_t bytes() const { return bytes_; }
  uint64_t section_checksum(size_t section) const;
  /// The block's header, parsed; to be moved out.
  BlockHeader& header() { return header_; }

 private:
  uint64_t bytes_ = 0;
  std::string_view checksums_;
  BlockHeader header_;
};

}  // namespace stoa
