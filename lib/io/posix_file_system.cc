#include "io/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "io/posix_descriptor.h"
#include "io/posix_errors.h"
#include "io/posix_mapped_file.h"
#include "io/sync.h"

namespace stoa {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;

/// openat(2), repeated while a signal interrupts it: unlike for reads and writes nobody above does that.
FileDescriptor OpenAt(int directory, const std::string& name, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = openat(directory, name.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return FileDescriptor(fd);
}

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(std::string path, FileDescriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  absl::StatusOr<size_t> Append(std::string_view bytes) override {
    const ssize_t written = write(fd_.get(), bytes.data(), bytes.size());
    if (written < 0) return ErrnoStatus("write", path_);
    return static_cast<size_t>(written);
  }

  absl::Status Preallocate(uint64_t size) override {
    if (size == 0) return absl::OkStatus();
    if (fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0) return absl::OkStatus();
    if (errno == EOPNOTSUPP || errno == ENOSYS) return absl::OkStatus();
    return ErrnoStatus("fallocate", path_);
  }

  absl::Status Sync() override {
    return fdatasync(fd_.get()) == 0 ? absl::OkStatus() : ErrnoStatus("fdatasync", path_);
  }

  absl::Status Close() override { return fd_.Close() == 0 ? absl::OkStatus() : ErrnoStatus("close", path_); }

 private:
  const std::string path_;
  FileDescriptor fd_;
};

/// The size of the regular file that `info` describes.
absl::StatusOr<uint64_t> RegularFileSize(const struct stat& info, std::string_view path) {
  if (!S_ISREG(info.st_mode)) return absl::UnavailableError(StrCat(path, " is not a regular file"));
  return static_cast<uint64_t>(info.st_size);
}

class PosixReadableFile : public ReadableFile {
 public:
  PosixReadableFile(std::string path, FileDescriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}

  absl::StatusOr<size_t> Read(uint64_t offset, size_t size, char* to) const override {
    const ssize_t taken = pread(fd_.get(), to, size, static_cast<off_t>(offset));
    if (taken < 0) return ErrnoStatus("pread", path_);
    return static_cast<size_t>(taken);
  }

  absl::StatusOr<uint64_t> Size() const override {
    struct stat info;
    if (fstat(fd_.get(), &info) != 0) return ErrnoStatus("fstat", path_);
    return RegularFileSize(info, path_);
  }

 private:
  const std::string path_;
  const FileDescriptor fd_;
};

}  // namespace

/// The lock files held through one PosixFileSystem.
class PosixFileSystem::LockRegistry {
 public:
  using Key = std::pair<dev_t, ino_t>;

  bool Add(const Key& key) {
    MutexLock lock(&mutex_);
    return held_.insert(key).second;
  }
  void Remove(const Key& key) {
    MutexLock lock(&mutex_);
    held_.erase(key);
  }

 private:
  Mutex mutex_;
  std::set<Key> held_ ABSL_GUARDED_BY(mutex_);
};

class PosixFileLock : public FileLock {
 public:
  PosixFileLock(PosixFileSystem::LockRegistry& registry, PosixFileSystem::LockRegistry::Key key,
                FileDescriptor fd)
      : registry_(registry), key_(key), fd_(std::move(fd)) {}
  ~PosixFileLock() override {
    fd_.Close();
    registry_.Remove(key_);
  }
  int descriptor() const { return fd_.get(); }

 private:
  PosixFileSystem::LockRegistry& registry_;
  const PosixFileSystem::LockRegistry::Key key_;
  FileDescriptor fd_;
};

class PosixDirectory : public Directory {
 public:
  PosixDirectory(PosixFileSystem::LockRegistry& locks, std::string path, FileDescriptor fd)
      : locks_(locks), path_(std::move(path)), fd_(std::move(fd)) {}

  const std::string& path() const override { return path_; }

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(std::string_view name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    FileDescriptor fd =
        OpenAt(fd_.get(), std::string(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode);
    if (!fd.valid()) return ErrnoStatus("create", PathOf(name));
    return std::make_unique<PosixWritableFile>(PathOf(name), std::move(fd));
  }

  absl::StatusOr<std::unique_ptr<MappedFile>> CreateMapped(std::string_view name, uint64_t size,
                                                           IoTag tag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    FileDescriptor fd =
        OpenAt(fd_.get(), std::string(name), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode);
    if (!fd.valid()) return ErrnoStatus("create", PathOf(name));
    auto file = NewPosixMappedFile(PathOf(name), std::move(fd), size);
    if (!file.ok()) Unlink(name, tag).IgnoreError();
    return file;
  }

  absl::StatusOr<std::unique_ptr<ReadableFile>> OpenRead(std::string_view name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    // O_NONBLOCK: a named pipe put in the file's place must not block us.
    FileDescriptor fd = OpenAt(fd_.get(), std::string(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd.valid()) return ErrnoStatus("open", PathOf(name));
    auto file = std::make_unique<PosixReadableFile>(PathOf(name), std::move(fd));
    STOA_RETURN_IF_ERROR(file->Size().status());
    return file;
  }

  absl::Status Rename(std::string_view from, std::string_view to, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(from));
    STOA_RETURN_IF_ERROR(ValidateFileName(to));
    const int result = renameat(fd_.get(), std::string(from).c_str(), fd_.get(), std::string(to).c_str());
    return result == 0 ? absl::OkStatus() : ErrnoStatus(StrCat("rename to ", to, " of"), PathOf(from));
  }

  absl::Status Link(std::string_view name, Directory& to, std::string_view to_name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    STOA_RETURN_IF_ERROR(ValidateFileName(to_name));
    auto* to_posix = dynamic_cast<PosixDirectory*>(&to);
    if (to_posix == nullptr) return InvalidArgument(to.path(), " is not of the same file system as ", path_);
    const int result =
        linkat(fd_.get(), std::string(name).c_str(), to_posix->fd_.get(), std::string(to_name).c_str(), 0);
    if (result == 0) return absl::OkStatus();
    return ErrnoStatus(StrCat("link to ", to_posix->PathOf(to_name), " of"), PathOf(name));
  }

  absl::Status Unlink(std::string_view name, IoTag) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    const int result = unlinkat(fd_.get(), std::string(name).c_str(), 0);
    return result == 0 ? absl::OkStatus() : ErrnoStatus("unlink", PathOf(name));
  }

  absl::StatusOr<std::vector<std::string>> List() override;

  absl::StatusOr<uint64_t> FileSize(std::string_view name) override {
    STOA_RETURN_IF_ERROR(ValidateFileName(name));
    struct stat info;
    if (fstatat(fd_.get(), std::string(name).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      return ErrnoStatus("stat", PathOf(name));
    }
    return RegularFileSize(info, PathOf(name));
  }

  absl::Status Sync() override {
    return fsync(fd_.get()) == 0 ? absl::OkStatus() : ErrnoStatus("fsync", path_);
  }

  absl::StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view name) override;

 private:
  std::string PathOf(std::string_view name) const { return StrCat(path_, "/", name); }

  PosixFileSystem::LockRegistry& locks_;
  const std::string path_;
  const FileDescriptor fd_;
};

absl::StatusOr<std::vector<std::string>> PosixDirectory::List() {
  // A descriptor of its own, for the position in the listing belongs to the descriptor.
  const int fd = openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const stream = fd < 0 ? nullptr : fdopendir(fd);
  if (stream == nullptr) {
    absl::Status status = ErrnoStatus("list", path_);
    if (fd >= 0) close(fd);
    return status;
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream)) {
    std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  absl::Status status = errno == 0 ? absl::OkStatus() : ErrnoStatus("list", path_);
  closedir(stream);
  if (!status.ok()) return status;
  return names;
}

absl::StatusOr<std::unique_ptr<FileLock>> PosixDirectory::Lock(std::string_view name) {
  STOA_RETURN_IF_ERROR(ValidateFileName(name));
  FileDescriptor fd = OpenAt(fd_.get(), std::string(name), O_RDWR | O_CREAT | O_NOFOLLOW, kFileMode);
  if (!fd.valid()) return ErrnoStatus("open lock file", PathOf(name));
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return ErrnoStatus("fstat", PathOf(name));
  const PosixFileSystem::LockRegistry::Key key(info.st_dev, info.st_ino);
  if (!locks_.Add(key)) return FailedPrecondition(PathOf(name), " is locked by this process");
  // Owns the registration from here on, and closes the descriptor before it gives that back.
  auto held = std::make_unique<PosixFileLock>(locks_, key, std::move(fd));

  struct flock whole_file = {};
  whole_file.l_type = F_WRLCK;
  whole_file.l_whence = SEEK_SET;
  if (fcntl(held->descriptor(), F_OFD_SETLK, &whole_file) == 0) return held;
  if (errno == EAGAIN || errno == EACCES)
    return FailedPrecondition(PathOf(name), " is locked by another process");
  return ErrnoStatus("lock", PathOf(name));
}

PosixFileSystem::PosixFileSystem() : locks_(std::make_unique<LockRegistry>()) {}
PosixFileSystem::~PosixFileSystem() = default;

absl::StatusOr<std::unique_ptr<Directory>> PosixFileSystem::OpenDirectory(const std::string& path) {
  FileDescriptor fd = OpenAt(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  if (!fd.valid()) return ErrnoStatus("open directory", path);
  return std::make_unique<PosixDirectory>(*locks_, path, std::move(fd));
}

absl::Status PosixFileSystem::CreateDirectory(const std::string& path) {
  if (mkdir(path.c_str(), kDirectoryMode) != 0) return ErrnoStatus("mkdir", path);
  const size_t name_end = path.find_last_not_of('/') + 1;
  const size_t slash = path.find_last_of('/', name_end - 1);
  std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  STOA_ASSIGN_OR_RETURN(auto directory, OpenDirectory(parent));
  return directory->Sync();
}

absl::Status PosixFileSystem::RemoveDirectory(const std::string& path) {
  return rmdir(path.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus("rmdir", path);
}

absl::StatusOr<uint64_t> PosixFileSystem::FreeBytes(const std::string& path) {
  struct statvfs info;
  if (statvfs(path.c_str(), &info) != 0) return ErrnoStatus("statvfs", path);
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace stoa
