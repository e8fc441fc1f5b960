#include "io/log_segment.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "io/files.h"

namespace stoa {
namespace {

class AppendLogSegment : public LogSegment {
 public:
  explicit AppendLogSegment(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  char* Reserve(size_t bytes) override {
    if (bytes > buffer_bytes_) {
      buffer_bytes_ = bytes + bytes / 2;
      // Not make_unique, which would fill with zeros what is about to be overwritten.
      buffer_.reset(new char[buffer_bytes_]);
    }
    return buffer_.get();
  }

  absl::Status Publish(size_t bytes) override {
    STOA_DCHECK(bytes <= buffer_bytes_);
    STOA_RETURN_IF_ERROR(AppendAll(*file_, std::string_view(buffer_.get(), bytes)));
    published_bytes_.fetch_add(bytes, std::memory_order_release);
    return absl::OkStatus();
  }

  absl::Status Sync() override { return file_->Sync(); }
  absl::Status Close() override { return file_->Close(); }
  uint64_t published_bytes() const override { return published_bytes_.load(std::memory_order_acquire); }

 private:
  const std::unique_ptr<WritableFile> file_;
  std::unique_ptr<char[]> buffer_;
  size_t buffer_bytes_ = 0;
  std::atomic<uint64_t> published_bytes_{0};
};

/// How much of a segment is mapped at a time. Large enough that going on to the next part does not show,
/// small enough to be nothing in memory, and not to be written twice: a part is all dirty zeros at first,
/// which a sync writes.
constexpr uint64_t kWindowBytes = 256 << 10;

class MappedLogSegment : public LogSegment {
 public:
  MappedLogSegment(std::unique_ptr<MappedFile> file, uint64_t capacity_bytes)
      : file_(std::move(file)), capacity_bytes_(capacity_bytes) {}

  char* Reserve(size_t bytes) override {
    const uint64_t begin = published_bytes_.load(std::memory_order_relaxed);
    if (begin + bytes > window_end_) [[unlikely]] {
      status_ = MapWindow(begin, bytes);
      if (!status_.ok()) {
        // Publish will say it.
        nowhere_.resize(bytes);
        return nowhere_.data();
      }
    }
    return window_ + (begin - window_begin_);
  }

  absl::Status Publish(size_t bytes) override {
    STOA_RETURN_IF_ERROR(status_);
    const uint64_t begin = published_bytes_.load(std::memory_order_relaxed);
    STOA_RETURN_IF_ERROR(file_->Stored(begin, begin + bytes));
    published_bytes_.store(begin + bytes, std::memory_order_release);
    return absl::OkStatus();
  }

  absl::Status Sync() override { return file_->Sync(); }
  absl::Status Close() override { return file_->Close(); }
  uint64_t published_bytes() const override { return published_bytes_.load(std::memory_order_acquire); }

 private:
  absl::Status MapWindow(uint64_t begin, size_t bytes) {
    if (begin + bytes > capacity_bytes_) {
      return absl::InternalError(
          StrCat("a log segment of ", capacity_bytes_, " bytes has no room for ", bytes, " at ", begin));
    }
    window_end_ = 0;  // none, should this fail
    const uint64_t end = std::min(begin + std::max<uint64_t>(bytes, kWindowBytes), capacity_bytes_);
    STOA_ASSIGN_OR_RETURN(window_, file_->Map(begin, end));
    window_begin_ = begin;
    window_end_ = end;
    return absl::OkStatus();
  }

  const std::unique_ptr<MappedFile> file_;
  const uint64_t capacity_bytes_;
  char* window_ = nullptr;
  uint64_t window_begin_ = 0, window_end_ = 0;
  absl::Status status_;
  std::string nowhere_;
  std::atomic<uint64_t> published_bytes_{0};
};

constexpr IoTag kTag{FileKind::kLog, IoPurpose::kCommit};

}  // namespace

absl::StatusOr<std::unique_ptr<LogSegment>> CreateLogSegment(Directory& directory, std::string_view name,
                                                             uint64_t capacity_bytes) {
  absl::StatusOr<std::unique_ptr<MappedFile>> file = directory.CreateMapped(name, capacity_bytes, kTag);
  if (absl::IsUnimplemented(file.status())) return CreateAppendLogSegment(directory, name, capacity_bytes);
  STOA_RETURN_IF_ERROR(file.status());
  if (const absl::Status status = directory.Sync(); !status.ok()) {
    file->reset();
    directory.Unlink(name, kTag).IgnoreError();
    return status;
  }
  return std::make_unique<MappedLogSegment>(*std::move(file), capacity_bytes);
}

absl::StatusOr<std::unique_ptr<LogSegment>> CreateAppendLogSegment(Directory& directory,
                                                                   std::string_view name,
                                                                   uint64_t capacity_bytes) {
  STOA_ASSIGN_OR_RETURN(auto file, directory.Create(name, kTag));
  absl::Status status = PreallocateAll(*file, capacity_bytes);
  if (status.ok()) status = directory.Sync();
  if (!status.ok()) {
    // An empty segment holds nothing anybody was promised; the name becomes free for the next try.
    file.reset();
    directory.Unlink(name, kTag).IgnoreError();
    return status;
  }
  return std::make_unique<AppendLogSegment>(std::move(file));
}

}  // namespace stoa
