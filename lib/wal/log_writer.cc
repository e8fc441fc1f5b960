#include "wal/log_writer.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {
namespace {

LogRecord Mark(LogRecordKind kind, uint64_t last_sequence) {
  LogRecord record;
  record.kind = kind;
  record.sequence = last_sequence;
  record.payload_hash = Hash64(record.payload);
  return record;
}

absl::StatusOr<uint64_t> EncodedBytes(std::span<const LogRecord> records, uint64_t after_sequence) {
  uint64_t bytes = 0;
  for (const LogRecord& record : records) {
    STOA_DCHECK(record.kind == LogRecordKind::kMutations || record.kind == LogRecordKind::kSchema);
    if (record.payload.size() > kLogPayloadBytesMax) {
      return InvalidArgument("a log record of ", record.payload.size(), " bytes; at most ",
                             kLogPayloadBytesMax, " are allowed");
    }
    if (record.sequence <= after_sequence) {
      return InvalidArgument("a log record with sequence ", record.sequence, " after ", after_sequence);
    }
    after_sequence = record.sequence;
    bytes += kLogRecordHeaderBytes + record.payload.size();
  }
  if (bytes > kLogSegmentBytesMax - kLogSegmentHeaderBytes - kLogRecordHeaderBytes) {
    return InvalidArgument("log records of ", bytes, " bytes; a segment holds at most ", kLogSegmentBytesMax);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Create(Directory& directory,
                                                             const LogWriterOptions& options,
                                                             uint64_t first_number, uint64_t after_sequence) {
  if (options.segment_bytes < LogWriterOptions::kSegmentBytesMin ||
      options.segment_bytes > LogWriterOptions::kSegmentBytesMax) {
    return InvalidArgument("segment_bytes is ", options.segment_bytes, ", it must be between ",
                           LogWriterOptions::kSegmentBytesMin, " and ", LogWriterOptions::kSegmentBytesMax);
  }
  if (first_number == 0) return InvalidArgument("log segments are numbered from 1");
  std::unique_ptr<LogWriter> writer(new LogWriter(directory, options, first_number, after_sequence));
  STOA_ASSIGN_OR_RETURN(auto segment, writer->supply_.Take(0));
  writer->Use(std::move(segment), {.after_sequence = after_sequence});
  return writer;
}

LogWriter::LogWriter(Directory& directory, const LogWriterOptions& options, uint64_t first_number,
                     uint64_t after_sequence)
    : database_id_(options.database_id),
      supply_(directory, first_number, options.segment_bytes),
      synced_sequence_(after_sequence),
      appended_sequence_(after_sequence),
      turns_(synced_sequence_, options.clock) {}

LogWriter::~LogWriter() = default;

absl::Status LogWriter::Append(std::span<const LogRecord> records) {
  if (ended_.load(std::memory_order_acquire)) [[unlikely]]
    return status();
  if (records.empty()) return absl::OkStatus();
  STOA_ASSIGN_OR_RETURN(const uint64_t bytes, EncodedBytes(records, appended_sequence()));
  // A seal has to fit behind.
  const uint64_t needed = bytes + kLogRecordHeaderBytes;
  if (EndOffset() + needed > current_->capacity_bytes) {
    STOA_RETURN_IF_ERROR(Rotate(kLogSegmentHeaderBytes + needed));
  }
  STOA_RETURN_IF_ERROR(Publish(records));
  appended_sequence_.store(records.back().sequence, std::memory_order_release);
  // Other threads look at it after every write: it is stored only when it changes.
  const bool half_full = EndOffset() >= current_->capacity_bytes / 2;
  if (half_full != half_full_.load(std::memory_order_relaxed)) {
    half_full_.store(half_full, std::memory_order_relaxed);
  }
  return absl::OkStatus();
}

/// Where the next record goes in the segment.
uint64_t LogWriter::EndOffset() const {
  const uint64_t published = current_->file->published_bytes();
  return published == 0 ? kLogSegmentHeaderBytes : published;
}

/// Goes over to a new segment. The segment is there before anything is written, so that a full disk changes
/// nothing.
absl::Status LogWriter::Roll() {
  STOA_RETURN_IF_ERROR(status());
  return appended_sequence() == header_.after_sequence ? absl::OkStatus() : Rotate(0);
}

absl::Status LogWriter::Rotate(uint64_t bytes_min) {
  absl::StatusOr<std::unique_ptr<OpenLogSegment>> next = supply_.Take(bytes_min);
  if (!next.ok()) return CheckCreated(next.status());
  const uint64_t last_sequence = appended_sequence();
  const LogRecord seal = Mark(LogRecordKind::kSeal, last_sequence);
  STOA_RETURN_IF_ERROR(Publish({&seal, 1}));

  LogSegmentHeader header;
  header.previous_number = current_->number;
  header.previous_bytes = current_->file->published_bytes();
  header.previous_chain = chain_;
  header.previous_synced_bytes = current_->synced_bytes.load(std::memory_order_acquire);
  header.after_sequence = last_sequence;
  {
    MutexLock lock(&mutex_);
    const bool has_records = last_sequence > header_.after_sequence;
    sealed_.push_back({current_->number, has_records ? last_sequence : 0, header.previous_bytes});
  }
  Use(*std::move(next), header);
  return absl::OkStatus();
}

/// Makes `segment` the current one; `header` says what comes before it.
void LogWriter::Use(std::unique_ptr<OpenLogSegment> segment, const LogSegmentHeader& header) {
  current_ = segment.get();
  header_ = header;
  header_.database_id = database_id_;
  header_.number = segment->number;
  segment_key_ = LogSegmentKey(database_id_, segment->number);
  MutexLock lock(&mutex_);
  open_.push_back(std::move(segment));
}

/// Writes `records` to the current segment, and before them its header if it has none yet.
absl::Status LogWriter::Publish(std::span<const LogRecord> records) {
  const uint64_t begin = current_->file->published_bytes();
  uint64_t bytes = begin == 0 ? kLogSegmentHeaderBytes : 0;
  for (const LogRecord& record : records) bytes += kLogRecordHeaderBytes + record.payload.size();
  char* const span = current_->file->Reserve(bytes);
  char* to = span;
  uint64_t chain = chain_;
  if (begin == 0) {
    chain = EncodeLogSegmentHeader(header_, to);
    to += kLogSegmentHeaderBytes;
  }
  LogRecordHeader header;
  header.synced_bytes = static_cast<uint32_t>(current_->synced_bytes.load(std::memory_order_acquire));
  STOA_DCHECK(header.synced_bytes <= begin);
  for (const LogRecord& record : records) {
    STOA_DCHECK(record.payload_hash == Hash64(record.payload));
    header.payload_bytes = static_cast<uint32_t>(record.payload.size());
    header.kind = record.kind;
    header.sequence = record.sequence;
    header.timestamp = record.timestamp;
    header.now_seconds = record.now_seconds;
    const uint64_t offset = begin + static_cast<uint64_t>(to - span);
    chain = EncodeLogRecordHeader(header, record.payload_hash, chain, segment_key_, offset, to);
    to += kLogRecordHeaderBytes;
    if (!record.payload.empty()) std::memcpy(to, record.payload.data(), record.payload.size());
    to += record.payload.size();
  }
  absl::Status status = current_->file->Publish(bytes);
  if (!status.ok()) return End(std::move(status));
  appended_bytes_.store(appended_bytes() + bytes, std::memory_order_relaxed);  // one thread at a time
  chain_ = chain;
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LogWriter::Sync() {
  const uint64_t target = appended_sequence();
  const SyncTurns::Turn turn(&turns_, target);
  STOA_RETURN_IF_ERROR(status());
  if (turn.taken()) STOA_RETURN_IF_ERROR(SyncAll());
  return synced_sequence();
}

/// Syncs the open segments in order, and closes those that are sealed.
absl::Status LogWriter::SyncAll() {
  // Everything up to this sequence is published, in segments that are open by now.
  const uint64_t sequence = appended_sequence();
  std::vector<OpenLogSegment*> segments;
  {
    MutexLock lock(&mutex_);
    for (const auto& segment : open_) segments.push_back(segment.get());
  }
  const uint64_t last_bytes = segments.back()->file->published_bytes();
  for (OpenLogSegment* segment : segments) {
    absl::Status status = segment->file->Sync();
    if (status.ok() && segment != segments.back()) status = segment->file->Close();
    if (!status.ok()) return End(std::move(status));
  }
  segments.back()->synced_bytes.store(last_bytes, std::memory_order_release);
  synced_sequence_.store(sequence, std::memory_order_release);
  MutexLock lock(&mutex_);
  open_.erase(open_.begin(), open_.begin() + static_cast<ptrdiff_t>(segments.size() - 1));
  return absl::OkStatus();
}

absl::Status LogWriter::Close() {
  STOA_RETURN_IF_ERROR(status());
  {
    const SyncTurns::Turn turn(&turns_, UINT64_MAX);
    // A log without records gets its header here. The mark that closes the log is written only when all is
    // durable.
    if (current_->file->published_bytes() == 0) STOA_RETURN_IF_ERROR(Publish({}));
    STOA_RETURN_IF_ERROR(SyncAll());
    const LogRecord close = Mark(LogRecordKind::kClose, appended_sequence());
    STOA_RETURN_IF_ERROR(Publish({&close, 1}));
    STOA_RETURN_IF_ERROR(SyncAll());
    absl::Status closed = current_->file->Close();
    if (!closed.ok()) return End(std::move(closed));
  }
  absl::Status removed = supply_.Discard();
  End(removed.ok() ? FailedPrecondition("the log is closed") : removed).IgnoreError();
  return removed;
}

absl::Status LogWriter::PrepareSegment() {
  STOA_RETURN_IF_ERROR(status());
  return CheckCreated(supply_.Prepare());
}

absl::Status LogWriter::CheckCreated(absl::Status status) {
  if (status.ok() || absl::IsResourceExhausted(status)) return status;
  return End(std::move(status));
}

/// Ends the log with `status` unless it has ended; returns what ended it.
absl::Status LogWriter::End(absl::Status status) {
  MutexLock lock(&mutex_);
  if (status_.ok()) status_ = std::move(status);
  ended_.store(true, std::memory_order_release);
  turns_.StopGathering();
  return status_;
}

absl::Status LogWriter::status() const {
  MutexLock lock(&mutex_);
  return status_;
}

uint64_t LogWriter::segment_number() const {
  MutexLock lock(&mutex_);
  return open_.back()->number;
}

std::vector<SealedSegment> LogWriter::TakeSealed() {
  MutexLock lock(&mutex_);
  return std::exchange(sealed_, {});
}

}  // namespace stoa
