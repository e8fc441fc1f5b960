#include "wal/log_replay.h"

#include <string>

#include "base/status_macros.h"
#include "base/strings.h"
#include "io/files.h"

namespace stoa {
namespace {

absl::StatusOr<std::string> ReadSegmentFile(Directory& directory, uint64_t number) {
  const std::string name = LogSegmentName(number);
  auto bytes = ReadWholeFile(directory, name, {FileKind::kLog, IoPurpose::kRecovery}, kLogSegmentBytesMax);
  if (absl::IsNotFound(bytes.status())) return Corruption(name, 0, "the segment is missing");
  if (absl::IsResourceExhausted(bytes.status())) {
    return Corruption(name, kLogSegmentBytesMax, "the file is longer than a segment may be");
  }
  return bytes;
}

}  // namespace

absl::StatusOr<LogReplayReport> ReplayLog(Directory& directory, uint64_t database_id,
                                          const std::vector<uint64_t>& numbers,
                                          const LogDecoder::Apply& apply) {
  LogDecoder decoder(database_id, apply);
  for (const uint64_t number : numbers) {
    STOA_ASSIGN_OR_RETURN(const std::string bytes, ReadSegmentFile(directory, number));
    STOA_RETURN_IF_ERROR(decoder.AddSegment(number, bytes));
  }
  LogReplayReport report;
  STOA_RETURN_IF_ERROR(decoder.Finish(&report));
  return report;
}

}  // namespace stoa
