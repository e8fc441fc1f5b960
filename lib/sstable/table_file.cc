#include "sstable/table_file.h"

#include <utility>

#include <zstd.h>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace stoa {
namespace {

// Places in the header of a section.
constexpr size_t kCodecAt = 8;
constexpr size_t kKindAt = 9;
constexpr size_t kZeroAt = 10;
constexpr size_t kRawBytesAt = 12;

/// Compressed sections are small: index pages and zones. This bounds what a crafted one can make us allocate.
constexpr size_t kCompressedRawBytesMax = 16 << 20;

/// `payload` compressed, or empty if that does not save a tenth, or the level is 0.
std::string CompressIfSmaller(std::string_view payload, int level) {
  if (level == 0 || payload.size() > kCompressedRawBytesMax) return {};
  std::string compressed(ZSTD_compressBound(payload.size()), '\0');
  const size_t size =
      ZSTD_compress(compressed.data(), compressed.size(), payload.data(), payload.size(), level);
  if (ZSTD_isError(size) || size + payload.size() / 10 >= payload.size()) return {};
  compressed.resize(size);
  return compressed;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TableFileWriter>> TableFileWriter::Create(Directory& directory,
                                                                         std::string_view name,
                                                                         uint64_t file_id,
                                                                         int compression_level, IoTag tag) {
  STOA_ASSIGN_OR_RETURN(auto file, DurableFileWriter::Create(directory, name, tag));
  std::unique_ptr<TableFileWriter> writer(new TableFileWriter(std::move(file), file_id, compression_level));
  STOA_RETURN_IF_ERROR(writer->Append(EncodeFileHeader(kTableFormat, file_id)));
  return writer;
}

absl::Status TableFileWriter::Append(std::string_view bytes) {
  hash_.Add(bytes);
  return file_->Append(bytes);
}

absl::StatusOr<FileRange> TableFileWriter::AppendSection(SectionKind kind, std::string_view payload,
                                                         Compression compression) {
  std::string compressed;
  if (compression == Compression::kIfSmaller) compressed = CompressIfSmaller(payload, compression_level_);
  const SectionCodec codec = compressed.empty() ? SectionCodec::kRaw : SectionCodec::kZstd;
  std::string section(kSectionHeaderBytes, '\0');
  section[kCodecAt] = static_cast<char>(codec);
  section[kKindAt] = static_cast<char>(kind);
  StoreLittle(section.data() + kRawBytesAt, static_cast<uint32_t>(payload.size()));
  section.append(compressed.empty() ? payload : std::string_view(compressed));
  const FileRange range{offset(), section.size()};
  const std::string_view covered = std::string_view(section).substr(kCodecAt);
  StoreLittle(section.data(), SectionChecksum(covered, file_id_, range.offset));
  STOA_RETURN_IF_ERROR(Append(section));
  return range;
}

absl::Status TableFileWriter::Finish(const FileRange& index_root, const FileRange& statistics) {
  const Footer footer{index_root, statistics, offset() + kFooterBytes};
  STOA_RETURN_IF_ERROR(Append(EncodeFooter(footer, file_id_)));
  return file_->Finish();
}

SectionPayload::SectionPayload(size_t bytes)
    : buffer_(static_cast<char*>(::operator new[](bytes, std::align_val_t{kAlignment}))), size_(bytes) {}

void SectionPayload::RemovePrefix(size_t bytes) {
  begin_ += bytes;
  size_ -= bytes;
}

absl::Status TableFile::Read(uint64_t offset, size_t size, char* to, ReadStats* stats) const {
  if (stats != nullptr) stats->bytes_read += size;
  return ReadExactly(*file_, name_, offset, size, to);
}

absl::StatusOr<SectionPayload> TableFile::ReadSection(const FileRange& range, SectionKind kind,
                                                      DecompressorPool& decompressors,
                                                      ReadStats* stats) const {
  if (range.bytes < kSectionHeaderBytes || range.offset > bytes_ || range.bytes > bytes_ - range.offset) {
    return Corrupt(range.offset, "a section of ", range.bytes, " bytes does not lie in the file");
  }
  // The header is read in front of a cache line, so that a payload which is not compressed needs no copy.
  constexpr size_t kSkip = SectionPayload::kAlignment - kSectionHeaderBytes;
  SectionPayload stored(kSkip + static_cast<size_t>(range.bytes));
  stored.RemovePrefix(kSkip);
  STOA_RETURN_IF_ERROR(Read(range.offset, static_cast<size_t>(range.bytes), stored.data(), stats));
  const std::string_view section = stored.view();
  if (LoadLittle<uint64_t>(section.data()) !=
      SectionChecksum(section.substr(kCodecAt), file_id_, range.offset)) {
    return Corrupt(range.offset, "the checksum of a section of ", range.bytes, " bytes is wrong");
  }
  const auto codec = static_cast<SectionCodec>(section[kCodecAt]);
  const auto raw_bytes = LoadLittle<uint32_t>(section.data() + kRawBytesAt);
  const size_t stored_bytes = section.size() - kSectionHeaderBytes;
  const bool raw = codec == SectionCodec::kRaw && raw_bytes == stored_bytes;
  const bool compressed = codec == SectionCodec::kZstd && raw_bytes <= kCompressedRawBytesMax;
  if (section[kKindAt] != static_cast<char>(kind) || LoadLittle<uint16_t>(section.data() + kZeroAt) != 0 ||
      (!raw && !compressed)) {
    return Corrupt(range.offset, "the header of a section does not fit what is expected here");
  }
  stored.RemovePrefix(kSectionHeaderBytes);
  if (raw) return stored;
  SectionPayload payload(raw_bytes);
  STOA_RETURN_IF_ERROR(
      Located(range.offset, decompressors.Decompress(codec, stored.view(), raw_bytes, payload.data())));
  return payload;
}

absl::Status TableFile::Located(uint64_t offset, const absl::Status& status) const {
  if (!absl::IsDataLoss(status)) [[likely]]
    return status;
  if (FromAbsl(status.message()).starts_with(StrCat("corruption in ", name_))) return status;
  return Corrupt(offset, FromAbsl(status.message()));
}

}  // namespace stoa
