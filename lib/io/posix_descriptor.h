// A file descriptor and its end.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace stoa {

/// Closes it when destroyed. Not thread-safe.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// Returns what close(2) does. An interrupted close is a success: Linux has let go of the descriptor.
  int Close() {
    const int fd = std::exchange(fd_, -1);
    if (fd < 0 || close(fd) == 0 || errno == EINTR) return 0;
    return -1;
  }

 private:
  int fd_;
};

}  // namespace stoa
