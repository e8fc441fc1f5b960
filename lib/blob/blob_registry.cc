#include "blob/blob_registry.h"

#include <utility>

#include "base/status_macros.h"

namespace stoa {

/// Shared by the registry and its handles, which may outlive it.
struct BlobHandle::Registered {
  mutable Mutex mutex;
  absl::flat_hash_map<uint64_t, std::weak_ptr<const BlobHandle>> in_use ABSL_GUARDED_BY(mutex);
  std::vector<uint64_t> released ABSL_GUARDED_BY(mutex);
};

BlobHandle::BlobHandle(const BlobId& id, std::shared_ptr<Registered> registered)
    : id_(id), registered_(std::move(registered)) {}

BlobHandle::~BlobHandle() {
  MutexLock lock(&registered_->mutex);
  const auto it = registered_->in_use.find(id_.number);
  if (it != registered_->in_use.end()) {
    if (!it->second.expired()) return;  // opened again meanwhile
    registered_->in_use.erase(it);
  }
  registered_->released.push_back(id_.number);
}

BlobRegistry::BlobRegistry(Directory& directory)
    : directory_(directory), registered_(std::make_shared<BlobHandle::Registered>()) {}

SharedBlob BlobRegistry::Register(const BlobId& id) {
  SharedBlob blob(new BlobHandle(id, registered_));
  MutexLock lock(&registered_->mutex);
  registered_->in_use[id.number] = blob;
  return blob;
}

absl::StatusOr<SharedBlob> BlobRegistry::Write(uint64_t number, uint64_t file_id, std::string_view value,
                                               BlobReference* reference) {
  // The handle is there before the file, so that what an error leaves is released; but nobody finds it before
  // the file is complete.
  SharedBlob blob(new BlobHandle(BlobId{number, file_id, value.size()}, registered_));
  STOA_ASSIGN_OR_RETURN(*reference, WriteBlob(directory_, number, file_id, value));
  MutexLock lock(&registered_->mutex);
  registered_->in_use[number] = blob;
  return blob;
}

absl::StatusOr<SharedBlob> BlobRegistry::Open(const BlobId& id) {
  SharedBlob blob;  // outlives the lock, which a last handle takes when it goes
  {
    MutexLock lock(&registered_->mutex);
    const auto it = registered_->in_use.find(id.number);
    if (it != registered_->in_use.end()) blob = it->second.lock();
  }
  if (blob != nullptr && blob->id() == id) return blob;
  STOA_RETURN_IF_ERROR(CheckBlob(directory_, id));
  return Register(id);
}

std::vector<uint64_t> BlobRegistry::TakeReleased() {
  MutexLock lock(&registered_->mutex);
  std::vector<uint64_t> released = std::exchange(registered_->released, {});
  std::erase_if(released, [&](uint64_t number) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return registered_->in_use.contains(number);
  });
  return released;
}

std::vector<SharedBlob> BlobRegistry::InUse() const {
  std::vector<SharedBlob> blobs;
  MutexLock lock(&registered_->mutex);
  for (const auto& [number, weak] : registered_->in_use) {
    if (SharedBlob blob = weak.lock()) blobs.push_back(std::move(blob));
  }
  return blobs;
}

}  // namespace stoa
