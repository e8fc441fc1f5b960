// Which blobs are in use. Whoever may name a blob - a commit under way, a memtable, an open SSTable - holds
// it; a blob that nobody holds any more has a file that can go.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "blob/blob_file.h"
#include "io/sync.h"

namespace stoa {

class BlobRegistry;

/// A blob in use: as long as there is a handle its file is not removed. Immutable.
class BlobHandle {
 public:
  ~BlobHandle();
  BlobHandle(const BlobHandle&) = delete;
  BlobHandle& operator=(const BlobHandle&) = delete;

  const BlobId& id() const { return id_; }

 private:
  friend class BlobRegistry;
  struct Registered;
  BlobHandle(const BlobId& id, std::shared_ptr<Registered> registered);

  const BlobId id_;
  const std::shared_ptr<Registered> registered_;
};
using SharedBlob = std::shared_ptr<const BlobHandle>;

/// The blobs of a database. Removes nothing itself: files go when their last handle is gone and the owner of
/// the registry says so, after the durable state stopped naming them. Thread-safe.
class BlobRegistry {
 public:
  /// `directory` outlives the registry, not its handles.
  explicit BlobRegistry(Directory& directory);

  /// WriteBlob; `reference` views `value`. After an error there may be a file nevertheless: it is released.
  absl::StatusOr<SharedBlob> Write(uint64_t number, uint64_t file_id, std::string_view value,
                                   BlobReference* reference);
  /// The handle of a blob that exists: the one there is, or a new one, after CheckBlob.
  absl::StatusOr<SharedBlob> Open(const BlobId& id);

  /// Numbers of the blobs whose last handle went since the last call.
  std::vector<uint64_t> TakeReleased();
  /// The blobs in use, in no order.
  std::vector<SharedBlob> InUse() const;

 private:
  SharedBlob Register(const BlobId& id);

  Directory& directory_;
  const std::shared_ptr<BlobHandle::Registered> registered_;
};

}  // namespace stoa
