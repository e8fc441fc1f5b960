// SSTable files as sections: writing them with the hash of the whole, and reading them back verified.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/stream_hash.h"
#include "base/strings.h"
#include "io/file_system.h"
#include "io/files.h"
#include "sstable/decompressor_pool.h"
#include "sstable/file_format.h"
#include "sstable/sstable.h"

namespace stoa {

/// Appends to a file that appears once Finish has returned. Not thread-safe.
class TableFileWriter {
 public:
  /// Creates the file and writes its header.
  static absl::StatusOr<std::unique_ptr<TableFileWriter>> Create(Directory& directory, std::string_view name,
                                                                 uint64_t file_id, int compression_level,
                                                                 IoTag tag);

  absl::Status Append(std::string_view bytes);
  /// Appends a section; with kIfSmaller it is compressed where that saves a tenth.
  enum class Compression : uint8_t { kNone, kIfSmaller };
  absl::StatusOr<FileRange> AppendSection(SectionKind kind, std::string_view payload,
                                          Compression compression);
  /// Appends the footer, syncs and renames.
  absl::Status Finish(const FileRange& index_root, const FileRange& statistics);

  uint64_t file_id() const { return file_id_; }
  uint64_t offset() const { return file_->offset(); }
  /// Of everything appended.
  HashValue128 hash() const { return hash_.value(); }

 private:
  TableFileWriter(std::unique_ptr<DurableFileWriter> file, uint64_t file_id, int compression_level)
      : file_(std::move(file)), file_id_(file_id), compression_level_(compression_level) {}

  std::unique_ptr<DurableFileWriter> file_;
  StreamHash128 hash_;
  const uint64_t file_id_;
  const int compression_level_;
};

/// The payload of a section in memory, aligned to a cache line.
class SectionPayload {
 public:
  static constexpr size_t kAlignment = 64;

  SectionPayload() = default;
  /// Room for `bytes` bytes.
  explicit SectionPayload(size_t bytes);

  char* data() { return buffer_.get() + begin_; }
  std::string_view view() const { return std::string_view(buffer_.get() + begin_, size_); }
  /// Leaves the first `bytes` bytes out of the view.
  void RemovePrefix(size_t bytes);

 private:
  struct Free {
    void operator()(char* buffer) const { ::operator delete[](buffer, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<char[], Free> buffer_;
  size_t begin_ = 0;
  size_t size_ = 0;
};

/// An SSTable file open for reading. Thread-safe.
class TableFile {
 public:
  TableFile(std::unique_ptr<ReadableFile> file, std::string_view name, uint64_t file_id, uint64_t bytes)
      : file_(std::move(file)), name_(name), file_id_(file_id), bytes_(bytes) {}

  const std::string& name() const { return name_; }
  uint64_t file_id() const { return file_id_; }
  uint64_t bytes() const { return bytes_; }

  /// Reads exactly `size` bytes. `stats` may be null.
  absl::Status Read(uint64_t offset, size_t size, char* to, ReadStats* stats) const;

  /// A section's payload, checksum verified, decompressed. DataLoss when it is damaged or of another kind.
  absl::StatusOr<SectionPayload> ReadSection(const FileRange& range, SectionKind kind,
                                             DecompressorPool& decompressors, ReadStats* stats) const;

  template <typename... Args>
  absl::Status Corrupt(uint64_t offset, const Args&... what) const {
    return Corruption(name_, offset, what...);
  }
  /// `status` of a decoder which does not know where its bytes are from, with file and offset if it is
  /// DataLoss.
  absl::Status Located(uint64_t offset, const absl::Status& status) const;

 private:
  const std::unique_ptr<ReadableFile> file_;
  const std::string name_;
  const uint64_t file_id_;
  const uint64_t bytes_;
};

}  // namespace stoa
