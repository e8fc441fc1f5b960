#include "io/log_segment.h"

#include <atomic>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
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

}  // namespace

absl::StatusOr<std::unique_ptr<LogSegment>> CreateAppendLogSegment(Directory& directory,
                                                                   std::string_view name,
                                                                   uint64_t capacity_bytes) {
  constexpr IoTag kTag{FileKind::kLog, IoPurpose::kCommit};
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
