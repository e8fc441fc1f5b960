// Turns the bytes of log segments back into records, and tells a tail torn by a crash from damage. No I/O:
// see log_replay.h for the log in a directory.
//
// A crash loses any of the sectors that no sync covered, in any order and in any number of segments. So the
// log is read up to the first thing that is not as it was written, the cut, and all that follows is dropped,
// intact or not: it was appended later, and what was promised is a prefix. But damage to bytes that were
// durable must not pass for the work of a crash. So the log carries proofs: the writer puts into every record
// how much of the segment it knew to be durable then, and into every segment header how much of the segment
// before. After a cut the rest of the log is searched for headers that are intact by themselves, and if one
// of them says that the bytes at the cut were durable, the log is damaged. Only the last records before a
// crash, those that nothing was appended behind after their sync, have no such witness.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "wal/log_format.h"
#include "wal/log_record.h"

namespace stoa {

/// What became of the end of the log.
enum class LogTail : uint8_t {
  kSealed,  ///< closed cleanly
  kClean,   ///< ends after a complete record
  kTorn,    ///< the last records were cut short by the crash; nothing shows that they were durable
};

struct LogReplayReport {
  uint64_t segments = 0;
  /// Given to `apply`.
  uint64_t records = 0;
  /// In front of the cut, or all.
  uint64_t bytes = 0;
  /// The greatest sequence that the log knows of, be its record still in the log or not.
  uint64_t last_sequence = 0;
  /// Of the last record.
  int64_t last_timestamp = 0;
  LogTail tail = LogTail::kClean;
  /// Left unread behind the cut, without zeros at the end of segments.
  uint64_t cut_bytes = 0;
  /// File, offset and reason.
  std::string cut_detail;
};

/// Takes the segments one after the other. After an error it is spent. Not thread-safe.
class LogDecoder {
 public:
  using Apply = std::function<absl::Status(const LogRecord&)>;

  /// Calls `apply`, which outlives the decoder, for every record as it is read; its payload lies in the
  /// segment.
  LogDecoder(uint64_t database_id, const Apply& apply) : database_id_(database_id), apply_(apply) {}

  /// Reads segment `number`, whose file holds `bytes`. DataLoss, naming file and offset, as ReplayLog says;
  /// Unimplemented for an intact segment or record of a kind that this code does not know; an error of
  /// `apply`.
  absl::Status AddSegment(uint64_t number, std::string_view bytes);

  /// Says that there are no more segments.
  absl::Status Finish(LogReplayReport* report);

 private:
  enum class End : uint8_t { kNothingRead, kOpen, kSealed, kClosed, kCut };

  absl::Status ReadSegment(std::string_view bytes);
  absl::Status StartSegment(const LogSegmentHeader& header, uint64_t chain);
  absl::Status ReadRecords(std::string_view bytes);
  absl::StatusOr<bool> FindHeader(std::string_view bytes, LogSegmentHeader* header, uint64_t* chain) const;
  absl::Status CheckRecord(const LogRecordHeader& header) const;
  absl::Status Accept(const LogRecordHeader& header, std::string_view payload, uint64_t payload_hash);
  absl::Status Cut(std::string_view bytes, std::string_view reason);
  absl::Status SearchProof(std::string_view bytes, uint64_t from);
  absl::Status SearchRecords(std::string_view bytes, uint64_t from, uint64_t number) const;
  bool Proves(uint64_t segment, uint64_t synced_bytes) const;
  absl::Status ProvenLoss(uint64_t proof_offset) const;

  const uint64_t database_id_;
  const Apply& apply_;
  LogReplayReport report_;

  // The segment being read, or the last that was.
  uint64_t number_ = 0;
  std::string name_;
  uint64_t content_end_ = 0;  // nothing but zeros from here on

  // How reading ended, and where: the end of the last segment's intact part, and the chain value there.
  End end_ = End::kNothingRead;
  uint64_t offset_ = 0;
  uint64_t chain_ = 0;

  // With End::kCut.
  uint64_t cut_number_ = 0;
  uint64_t cut_offset_ = 0;
  std::string cut_reason_;
};

}  // namespace stoa
