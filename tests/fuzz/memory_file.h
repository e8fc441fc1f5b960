// Bytes as a file.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "base/hash.h"
#include "sstable/table_file.h"

namespace stoa::fuzz {

/// A view: the bytes outlive it.
class MemoryFile : public ReadableFile {
 public:
  explicit MemoryFile(std::string_view bytes) : bytes_(bytes) {}

  absl::StatusOr<size_t> Read(uint64_t offset, size_t size, char* to) const override {
    if (offset >= bytes_.size()) return size_t{0};
    return bytes_.copy(to, size, static_cast<size_t>(offset));
  }
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }

 private:
  const std::string_view bytes_;
};

/// An SSTable file with nothing in it but one section, whose payload is whatever it is.
class SectionFile {
 public:
  SectionFile(SectionKind kind, std::string_view payload) : bytes_(kSectionHeaderBytes, '\0') {
    constexpr uint64_t kFileId = 5;
    bytes_[9] = static_cast<char>(kind);
    StoreLittle(bytes_.data() + 12, static_cast<uint32_t>(payload.size()));
    bytes_.append(payload);
    StoreLittle(bytes_.data(), SectionChecksum(std::string_view(bytes_).substr(8), kFileId, 0));
    file_ = std::make_unique<TableFile>(std::make_unique<MemoryFile>(bytes_), "fuzz", kFileId, bytes_.size());
  }

  const TableFile& file() const { return *file_; }
  FileRange range() const { return FileRange{0, bytes_.size()}; }

 private:
  std::string bytes_;
  std::unique_ptr<TableFile> file_;
};

}  // namespace stoa::fuzz
