// The seam under the write-ahead log: reserve a span, fill it, publish it, sync.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/file_system.h"

namespace stoa {

/// One segment of the log. Reserve and Publish are called by one thread at a time (the commit leader); Sync
/// may run concurrently with them and covers everything published before it began.
class LogSegment {
 public:
  virtual ~LogSegment() = default;

  /// Space for `bytes` bytes after what is published; valid until Publish.
  virtual char* Reserve(size_t bytes) = 0;
  /// Hands the first `bytes` of the reserved span to the operating system: from here on they survive the
  /// process. Any error is final for the segment.
  virtual absl::Status Publish(size_t bytes) = 0;
  /// Makes everything published durable. Any error is final for the segment.
  virtual absl::Status Sync() = 0;
  virtual absl::Status Close() = 0;
  virtual uint64_t published_bytes() const = 0;
};

/// Creates segment `name`, takes `capacity_bytes` of disk space for it and syncs the directory, so that a
/// full disk is met here: then, as after any other error, no segment is left behind. Where the file system
/// allows it the segment is written through memory (MappedFile): a Publish costs no system call then, and the
/// file is zero from what is published to its capacity until it is closed. Elsewhere a Publish is one
/// write(2). A Publish beyond the capacity fails.
absl::StatusOr<std::unique_ptr<LogSegment>> CreateLogSegment(Directory& directory, std::string_view name,
                                                             uint64_t capacity_bytes);

/// The same, by write(2) everywhere; a Publish beyond the capacity works and may fail later.
absl::StatusOr<std::unique_ptr<LogSegment>> CreateAppendLogSegment(Directory& directory,
                                                                   std::string_view name,
                                                                   uint64_t capacity_bytes);

}  // namespace stoa
