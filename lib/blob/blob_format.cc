#include "blob/blob_format.h"

#include <limits>

#include "base/coding.h"
#include "base/strings.h"
#include "io/files.h"

namespace stoa {
namespace {

constexpr std::string_view kSuffix = ".blob";
constexpr size_t kFileIdAt = 32;
constexpr size_t kZeroAt = 40;
constexpr size_t kChecksumAt = 48;
constexpr size_t kMagicAt = 56;
/// More than any file system holds, and far from where sizes wrap around.
constexpr uint64_t kLengthMax = std::numeric_limits<int64_t>::max() / 2;

}  // namespace

std::string BlobName(uint64_t number) { return NumberedFileName(number, kSuffix); }
uint64_t ParseBlobName(std::string_view name) { return ParseNumberedFileName(name, kSuffix); }

uint64_t BlobFileBytes(uint64_t length) {
  if (length == 0 || length > kLengthMax) return 0;
  const uint64_t chunks = (length + kBlobChunkBytes - 1) / kBlobChunkBytes;
  return kFileHeaderBytes + length + chunks * kBlobChunkHeaderBytes + kBlobFooterBytes;
}

uint64_t BlobChunkOffset(uint64_t at) {
  return kFileHeaderBytes + at + at / kBlobChunkBytes * kBlobChunkHeaderBytes;
}

std::string EncodeBlobFooter(const BlobFooter& footer, uint64_t file_id) {
  const uint64_t file_bytes = BlobFileBytes(footer.length);
  std::string out;
  AppendLittle(&out, footer.length);
  AppendLittle(&out, footer.hash.low);
  AppendLittle(&out, footer.hash.high);
  AppendLittle(&out, file_bytes);
  AppendLittle(&out, file_id);
  AppendLittle<uint64_t>(&out, 0);
  AppendLittle(&out, SectionChecksum(out, file_id, file_bytes - kBlobFooterBytes));
  out.append(kBlobFooterMagic);
  return out;
}

absl::StatusOr<BlobFooter> DecodeBlobFooter(std::string_view bytes, uint64_t file_bytes, uint64_t file_id,
                                            std::string_view file_name) {
  const uint64_t offset = file_bytes - kBlobFooterBytes;
  if (bytes.size() != kBlobFooterBytes || bytes.substr(kMagicAt) != kBlobFooterMagic) {
    return Corruption(file_name, offset, "not the footer of a blob");
  }
  if (LoadLittle<uint64_t>(bytes.data() + kChecksumAt) !=
      SectionChecksum(bytes.substr(0, kChecksumAt), file_id, offset)) {
    return Corruption(file_name, offset, "the checksum of the footer is wrong");
  }
  BlobFooter footer;
  uint64_t stated_bytes = 0;
  Decoder decoder(bytes);
  decoder.Little(&footer.length);
  decoder.Little(&footer.hash.low);
  decoder.Little(&footer.hash.high);
  decoder.Little(&stated_bytes);
  if (stated_bytes != file_bytes || BlobFileBytes(footer.length) != file_bytes) {
    return Corruption(file_name, offset, "the footer is of a value of ", footer.length,
                      " bytes in a file of ", stated_bytes, ", this one has ", file_bytes);
  }
  if (LoadLittle<uint64_t>(bytes.data() + kFileIdAt) != file_id ||
      LoadLittle<uint64_t>(bytes.data() + kZeroAt) != 0) {
    return Corruption(file_name, offset, "the footer is of another file");
  }
  return footer;
}

}  // namespace stoa
