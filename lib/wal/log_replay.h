// Reads the log back after a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "io/file_system.h"
#include "wal/log_record.h"

namespace stoa {

/// What became of the end of the log.
enum class LogTail : uint8_t {
  kSealed,  ///< closed cleanly
  kClean,   ///< ends after a complete record
  kTorn,    ///< the last records were cut short by the crash; they were never promised to be durable
};

struct LogReplayReport {
  uint64_t segments = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
  uint64_t last_sequence = 0;
  int64_t last_timestamp = 0;
  LogTail tail = LogTail::kClean;
  uint64_t cut_bytes = 0;      ///< bytes left unread at the torn end
  std::string cut_detail;      ///< file, offset and reason
};

/// Calls `apply` for every record of the segments `numbers` (ascending), in order; an error from `apply` ends the replay and
/// is returned. A torn tail is cut and reported. DataLoss, naming file and offset, when what is damaged or missing
/// was durable: a later record or a seal proves it by the sequence it promises to be synced, by continuing the chain, or
/// by a later segment. A missing segment in the middle is DataLoss.
absl::StatusOr<LogReplayReport> ReplayLog(Directory& directory, uint64_t database_id,
                                          const std::vector<uint64_t>& numbers,
                                          const std::function<absl::Status(const LogRecord&)>& apply);

}  // namespace stoa
