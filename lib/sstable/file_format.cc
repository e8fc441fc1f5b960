#include "sstable/file_format.h"

#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"

namespace stoa {
namespace {

constexpr size_t kFooterFileIdAt = 40;
constexpr size_t kFooterChecksumAt = 48;
constexpr size_t kFooterMagicAt = 56;

/// True when `range` lies between the header and `end`.
bool IsInside(const FileRange& range, uint64_t end) {
  return range.offset >= kFileHeaderBytes && range.offset <= end && range.bytes <= end - range.offset &&
         range.bytes >= kSectionHeaderBytes;
}

}  // namespace

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
