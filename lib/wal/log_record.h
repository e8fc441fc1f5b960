// Records of the write-ahead log. FORMAT.md describes every byte.
#pragma once

#include <cstdint>
#include <string_view>

namespace stoa {

enum class LogRecordKind : uint8_t {
  kMutations = 1,  ///< payload: data/mutation.h
  kSchema = 2,     ///< payload: a catalog change (lib/engine/FORMAT.md)
  kSeal = 3,       ///< the segment ends here and the log goes on in the next one
  kClose = 4,      ///< the log ends here, and everything before this record is durable
};

/// One record: a commit. `payload_hash` is Hash64(payload), computed by the writer of the batch and not by
/// the leader of its group, who only chains it.
struct LogRecord {
  LogRecordKind kind = LogRecordKind::kMutations;
  uint64_t sequence = 0;    ///< strictly increasing through the whole log, gaps allowed
  int64_t timestamp = 0;    ///< automatic write timestamp, microseconds
  int64_t now_seconds = 0;  ///< from which times to live count
  std::string_view payload;
  uint64_t payload_hash = 0;
};

}  // namespace stoa
