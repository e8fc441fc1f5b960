// A store that cannot be had kills the process. So the pages of a window are touched by MADV_POPULATE_WRITE
// before anybody stores into them: it returns the errors that a store would die of. And only file systems
// that write in place are let in: there a page that has been written back and is stored into again, as the
// last of a log is after every sync, needs no space that could be refused. What is left is that such a page
// has been dropped from memory meanwhile and the disk fails to read it back.
#include "io/posix_mapped_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "io/posix_errors.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace stoa {
namespace {

constexpr long kXfsMagic = 0x58465342;

bool WritesInPlace(int fd) {
  struct statfs info;
  if (fstatfs(fd, &info) != 0) return false;
  return info.f_type == EXT4_SUPER_MAGIC || info.f_type == kXfsMagic || info.f_type == TMPFS_MAGIC;
}

class PosixMappedFile : public MappedFile {
 public:
  PosixMappedFile(std::string path, FileDescriptor fd, uint64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}
  ~PosixMappedFile() override { Unmap(); }

  absl::Status Allocate() {
    if (!WritesInPlace(fd_.get())) return absl::UnimplementedError(path_);
    if (Repeat([&] { return fallocate(fd_.get(), 0, 0, static_cast<off_t>(size_)); }) != 0) {
      if (errno == EOPNOTSUPP || errno == ENOSYS) return absl::UnimplementedError(path_);
      return ErrnoStatus("fallocate", path_);
    }
    STOA_RETURN_IF_ERROR(MapPages(0, 1));
    if (Populate() == 0) return absl::OkStatus();
    if (errno == EINVAL) return absl::UnimplementedError(path_);  // Linux before 5.14
    return ErrnoStatus("madvise", path_);
  }

  absl::StatusOr<char*> Map(uint64_t begin, uint64_t end) override {
    const uint64_t page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    const uint64_t at = begin / page * page;
    STOA_RETURN_IF_ERROR(MapPages(at, end));
    if (Populate() != 0) return ErrnoStatus("madvise", path_);
    return window_ + (begin - at);
  }

  absl::Status Stored(uint64_t, uint64_t end) override {
    stored_ = end;
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    return fdatasync(fd_.get()) == 0 ? absl::OkStatus() : ErrnoStatus("fdatasync", path_);
  }

  absl::Status Close() override {
    Unmap();
    absl::Status status;
    if (ftruncate(fd_.get(), static_cast<off_t>(stored_)) != 0) status = ErrnoStatus("truncate", path_);
    if (fd_.Close() != 0) status.Update(ErrnoStatus("close", path_));
    return status;
  }

 private:
  template <typename Call>
  static int Repeat(Call call) {
    int result;
    do {
      result = call();
    } while (result != 0 && errno == EINTR);
    return result;
  }
  absl::Status MapPages(uint64_t begin, uint64_t end) {
    Unmap();
    void* const window =
        mmap(nullptr, end - begin, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), static_cast<off_t>(begin));
    if (window == MAP_FAILED) return ErrnoStatus("mmap", path_);
    window_ = static_cast<char*>(window);
    window_bytes_ = end - begin;
    return absl::OkStatus();
  }
  int Populate() {
    return Repeat([&] { return madvise(window_, window_bytes_, MADV_POPULATE_WRITE); });
  }
  void Unmap() {
    if (window_ != nullptr) munmap(std::exchange(window_, nullptr), window_bytes_);
  }

  const std::string path_;
  FileDescriptor fd_;
  const uint64_t size_;
  uint64_t stored_ = 0;
  char* window_ = nullptr;
  size_t window_bytes_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MappedFile>> NewPosixMappedFile(std::string path, FileDescriptor fd,
                                                               uint64_t size) {
  auto file = std::make_unique<PosixMappedFile>(std::move(path), std::move(fd), size);
  STOA_RETURN_IF_ERROR(file->Allocate());
  return file;
}

}  // namespace stoa
