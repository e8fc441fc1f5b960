#include "engine/manifest.h"

#include <charconv>
#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "io/files.h"

namespace stoa {
namespace {

// manifest := magic:8 format:u32 flags:u32 number:u64 checksum:u64 record*
// record   := length:u32 length_check:u32 chain:u64 payload
constexpr std::string_view kMagic = "STOAMAN\n";
constexpr uint32_t kFormat = 1;
constexpr size_t kHeaderBytes = 32;
constexpr size_t kRecordHeaderBytes = 16;
constexpr std::string_view kPrefix = "MANIFEST-";
/// Space is reserved in pieces of so much at least: most edits find it there.
constexpr uint64_t kReserveBytes = 64 << 10;
constexpr IoTag kManifestTag{FileKind::kManifest, IoPurpose::kSchema};
constexpr IoTag kCurrentTag{FileKind::kCurrent, IoPurpose::kSchema};

std::string EncodeHeader(uint64_t number) {
  std::string header(kMagic);
  AppendLittle<uint32_t>(&header, kFormat);
  AppendLittle<uint32_t>(&header, 0);
  AppendLittle<uint64_t>(&header, number);
  AppendLittle<uint64_t>(&header, Hash64(header));
  return header;
}

/// Bound to file and offset, so that a length is not believed anywhere but where it was written: after a
/// power failure the disk may show what some other manifest had in this place.
uint32_t LengthCheck(uint64_t number, uint64_t offset, uint32_t length) {
  char bytes[20];
  StoreLittle(bytes, number);
  StoreLittle(bytes + 8, offset);
  StoreLittle(bytes + 16, length);
  return static_cast<uint32_t>(Hash64(std::string_view(bytes, sizeof(bytes))));
}

uint64_t Chain(uint64_t previous, std::string_view payload) { return Hash64(payload, previous); }

bool ValidRecordHeaderAt(uint64_t number, std::string_view content, uint64_t offset) {
  if (content.size() - offset < kRecordHeaderBytes) return false;
  const auto length = LoadLittle<uint32_t>(content.data() + offset);
  return LoadLittle<uint32_t>(content.data() + offset + 4) == LengthCheck(number, offset, length);
}

/// An edit is appended only when the one before is durable. So damage with a record behind it is damage to
/// something that was promised; damage at the very end is an edit that was being written when the process or
/// the machine died.
bool AnyRecordAfter(uint64_t number, std::string_view content, uint64_t offset) {
  for (uint64_t at = offset + 1; at + kRecordHeaderBytes <= content.size(); ++at) {
    if (ValidRecordHeaderAt(number, content, at)) return true;
  }
  return false;
}

absl::Status CheckHeader(std::string_view name, std::string_view content, uint64_t* number) {
  if (content.size() < kHeaderBytes) return Corruption(name, 0, "header cut short");
  const std::string_view header = content.substr(0, kHeaderBytes);
  if (header.substr(0, kMagic.size()) != kMagic) return Corruption(name, 0, "not a Stoa manifest");
  if (LoadLittle<uint64_t>(header.data() + 24) != Hash64(header.substr(0, 24))) {
    return Corruption(name, 0, "header checksum differs");
  }
  const auto format = LoadLittle<uint32_t>(header.data() + 8);
  const auto flags = LoadLittle<uint32_t>(header.data() + 12);
  if (format != kFormat || flags != 0) {
    return absl::UnimplementedError(
        StrCat(name, ": manifest format ", format, " with feature flags ", flags,
               " is not known to this version of Stoa (knows format 1, flags 0)"));
  }
  *number = LoadLittle<uint64_t>(header.data() + 16);
  if (ManifestName(*number) != name) return Corruption(name, 16, "holds manifest number ", *number);
  return absl::OkStatus();
}

}  // namespace

std::string ManifestName(uint64_t number) {
  std::string digits = StrCat(number);
  if (digits.size() < 10) digits.insert(0, 10 - digits.size(), '0');
  return StrCat(kPrefix, digits);
}

uint64_t ParseManifestName(std::string_view name) {
  if (name.substr(0, kPrefix.size()) != kPrefix) return 0;
  const std::string_view digits = name.substr(kPrefix.size());
  uint64_t number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return result.ec == std::errc() && ManifestName(number) == name ? number : 0;
}

ManifestWriter::ManifestWriter(uint64_t number, std::unique_ptr<WritableFile> file)
    : number_(number), file_(std::move(file)) {}

absl::StatusOr<std::unique_ptr<ManifestWriter>> ManifestWriter::Create(Directory& directory, uint64_t number,
                                                                       const DatabaseState& state) {
  const std::string name = ManifestName(number);
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, directory.Create(name, kManifestTag));
  std::unique_ptr<ManifestWriter> writer(new ManifestWriter(number, std::move(file)));
  const std::string header = EncodeHeader(number);
  STOA_RETURN_IF_ERROR(AppendAll(*writer->file_, header));
  writer->offset_ = header.size();
  writer->chain_ = Hash64(header);
  STOA_RETURN_IF_ERROR(writer->Append(state.AsEdit()));

  // AtomicReplace syncs the directory before it renames, so CURRENT never names a manifest that can get lost.
  std::string current = name;
  current += ' ';
  std::string checksum;
  AppendBig<uint64_t>(&checksum, Hash64(name));
  current += HexDump(checksum);
  current += '\n';
  STOA_RETURN_IF_ERROR(AtomicReplace(directory, kCurrentName, current, kCurrentTag));
  return writer;
}

absl::Status ManifestWriter::Append(const VersionEdit& edit) {
  STOA_RETURN_IF_ERROR(status_);
  std::string record(kRecordHeaderBytes, '\0');
  edit.Encode(&record);
  if (offset_ + record.size() > reserved_bytes_) STOA_RETURN_IF_ERROR(Reserve(record.size()));
  status_ = Write(&record);
  return status_;
}

absl::Status ManifestWriter::MakeRoom(const VersionEdit& edit) {
  STOA_RETURN_IF_ERROR(status_);
  std::string payload;
  edit.Encode(&payload);
  return Reserve(kRecordHeaderBytes + payload.size());
}

/// Reserves space for so many bytes more, and another piece.
absl::Status ManifestWriter::Reserve(uint64_t bytes) {
  if (offset_ + bytes + kReserveBytes / 2 <= reserved_bytes_) return absl::OkStatus();
  const uint64_t wanted = offset_ + bytes + kReserveBytes;
  absl::Status status = PreallocateAll(*file_, wanted);
  if (status.ok()) {
    reserved_bytes_ = wanted;
  } else if (!absl::IsResourceExhausted(status)) {
    status_ = status;
  }
  return status;
}

absl::Status ManifestWriter::Write(std::string* record_bytes) {
  std::string& record = *record_bytes;
  const std::string_view payload = std::string_view(record).substr(kRecordHeaderBytes);
  const auto length = static_cast<uint32_t>(payload.size());
  const uint64_t chain = Chain(chain_, payload);
  StoreLittle<uint32_t>(record.data(), length);
  StoreLittle<uint32_t>(record.data() + 4, LengthCheck(number_, offset_, length));
  StoreLittle<uint64_t>(record.data() + 8, chain);
  STOA_RETURN_IF_ERROR(AppendAll(*file_, record));
  STOA_RETURN_IF_ERROR(file_->Sync());
  offset_ += record.size();
  chain_ = chain;
  return absl::OkStatus();
}

absl::Status ManifestWriter::Close() {
  STOA_RETURN_IF_ERROR(status_);
  status_ = file_->Close();
  if (status_.ok()) status_ = absl::FailedPreconditionError("manifest is closed");
  return status_.code() == absl::StatusCode::kFailedPrecondition ? absl::OkStatus() : status_;
}

absl::StatusOr<ManifestContent> DecodeManifest(std::string_view name, std::string_view content) {
  ManifestContent result;
  STOA_RETURN_IF_ERROR(CheckHeader(name, content, &result.number));
  uint64_t chain = Hash64(content.substr(0, kHeaderBytes));
  uint64_t offset = kHeaderBytes;
  while (offset < content.size()) {
    bool intact = ValidRecordHeaderAt(result.number, content, offset);
    std::string_view payload;
    if (intact) {
      const auto length = LoadLittle<uint32_t>(content.data() + offset);
      intact = length <= content.size() - offset - kRecordHeaderBytes;
      if (intact) payload = content.substr(offset + kRecordHeaderBytes, length);
      intact = intact && LoadLittle<uint64_t>(content.data() + offset + 8) == Chain(chain, payload);
    }
    if (!intact) {
      // The first record was durable before CURRENT named this manifest.
      if (offset == kHeaderBytes || AnyRecordAfter(result.number, content, offset)) {
        return Corruption(name, offset, "manifest record is damaged");
      }
      result.cut_bytes = content.size() - offset;
      break;
    }
    chain = Chain(chain, payload);
    absl::StatusOr<VersionEdit> edit = VersionEdit::Decode(payload);
    if (!edit.ok() && edit.status().code() == absl::StatusCode::kUnimplemented) return edit.status();
    absl::Status applied = edit.ok() ? result.state.Apply(*edit) : edit.status();
    if (!applied.ok()) return Corruption(name, offset, FromAbsl(applied.message()));
    offset += kRecordHeaderBytes + payload.size();
  }
  if (offset == kHeaderBytes) return Corruption(name, offset, "manifest holds no record");
  return result;
}

absl::StatusOr<ManifestContent> ReadManifest(Directory& directory) {
  STOA_ASSIGN_OR_RETURN(
      std::string current,
      ReadWholeFile(directory, kCurrentName, IoTag{FileKind::kCurrent, IoPurpose::kOpen}, 1024));
  const std::string name = current.substr(0, current.find(' '));
  std::string checksum;
  AppendBig<uint64_t>(&checksum, Hash64(name));
  if (ParseManifestName(name) == 0 || current != StrCat(name, " ", HexDump(checksum), "\n")) {
    return Corruption(StrCat(directory.path(), "/", kCurrentName), 0, "does not name a manifest");
  }
  absl::StatusOr<std::string> content =
      ReadWholeFile(directory, name, IoTag{FileKind::kManifest, IoPurpose::kOpen}, kManifestBytesMax);
  if (content.status().code() == absl::StatusCode::kNotFound) {
    return Corruption(StrCat(directory.path(), "/", name), 0, "the manifest named by CURRENT is missing");
  }
  STOA_RETURN_IF_ERROR(content.status());
  return DecodeManifest(name, *content);
}

}  // namespace stoa
