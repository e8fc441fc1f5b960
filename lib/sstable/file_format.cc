#include "sstable/file_format.h"

#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"

namespace stoa {
namespace {

constexpr size_t kFormatAt = 8;
constexpr size_t kIncompatibleAt = 12;
constexpr size_t kCompatibleAt = 16;
constexpr size_t kFileIdAt = 24;
constexpr size_t kKeyIdAt =
    32;  // and the nonce after it: zero, as long as no feature says that files are encrypted
constexpr size_t kHeaderChecksumAt = 56;

constexpr size_t kFooterFileIdAt = 40;
constexpr size_t kFooterChecksumAt = 48;
constexpr size_t kFooterMagicAt = 56;

bool AllZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

/// True when `range` lies between the header and `end`.
bool IsInside(const FileRange& range, uint64_t end) {
  return range.offset >= kFileHeaderBytes && range.offset <= end && range.bytes <= end - range.offset &&
         range.bytes >= kSectionHeaderBytes;
}

}  // namespace

std::string EncodeFileHeader(uint64_t file_id) {
  std::string header(kFileHeaderBytes, '\0');
  header.replace(0, kFileMagic.size(), kFileMagic);
  StoreLittle(header.data() + kFormatAt, kFileFormat);
  StoreLittle(header.data() + kIncompatibleAt, kIncompatibleFeatures);
  StoreLittle(header.data() + kFileIdAt, file_id);
  const std::string_view covered = std::string_view(header).substr(0, kHeaderChecksumAt);
  StoreLittle(header.data() + kHeaderChecksumAt, SectionChecksum(covered, file_id, 0));
  return header;
}

absl::StatusOr<uint64_t> DecodeFileHeader(std::string_view bytes, std::string_view file_name) {
  if (bytes.size() != kFileHeaderBytes || bytes.substr(0, kFileMagic.size()) != kFileMagic) {
    return Corruption(file_name, 0, "not the header of an SSTable");
  }
  const auto file_id = LoadLittle<uint64_t>(bytes.data() + kFileIdAt);
  const std::string_view covered = bytes.substr(0, kHeaderChecksumAt);
  if (LoadLittle<uint64_t>(bytes.data() + kHeaderChecksumAt) != SectionChecksum(covered, file_id, 0)) {
    return Corruption(file_name, 0, "the checksum of the header is wrong");
  }
  const auto format = LoadLittle<uint32_t>(bytes.data() + kFormatAt);
  const auto features = LoadLittle<uint32_t>(bytes.data() + kIncompatibleAt);
  if (format != kFileFormat || (features & ~kIncompatibleFeatures) != 0) {
    return absl::UnimplementedError(StrCat(file_name, " is an SSTable of format ", format, " with features ",
                                           features, "; this version knows format ", kFileFormat,
                                           " with features ", kIncompatibleFeatures));
  }
  constexpr size_t kReservedAt = kCompatibleAt + 4;
  if (!AllZero(bytes.substr(kReservedAt, kFileIdAt - kReservedAt)) ||
      !AllZero(bytes.substr(kKeyIdAt, kHeaderChecksumAt - kKeyIdAt))) {
    return Corruption(file_name, 0, "reserved bytes of the header are not zero");
  }
  return file_id;
}

std::string EncodeFooter(const Footer& footer, uint64_t file_id) {
  std::string out;
  AppendLittle(&out, footer.index_root.offset);
  AppendLittle(&out, footer.index_root.bytes);
  AppendLittle(&out, footer.statistics.offset);
  AppendLittle(&out, footer.statistics.bytes);
  AppendLittle(&out, footer.file_bytes);
  AppendLittle(&out, file_id);
  AppendLittle(&out, SectionChecksum(out, file_id, footer.file_bytes - kFooterBytes));
  out.append(kFooterMagic);
  return out;
}

absl::StatusOr<Footer> DecodeFooter(std::string_view bytes, uint64_t file_bytes, uint64_t file_id,
                                    std::string_view file_name) {
  const uint64_t offset = file_bytes - kFooterBytes;
  if (bytes.size() != kFooterBytes || bytes.substr(kFooterMagicAt) != kFooterMagic) {
    return Corruption(file_name, offset, "not the footer of an SSTable");
  }
  const std::string_view covered = bytes.substr(0, kFooterChecksumAt);
  if (LoadLittle<uint64_t>(bytes.data() + kFooterChecksumAt) != SectionChecksum(covered, file_id, offset)) {
    return Corruption(file_name, offset, "the checksum of the footer is wrong");
  }
  Footer footer;
  Decoder decoder(covered.substr(0, kFooterFileIdAt));
  decoder.Little(&footer.index_root.offset);
  decoder.Little(&footer.index_root.bytes);
  decoder.Little(&footer.statistics.offset);
  decoder.Little(&footer.statistics.bytes);
  decoder.Little(&footer.file_bytes);
  if (LoadLittle<uint64_t>(bytes.data() + kFooterFileIdAt) != file_id || footer.file_bytes != file_bytes) {
    return Corruption(file_name, offset, "the footer is of a file of ", footer.file_bytes,
                      " bytes, this one has ", file_bytes);
  }
  if (!IsInside(footer.index_root, offset) || !IsInside(footer.statistics, offset)) {
    return Corruption(file_name, offset, "the footer points outside the file");
  }
  return footer;
}

}  // namespace stoa
