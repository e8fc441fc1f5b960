#include "sstable/stored_block.h"

#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "sstable/block_format.h"

namespace stoa {
namespace {

constexpr size_t kHeaderBytesAt = 8;
constexpr size_t kSectionCountAt = 12;

/// How long the front is that `bytes`, the block of `file` at `range` or its beginning, have.
absl::StatusOr<uint64_t> VerifyFront(const TableFile& file, const FileRange& range, std::string_view bytes) {
  const uint64_t front_bytes = bytes.size() >= kBlockFrameBytes ? BlockFrontBytes(bytes) : 0;
  if (front_bytes < kBlockFrameBytes || front_bytes > bytes.size() || front_bytes > range.bytes) {
    return file.Corrupt(range.offset, "the frame of a block of ", range.bytes, " bytes is damaged");
  }
  const std::string_view covered = bytes.substr(kHeaderBytesAt, front_bytes - kHeaderBytesAt);
  if (LoadLittle<uint64_t>(bytes.data()) != SectionChecksum(covered, file.file_id(), range.offset)) {
    return file.Corrupt(range.offset, "the checksum of a block's header is wrong");
  }
  return front_bytes;
}

}  // namespace

std::string EncodeBlockFront(const BuiltBlock& block, uint64_t file_id, uint64_t offset) {
  std::string front(8, '\0');
  AppendLittle(&front, static_cast<uint32_t>(block.header.size()));
  AppendLittle(&front, static_cast<uint32_t>(block.sections.size()));
  uint64_t section_offset = offset + kBlockFrameBytes + block.sections.size() * 8 + block.header.size();
  for (const BlockSection& section : block.sections) {
    AppendLittle(&front, SectionChecksum(section.payload, file_id, section_offset));
    section_offset += section.payload.size();
  }
  front.append(block.header);
  StoreLittle(front.data(), SectionChecksum(std::string_view(front).substr(kHeaderBytesAt), file_id, offset));
  return front;
}

uint64_t BlockFrontBytes(std::string_view frame) {
  return kBlockFrameBytes + uint64_t{LoadLittle<uint32_t>(frame.data() + kSectionCountAt)} * 8 +
         LoadLittle<uint32_t>(frame.data() + kHeaderBytesAt);
}

absl::StatusOr<BlockFront> BlockFront::Decode(const TableFile& file, const FileRange& range,
                                              std::string_view bytes, const BlockLayout& layout) {
  BlockFront front;
  STOA_ASSIGN_OR_RETURN(front.bytes_, VerifyFront(file, range, bytes));
  const size_t section_count = LoadLittle<uint32_t>(bytes.data() + kSectionCountAt);
  front.checksums_ = bytes.substr(kBlockFrameBytes, section_count * 8);
  const size_t header_begin = kBlockFrameBytes + section_count * 8;
  auto header = BlockHeader::Parse(bytes.substr(header_begin, front.bytes_ - header_begin), layout);
  if (!header.ok()) return file.Located(range.offset, header.status());
  front.header_ = std::move(header).value();
  uint64_t end = front.bytes_;
  bool fits = front.header_.sections.size() == section_count;
  for (const BlockHeader::Section& section : front.header_.sections) {
    end += section.stored_bytes;
    fits &= section.codec != SectionCodec::kRaw || section.raw_bytes == section.stored_bytes;
  }
  if (!fits || end != range.bytes) {
    return file.Corrupt(range.offset, "a block of ", range.bytes, " bytes has sections that do not fill it");
  }
  return front;
}

absl::Status MoveBlock(const TableFile& file, const FileRange& range, const BlockHeader& header,
                       const BlockMove& to, std::string* bytes) {
  STOA_ASSIGN_OR_RETURN(const uint64_t front_bytes, VerifyFront(file, range, *bytes));
  const size_t section_count = header.sections.size();
  const size_t flags_at = kBlockFrameBytes + section_count * 8;
  uint64_t end = front_bytes;
  for (const BlockHeader::Section& section : header.sections) end += section.stored_bytes;
  // When the header was parsed it was verified too; but that was another time.
  if (LoadLittle<uint32_t>(bytes->data() + kSectionCountAt) != section_count || flags_at >= front_bytes ||
      end != bytes->size()) {
    return file.Corrupt(range.offset, "the front of a block is not the one that was read before");
  }
  uint64_t at = front_bytes;
  for (size_t i = 0; i < section_count; ++i) {
    const std::string_view payload = std::string_view(*bytes).substr(at, header.sections[i].stored_bytes);
    const uint64_t hash = Hash64(payload);
    char* const checksum = bytes->data() + kBlockFrameBytes + i * 8;
    if (LoadLittle<uint64_t>(checksum) != SectionChecksumOfHash(hash, file.file_id(), range.offset + at)) {
      return file.Corrupt(range.offset + at, "the checksum of section ", i, " of a block is wrong");
    }
    StoreLittle(checksum, SectionChecksumOfHash(hash, to.file_id, to.offset + at));
    at += payload.size();
  }
  char& flags = (*bytes)[flags_at];
  const int others = flags & ~block_flags::kFirstStarts;
  flags = static_cast<char>(others | (to.first_starts ? block_flags::kFirstStarts : 0));
  const std::string_view covered =
      std::string_view(*bytes).substr(kHeaderBytesAt, front_bytes - kHeaderBytesAt);
  StoreLittle(bytes->data(), SectionChecksum(covered, to.file_id, to.offset));
  return absl::OkStatus();
}

uint64_t BlockFront::section_checksum(size_t section) const {
  return LoadLittle<uint64_t>(checksums_.data() + section * 8);
}

}  // namespace stoa
