#include "blob/blob_file.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/stream_hash.h"
#include "base/strings.h"
#include "blob/blob_format.h"
#include "io/files.h"

namespace stoa {
namespace {

size_t ChunkBytes(uint64_t length, uint64_t at) {
  return static_cast<size_t>(std::min<uint64_t>(kBlobChunkBytes, length - at));
}

absl::Status Missing(std::string_view name, const absl::Status& status) {
  if (status.code() != absl::StatusCode::kNotFound) return status;
  return Corruption(name, 0, "the blob is missing, although a row refers to it");
}

absl::Status CheckSize(std::string_view name, uint64_t file_bytes, uint64_t length) {
  const uint64_t expected = BlobFileBytes(length);
  if (expected == file_bytes && expected != 0) return absl::OkStatus();
  return Corruption(name, file_bytes, "the file has ", file_bytes, " bytes; with a value of ", length,
                    " bytes it has ", expected);
}

/// A blob open for reading, of the size that belongs to `id`.
class BlobReader {
 public:
  static absl::StatusOr<BlobReader> Open(Directory& directory, const BlobId& id, IoPurpose purpose) {
    const std::string name = BlobName(id.number);
    auto file = directory.OpenRead(name, IoTag{FileKind::kBlob, purpose});
    if (!file.ok()) return Missing(name, file.status());
    STOA_ASSIGN_OR_RETURN(const uint64_t file_bytes, (*file)->Size());
    STOA_RETURN_IF_ERROR(CheckSize(name, file_bytes, id.length));
    return BlobReader(std::move(*file), name, id);
  }

  /// Reads the chunk that begins with byte `at` of the value to `to`.
  absl::Status ReadChunk(uint64_t at, char* to) const {
    const uint64_t offset = BlobChunkOffset(at);
    const size_t size = ChunkBytes(id_.length, at);
    char checksum[kBlobChunkHeaderBytes];
    STOA_RETURN_IF_ERROR(ReadExactly(*file_, name_, offset, sizeof(checksum), checksum));
    STOA_RETURN_IF_ERROR(ReadExactly(*file_, name_, offset + sizeof(checksum), size, to));
    if (LoadLittle<uint64_t>(checksum) != SectionChecksum({to, size}, id_.file_id, offset)) {
      return Corruption(name_, offset, "the checksum of a chunk is wrong");
    }
    return absl::OkStatus();
  }

  /// Header and footer, which loading does without.
  absl::StatusOr<BlobFooter> ReadEnds() const {
    const uint64_t file_bytes = BlobFileBytes(id_.length);
    std::string header(kFileHeaderBytes, '\0');
    STOA_RETURN_IF_ERROR(ReadExactly(*file_, name_, 0, header.size(), header.data()));
    STOA_ASSIGN_OR_RETURN(const uint64_t file_id, DecodeFileHeader(kBlobFormat, header, name_));
    if (file_id != id_.file_id) {
      return Corruption(name_, 0, "this is file ", file_id, " instead of ", id_.file_id);
    }
    std::string footer(kBlobFooterBytes, '\0');
    STOA_RETURN_IF_ERROR(
        ReadExactly(*file_, name_, file_bytes - footer.size(), footer.size(), footer.data()));
    return DecodeBlobFooter(footer, file_bytes, file_id, name_);
  }

 private:
  BlobReader(std::unique_ptr<ReadableFile> file, std::string name, const BlobId& id)
      : file_(std::move(file)), name_(std::move(name)), id_(id) {}

  std::unique_ptr<ReadableFile> file_;
  std::string name_;
  BlobId id_;
};

absl::Status AppendBlob(DurableFileWriter& file, const BlobReference& reference, std::string_view value) {
  const uint64_t file_id = reference.id.file_id;
  STOA_RETURN_IF_ERROR(file.Append(EncodeFileHeader(kBlobFormat, file_id)));
  for (size_t at = 0; at < value.size(); at += kBlobChunkBytes) {
    const std::string_view chunk = value.substr(at, kBlobChunkBytes);
    std::string checksum;
    AppendLittle(&checksum, SectionChecksum(chunk, file_id, file.offset()));
    STOA_RETURN_IF_ERROR(file.Append(checksum));
    STOA_RETURN_IF_ERROR(file.Append(chunk));
  }
  STOA_RETURN_IF_ERROR(file.Append(EncodeBlobFooter(BlobFooter{value.size(), reference.hash}, file_id)));
  return file.Finish();
}

}  // namespace

absl::StatusOr<BlobReference> WriteBlob(Directory& directory, uint64_t number, uint64_t file_id,
                                        std::string_view value) {
  BlobReference reference;
  reference.prefix = value.substr(0, kBlobPrefixBytes);
  reference.id = BlobId{number, file_id, value.size()};
  reference.hash = Hash128(value);
  STOA_ASSIGN_OR_RETURN(
      const std::unique_ptr<DurableFileWriter> file,
      DurableFileWriter::Create(directory, BlobName(number), IoTag{FileKind::kBlob, IoPurpose::kCommit}));
  STOA_RETURN_IF_ERROR(AppendBlob(*file, reference, value));
  return reference;
}

absl::Status CheckBlob(Directory& directory, const BlobId& id) {
  const std::string name = BlobName(id.number);
  const absl::StatusOr<uint64_t> file_bytes = directory.FileSize(name);
  if (!file_bytes.ok()) return Missing(name, file_bytes.status());
  return CheckSize(name, *file_bytes, id.length);
}

absl::StatusOr<BlobValue> LoadBlob(Directory& directory, std::string_view bytes, IoPurpose purpose) {
  BlobReference reference;
  if (!ParseBlobReference(bytes, &reference)) {
    return absl::DataLossError(StrCat("a reference to a blob is malformed: ", HexDump(bytes)));
  }
  const BlobId& id = reference.id;
  STOA_ASSIGN_OR_RETURN(const BlobReader reader, BlobReader::Open(directory, id, purpose));
  BlobValue value(static_cast<size_t>(id.length));
  for (uint64_t at = 0; at < id.length; at += kBlobChunkBytes) {
    STOA_RETURN_IF_ERROR(reader.ReadChunk(at, value.data() + at));
  }
  if (Hash128(value.view()) != reference.hash) {
    return Corruption(BlobName(id.number), 0, "the hash of the value is not the one that the row has");
  }
  return value;
}

absl::Status VerifyBlob(Directory& directory, const BlobId& id) {
  STOA_ASSIGN_OR_RETURN(const BlobReader reader, BlobReader::Open(directory, id, IoPurpose::kVerify));
  STOA_ASSIGN_OR_RETURN(const BlobFooter footer, reader.ReadEnds());
  StreamHash128 hash;
  BlobValue chunk(ChunkBytes(id.length, 0));
  for (uint64_t at = 0; at < id.length; at += kBlobChunkBytes) {
    STOA_RETURN_IF_ERROR(reader.ReadChunk(at, chunk.data()));
    hash.Add(chunk.view().substr(0, ChunkBytes(id.length, at)));
  }
  if (hash.value() == footer.hash) return absl::OkStatus();
  return Corruption(BlobName(id.number), BlobFileBytes(id.length) - kBlobFooterBytes,
                    "the hash of the value is wrong");
}

absl::StatusOr<BlobDescription> DescribeBlob(Directory& directory, std::string_view name) {
  STOA_ASSIGN_OR_RETURN(const auto file,
                        directory.OpenRead(name, IoTag{FileKind::kBlob, IoPurpose::kVerify}));
  STOA_ASSIGN_OR_RETURN(const uint64_t file_bytes, file->Size());
  if (file_bytes < kFileHeaderBytes + kBlobFooterBytes) {
    return Corruption(name, file_bytes, "too short for a blob: ", file_bytes, " bytes");
  }
  std::string header(kFileHeaderBytes, '\0');
  std::string end(kBlobFooterBytes, '\0');
  STOA_RETURN_IF_ERROR(ReadExactly(*file, name, 0, header.size(), header.data()));
  STOA_RETURN_IF_ERROR(ReadExactly(*file, name, file_bytes - end.size(), end.size(), end.data()));
  STOA_ASSIGN_OR_RETURN(const uint64_t file_id, DecodeFileHeader(kBlobFormat, header, name));
  STOA_ASSIGN_OR_RETURN(const BlobFooter footer, DecodeBlobFooter(end, file_bytes, file_id, name));
  return BlobDescription{BlobId{ParseBlobName(name), file_id, footer.length}, footer.hash};
}

}  // namespace stoa
