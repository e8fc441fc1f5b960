#include "io/file_header.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"
#include "base/strings.h"

namespace stoa {
namespace {

constexpr size_t kFormatAt = 8;
constexpr size_t kIncompatibleAt = 12;
constexpr size_t kCompatibleAt = 16;
constexpr size_t kReservedAt = kCompatibleAt + 4;
constexpr size_t kFileIdAt = 24;
constexpr size_t kKeyIdAt = 32;  // and the nonce after it
constexpr size_t kChecksumAt = 56;

bool AllZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

}  // namespace

std::string EncodeFileHeader(const FileFormat& format, uint64_t file_id) {
  STOA_DCHECK(format.magic.size() == kFileMagicBytes);
  std::string header(kFileHeaderBytes, '\0');
  header.replace(0, kFileMagicBytes, format.magic);
  StoreLittle(header.data() + kFormatAt, format.format);
  StoreLittle(header.data() + kIncompatibleAt, format.incompatible_features);
  StoreLittle(header.data() + kFileIdAt, file_id);
  const std::string_view covered = std::string_view(header).substr(0, kChecksumAt);
  StoreLittle(header.data() + kChecksumAt, SectionChecksum(covered, file_id, 0));
  return header;
}

absl::StatusOr<uint64_t> DecodeFileHeader(const FileFormat& format, std::string_view bytes,
                                          std::string_view file_name) {
  if (bytes.size() != kFileHeaderBytes || bytes.substr(0, kFileMagicBytes) != format.magic) {
    return Corruption(file_name, 0, "not the header of ", format.name);
  }
  const auto file_id = LoadLittle<uint64_t>(bytes.data() + kFileIdAt);
  const std::string_view covered = bytes.substr(0, kChecksumAt);
  if (LoadLittle<uint64_t>(bytes.data() + kChecksumAt) != SectionChecksum(covered, file_id, 0)) {
    return Corruption(file_name, 0, "the checksum of the header is wrong");
  }
  const auto number = LoadLittle<uint32_t>(bytes.data() + kFormatAt);
  const auto features = LoadLittle<uint32_t>(bytes.data() + kIncompatibleAt);
  if (number != format.format || (features & ~format.incompatible_features) != 0) {
    return absl::UnimplementedError(StrCat(file_name, " is ", format.name, " of format ", number,
                                           " with features ", features, "; this version knows format ",
                                           format.format, " with features ", format.incompatible_features));
  }
  if (!AllZero(bytes.substr(kReservedAt, kFileIdAt - kReservedAt)) ||
      !AllZero(bytes.substr(kKeyIdAt, kChecksumAt - kKeyIdAt))) {
    return Corruption(file_name, 0, "reserved bytes of the header are not zero");
  }
  return file_id;
}

}  // namespace stoa
