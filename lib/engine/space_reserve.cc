#include "engine/space_reserve.h"

#include <memory>

#include "base/status_macros.h"
#include "base/strings.h"
#include "io/files.h"

namespace stoa {
namespace {

constexpr IoTag kTag{FileKind::kOther, IoPurpose::kCommit};

}  // namespace

absl::Status SpaceReserve::Take() {
  MutexLock lock(&mutex_);
  if (whole()) return absl::OkStatus();
  RemoveFile();
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, directory_.Create(kReserveName, kTag));
  absl::Status status = PreallocateAll(*file, bytes_);
  if (status.ok()) status = file->Close();
  if (!status.ok()) {
    file.reset();
    RemoveFile();
    return status;
  }
  // Its name is not synced: a crash may lose it or bring it back, and the next opening begins without it.
  whole_.store(true, std::memory_order_relaxed);
  return absl::OkStatus();
}

bool SpaceReserve::GiveUp() {
  {
    MutexLock lock(&mutex_);
    if (!whole()) return false;
    whole_.store(false, std::memory_order_relaxed);
    RemoveFile();
  }
  given_up_();
  return true;
}

void SpaceReserve::Remove() {
  MutexLock lock(&mutex_);
  whole_.store(false, std::memory_order_relaxed);
  RemoveFile();
}

/// Where it cannot be removed, Create will say why.
void SpaceReserve::RemoveFile() { directory_.Unlink(kReserveName, kTag).IgnoreError(); }

absl::Status SpaceReserve::Missing() const {
  return ResourceExhausted(directory_.path(), ": the disk is full: only deletions are taken until ", bytes_,
                           " bytes of it are free again");
}

}  // namespace stoa
