// The file system of the operating system.
#pragma once

#include <memory>
#include <string>

#include "io/file_system.h"

namespace stoa {

/// Thread-safe. A lock is refused when a directory opened through the same object holds it (by a registry in
/// this object) and when anybody else does (by an open-file-description lock of the kernel, which unlike
/// fcntl's classic locks is not lost when some other descriptor of the file is closed). Outlives what it
/// opens.
class PosixFileSystem : public FileSystem {
 public:
  PosixFileSystem();
  ~PosixFileSystem() override;

  absl::StatusOr<std::unique_ptr<Directory>> OpenDirectory(const std::string& path) override;
  absl::Status CreateDirectory(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;
  absl::StatusOr<uint64_t> FreeBytes(const std::string& path) override;

 private:
  class LockRegistry;
  friend class PosixDirectory;
  friend class PosixFileLock;

  const std::unique_ptr<LockRegistry> locks_;
};

}  // namespace stoa
