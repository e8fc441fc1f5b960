#include "wal/segment_supply.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "wal/log_format.h"

namespace stoa {

absl::Status SegmentSupply::Prepare() {
  MutexLock lock(&mutex_);
  if (prepared_ != nullptr) return absl::OkStatus();
  STOA_ASSIGN_OR_RETURN(prepared_, Create(segment_bytes_));
  ready_.store(true, std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<OpenLogSegment>> SegmentSupply::Take(uint64_t bytes_min) {
  MutexLock lock(&mutex_);
  if (bytes_min > segment_bytes_) STOA_RETURN_IF_ERROR(Remove());
  if (prepared_ == nullptr) {
    STOA_ASSIGN_OR_RETURN(prepared_, Create(std::max(segment_bytes_, bytes_min)));
  }
  ready_.store(false, std::memory_order_relaxed);
  ++next_number_;
  return std::move(prepared_);
}

absl::Status SegmentSupply::Discard() {
  MutexLock lock(&mutex_);
  return Remove();
}

absl::Status SegmentSupply::Remove() {
  if (prepared_ == nullptr) return absl::OkStatus();
  ready_.store(false, std::memory_order_relaxed);
  const std::string name = LogSegmentName(prepared_->number);
  prepared_.reset();
  return directory_.Unlink(name, {FileKind::kLog, IoPurpose::kCommit});
}

absl::StatusOr<std::unique_ptr<OpenLogSegment>> SegmentSupply::Create(uint64_t bytes) {
  auto segment = std::make_unique<OpenLogSegment>();
  segment->number = next_number_;
  segment->capacity_bytes = bytes;
  STOA_ASSIGN_OR_RETURN(segment->file, CreateLogSegment(directory_, LogSegmentName(next_number_), bytes));
  return segment;
}

}  // namespace stoa
