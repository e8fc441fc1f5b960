#include "wal/log_decoder.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {

absl::Status LogDecoder::AddSegment(uint64_t number, std::string_view bytes) {
  // Zeros at the end are space that was taken for the segment and not used, or what a crash has left of
  // records; no record begins with them.
  content_end_ = bytes.find_last_not_of('\0') + 1;
  if (end_ != End::kNothingRead && number != number_ + 1) {
    // The files were created in order, and each name was durable before the file was used: no crash does
    // this.
    return Corruption(LogSegmentName(number_ + 1), 0, "the segment is missing, the next in the list is ",
                      number);
  }
  const uint64_t number_before = number_;
  number_ = number;
  name_ = LogSegmentName(number);
  ++report_.segments;
  switch (end_) {
    case End::kNothingRead:
    case End::kSealed:
      return ReadSegment(bytes);
    case End::kOpen:
      cut_number_ = number_before;
      cut_offset_ = offset_;
      cut_reason_ = "the segment ends without a seal, but there is another one";
      end_ = End::kCut;
      break;
    case End::kClosed:
      if (content_end_ == 0) return absl::OkStatus();
      return Corruption(name_, 0, "there are ", content_end_,
                        " bytes, but the segment before closed the log");
    case End::kCut:
      break;
  }
  return SearchProof(bytes, 0);
}

absl::Status LogDecoder::Finish(LogReplayReport* report) {
  if (end_ == End::kSealed) {
    return Corruption(LogSegmentName(number_ + 1), 0,
                      "the segment is missing; it existed before the one before was sealed");
  }
  if (end_ == End::kClosed) report_.tail = LogTail::kSealed;
  // Without bytes behind it a cut is only a segment that was made ahead and never written.
  if (end_ == End::kCut && report_.cut_bytes > 0) {
    report_.tail = LogTail::kTorn;
    report_.cut_detail = StrCat(LogSegmentName(cut_number_), " at offset ", cut_offset_, ": ", cut_reason_);
  }
  *report = std::move(report_);
  return absl::OkStatus();
}

absl::Status LogDecoder::ReadSegment(std::string_view bytes) {
  LogSegmentHeader header;
  uint64_t chain = 0;
  STOA_ASSIGN_OR_RETURN(const bool intact, FindHeader(bytes, &header, &chain));
  if (!intact || header.number != number_) {
    offset_ = 0;
    return Cut(bytes, "there is no intact segment header");
  }
  STOA_RETURN_IF_ERROR(StartSegment(header, chain));
  STOA_RETURN_IF_ERROR(ReadRecords(bytes));
  report_.bytes += offset_;
  return absl::OkStatus();
}

/// Whether there is an intact segment header: of this segment, or of another, which is no error, for a disk
/// that lost a sector may show what was there before. Whatever else it says must be possible.
absl::StatusOr<bool> LogDecoder::FindHeader(std::string_view bytes, LogSegmentHeader* header,
                                            uint64_t* chain) const {
  const absl::Status status = DecodeLogSegmentHeader(name_, bytes, header, chain);
  if (absl::IsDataLoss(status)) return false;
  STOA_RETURN_IF_ERROR(status);
  if (header->database_id != database_id_) {
    return Corruption(name_, 0, "the segment belongs to database ", header->database_id, ", not to ",
                      database_id_);
  }
  const bool begins_log = header->previous_number == 0;
  if (header->number == number_ &&
      (begins_log ? report_.segments > 1 : header->previous_number != number_ - 1)) {
    return Corruption(name_, 0, "the segment comes after segment ", header->previous_number);
  }
  return true;
}

absl::Status LogDecoder::StartSegment(const LogSegmentHeader& header, uint64_t chain) {
  if (end_ == End::kNothingRead) {
    report_.last_sequence = header.after_sequence;
  } else if (header.previous_bytes != offset_ || header.previous_chain != chain_ ||
             header.after_sequence != report_.last_sequence) {
    return Corruption(name_, 0, "the segment does not continue the one before");
  }
  end_ = End::kOpen;
  offset_ = kLogSegmentHeaderBytes;
  chain_ = chain;
  return absl::OkStatus();
}

absl::Status LogDecoder::ReadRecords(std::string_view bytes) {
  const uint64_t key = LogSegmentKey(database_id_, number_);
  while (offset_ < content_end_) {
    if (end_ != End::kOpen) return Corruption(name_, offset_, "there are bytes behind the seal");
    const std::string_view rest = bytes.substr(static_cast<size_t>(offset_));
    if (rest.size() < kLogRecordHeaderBytes) return Cut(bytes, "the record header is incomplete");
    LogRecordHeader header;
    if (!DecodeLogRecordHeader(rest.data(), key, offset_, &header)) {
      return Cut(bytes, "the record header is damaged");
    }
    STOA_RETURN_IF_ERROR(CheckRecord(header));
    if (rest.size() - kLogRecordHeaderBytes < header.payload_bytes) {
      return Cut(bytes, "the record is incomplete");
    }
    const std::string_view payload = rest.substr(kLogRecordHeaderBytes, header.payload_bytes);
    const uint64_t payload_hash = Hash64(payload);
    if (LogRecordChain(rest.data(), payload_hash, chain_) != header.chain) {
      return Cut(bytes, "the record does not match its checksum");
    }
    STOA_RETURN_IF_ERROR(Accept(header, payload, payload_hash));
  }
  return absl::OkStatus();
}

/// The rules that a header keeps if it was written by this code: one that breaks them, and passes its check,
/// was not torn.
absl::Status LogDecoder::CheckRecord(const LogRecordHeader& header) const {
  const auto broken = [&](std::string_view rule) { return Corruption(name_, offset_, rule); };
  if (header.kind > LogRecordKind::kClose) {
    return absl::UnimplementedError(StrCat(name_, " at offset ", offset_, ": records of kind ",
                                           static_cast<int>(header.kind), " are not known"));
  }
  if (header.synced_bytes > offset_) return broken("the record says that bytes behind it were durable");
  if (header.kind == LogRecordKind::kMutations || header.kind == LogRecordKind::kSchema) {
    if (header.payload_bytes > kLogPayloadBytesMax)
      return broken("the record is longer than a record may be");
    if (header.sequence <= report_.last_sequence) return broken("the sequence does not increase");
    return absl::OkStatus();
  }
  if (header.payload_bytes != 0 || header.timestamp != 0 || header.now_seconds != 0) {
    return broken("the seal is not empty");
  }
  if (header.sequence != report_.last_sequence) return broken("the seal has the wrong sequence");
  if (header.kind == LogRecordKind::kClose && header.synced_bytes != offset_) {
    return broken("the log was closed before it was durable");
  }
  return absl::OkStatus();
}

absl::Status LogDecoder::Accept(const LogRecordHeader& header, std::string_view payload,
                                uint64_t payload_hash) {
  offset_ += kLogRecordHeaderBytes + payload.size();
  chain_ = header.chain;
  if (header.kind == LogRecordKind::kSeal || header.kind == LogRecordKind::kClose) {
    end_ = header.kind == LogRecordKind::kSeal ? End::kSealed : End::kClosed;
    return absl::OkStatus();
  }
  report_.last_sequence = header.sequence;
  report_.last_timestamp = header.timestamp;
  ++report_.records;
  return apply_(
      LogRecord{header.kind, header.sequence, header.timestamp, header.now_seconds, payload, payload_hash});
}

/// Ends reading at offset_ of the segment.
absl::Status LogDecoder::Cut(std::string_view bytes, std::string_view reason) {
  end_ = End::kCut;
  cut_number_ = number_;
  cut_offset_ = offset_;
  cut_reason_ = reason;
  return SearchProof(bytes, offset_);
}

/// Looks in the segment from `from` on for a proof that the bytes at the cut were durable.
absl::Status LogDecoder::SearchProof(std::string_view bytes, uint64_t from) {
  report_.cut_bytes += content_end_ - std::min(content_end_, from);
  if (from == 0) {
    LogSegmentHeader header;
    uint64_t chain = 0;
    STOA_ASSIGN_OR_RETURN(const bool intact, FindHeader(bytes, &header, &chain));
    if (intact && Proves(header.previous_number, header.previous_synced_bytes)) return ProvenLoss(0);
    // The file may have been mistaken for that of another segment, whose records are no less true.
    if (intact && header.number != number_) {
      STOA_RETURN_IF_ERROR(SearchRecords(bytes, kLogSegmentHeaderBytes, header.number));
    }
    from = kLogSegmentHeaderBytes;
  }
  return SearchRecords(bytes, from, number_);
}

/// Looks at the intact headers of records of segment `number`. Behind each the search goes on after its
/// payload, elsewhere byte by byte.
absl::Status LogDecoder::SearchRecords(std::string_view bytes, uint64_t from, uint64_t number) const {
  const uint64_t key = LogSegmentKey(database_id_, number);
  while (from < content_end_ && from + kLogRecordHeaderBytes <= bytes.size()) {
    LogRecordHeader header;
    if (!DecodeLogRecordHeader(bytes.data() + from, key, from, &header)) {
      ++from;
      continue;
    }
    if (Proves(number, header.synced_bytes)) return ProvenLoss(from);
    from += kLogRecordHeaderBytes + header.payload_bytes;
  }
  return absl::OkStatus();
}

/// Whether the bytes at the cut were durable when the first `synced_bytes` bytes of `segment` were.
bool LogDecoder::Proves(uint64_t segment, uint64_t synced_bytes) const {
  return segment == cut_number_ ? synced_bytes > cut_offset_ : segment > cut_number_ && synced_bytes > 0;
}

absl::Status LogDecoder::ProvenLoss(uint64_t proof_offset) const {
  return Corruption(LogSegmentName(cut_number_), cut_offset_, cut_reason_, "; it was durable, as ", name_,
                    " at offset ", proof_offset, " shows");
}

}  // namespace stoa
