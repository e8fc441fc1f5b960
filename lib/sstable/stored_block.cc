#include "sstable/stored_block.h"

#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace stoa {
namespace {

constexpr size_t kHeaderBytesAt = 8;
constexpr size_t kSectionCountAt = 12;

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
  if (bytes.size() >= kBlockFrameBytes) front.bytes_ = BlockFrontBytes(bytes);
  if (front.bytes_ < kBlockFrameBytes || front.bytes_ > bytes.size() || front.bytes_ > range.bytes) {
    return file.Corrupt(range.offset, "the frame of a block of ", range.bytes, " bytes is damaged");
  }
  const std::string_view covered = bytes.substr(kHeaderBytesAt, front.bytes_ - kHeaderBytesAt);
  if (LoadLittle<uint64_t>(bytes.data()) != SectionChecksum(covered, file.file_id(), range.offset)) {
    return file.Corrupt(range.offset, "the checksum of a block's header is wrong");
  }
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

uint64_t BlockFront::section_checksum(size_t section) const {
  return LoadLittle<uint64_t>(checksums_.data() + section * 8);
}

}  // namespace stoa
