// The seam to the file system: narrow, POSIX-shaped, one call per system call.
//
// Retry loops, buffering, atomic replacement and directory syncing live above this seam (io/files.h), so that
// the simulated file system exercises them. Implementations: posix_file_system.h, sim_file_system.h.
//
// Errors, for every call: NotFound (no such name), AlreadyExists, ResourceExhausted (disk or quota full),
// PermissionDenied (also a file system turned read-only), Aborted (interrupted, nothing was done: call
// again; only Append, Preallocate and Read give this), Unavailable (input/output error and everything
// else). Messages name the path, the call and errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace stoa {

/// What a file is for, and on whose behalf a call is made: for fault targeting, tracing and rate limits.
enum class FileKind : uint8_t { kLock, kCurrent, kManifest, kLog, kTable, kBlob, kOther };
enum class IoPurpose : uint8_t { kOpen, kRecovery, kCommit, kFlush, kCompaction, kRead, kVerify, kSchema };

struct IoTag {
  FileKind kind = FileKind::kOther;
  IoPurpose purpose = IoPurpose::kRead;
};

/// A file being written, append-only. One thread at a time, except that Sync may run concurrently with
/// Append. The destructor closes the file without promising anything about what was not synced.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  /// Appends up to `bytes.size()` bytes and returns how many were taken, at least 1 for a non-empty input.
  virtual absl::StatusOr<size_t> Append(std::string_view bytes) = 0;
  /// Reserves disk space up to `size` bytes in all without changing the file's size, so that appends up
  /// to there do not meet a full disk. A file system that cannot reserve returns OK.
  virtual absl::Status Preallocate(uint64_t size) = 0;
  /// Makes data and size durable; says nothing of the directory entry. Never to be retried after an error.
  virtual absl::Status Sync() = 0;
  /// Closes the file, whatever it returns; an error means that earlier appends may be lost.
  virtual absl::Status Close() = 0;
};

/// A file of fixed size that is written through memory, a window at a time: what is stored there is as if
/// written, and survives the process. One thread at a time, except that Sync may run concurrently with the
/// other calls. The destructor closes the file without promising anything about what was not synced.
class MappedFile {
 public:
  virtual ~MappedFile() = default;

  /// Makes the bytes [begin, end) of the file writable, in place of the window before; returns where. Valid
  /// until the next call or Close. No byte of it meets a full disk.
  virtual absl::StatusOr<char*> Map(uint64_t begin, uint64_t end) = 0;
  /// Says that [begin, end), which is mapped and begins where the last such call ended, has been stored.
  virtual absl::Status Stored(uint64_t begin, uint64_t end) = 0;
  /// Makes durable what has been stored; says nothing of the directory entry. Never to be retried after an
  /// error.
  virtual absl::Status Sync() = 0;
  /// Cuts the file behind what has been stored, which a crash may undo, and closes it.
  virtual absl::Status Close() = 0;
};

/// A file open for reading. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  /// Reads up to `size` bytes at `offset` into `to`; returns how many, 0 at the end of the file.
  virtual absl::StatusOr<size_t> Read(uint64_t offset, size_t size, char* to) const = 0;
  virtual absl::StatusOr<uint64_t> Size() const = 0;
};

/// Held until destroyed. No other process and no other handle in this process can hold it meanwhile.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// InvalidArgument unless `name` is a single path component ("." and ".." are not).
absl::Status ValidateFileName(std::string_view name);

/// An open directory. Names are single path components; anything else is InvalidArgument. Thread-safe.
class Directory {
 public:
  virtual ~Directory() = default;

  /// For messages only.
  virtual const std::string& path() const = 0;

  /// Creates a file that must not exist, readable by the owner alone.
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(std::string_view name, IoTag tag) = 0;
  /// Creates a file of `size` bytes, all zero, to be written through memory; its disk space is taken.
  /// Unimplemented, and nothing done, where this cannot be had safely: then Create serves.
  virtual absl::StatusOr<std::unique_ptr<MappedFile>> CreateMapped(std::string_view name, uint64_t size,
                                                                   IoTag tag) = 0;
  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> OpenRead(std::string_view name, IoTag tag) = 0;
  virtual absl::Status Rename(std::string_view from, std::string_view to, IoTag tag) = 0;
  /// Makes `to_name` in `to` another name of the file `name`; both directories are of one file system.
  virtual absl::Status Link(std::string_view name, Directory& to, std::string_view to_name, IoTag tag) = 0;
  virtual absl::Status Unlink(std::string_view name, IoTag tag) = 0;
  /// Names in unspecified order, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> List() = 0;
  virtual absl::StatusOr<uint64_t> FileSize(std::string_view name) = 0;
  /// Makes creations, renames, links and removals in this directory durable.
  virtual absl::Status Sync() = 0;
  /// Takes the lock file `name`, creating it if needed. FailedPrecondition when someone holds it.
  virtual absl::StatusOr<std::unique_ptr<FileLock>> Lock(std::string_view name) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Opens an existing directory.
  virtual absl::StatusOr<std::unique_ptr<Directory>> OpenDirectory(const std::string& path) = 0;
  /// Creates one directory, accessible to the owner alone, and makes its entry durable in its parent.
  virtual absl::Status CreateDirectory(const std::string& path) = 0;
  /// Removes an empty directory.
  virtual absl::Status RemoveDirectory(const std::string& path) = 0;
  /// Bytes that can still be written to the file system which holds `path`.
  virtual absl::StatusOr<uint64_t> FreeBytes(const std::string& path) = 0;
};

}  // namespace stoa
