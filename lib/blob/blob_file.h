// Writing, loading and verifying blobs.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "data/blob_reference.h"
#include "io/file_system.h"

namespace stoa {

/// Writes `value`, not empty, as blob `number` and syncs it; the caller syncs the directory.
/// ResourceExhausted when the disk is full; other errors of the file system, naming the file. After an error
/// no file is left but what the next opening removes. Returns the reference, which views `value`.
absl::StatusOr<BlobReference> WriteBlob(Directory& directory, uint64_t number, uint64_t file_id,
                                        std::string_view value);

/// OK when there is a file for `id` and it has the right size: what can be said without reading it. DataLoss,
/// naming the file, otherwise.
absl::Status CheckBlob(Directory& directory, const BlobId& id);

/// A value in memory of its own.
class BlobValue {
 public:
  BlobValue() = default;
  /// Room for `size` bytes, which are not set.
  explicit BlobValue(size_t size) : bytes_(std::make_unique_for_overwrite<char[]>(size)), size_(size) {}

  char* data() { return bytes_.get(); }
  std::string_view view() const { return std::string_view(bytes_.get(), size_); }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

/// Loads the value that `reference`, the bytes of a blob cell, stands for; the file must be kept from being
/// removed. Chunk by chunk, each verified, then the whole. DataLoss naming file and offset when the file is
/// missing, damaged, or not the one that the reference means. Nothing is allocated before the file was found
/// to have the size.
absl::StatusOr<BlobValue> LoadBlob(Directory& directory, std::string_view reference, IoPurpose purpose);

/// Reads every byte of the file of `id` and checks it, a chunk in memory at a time. DataLoss as LoadBlob.
absl::Status VerifyBlob(Directory& directory, const BlobId& id);

/// What a blob file says of itself, for tools.
struct BlobDescription {
  BlobId id;
  HashValue128 hash;
};
absl::StatusOr<BlobDescription> DescribeBlob(Directory& directory, std::string_view name);

}  // namespace stoa
