// Reads the log back after a crash.
#pragma once

#include <cstdint>
#include <vector>

#include <absl/status/statusor.h>

#include "io/file_system.h"
#include "wal/log_decoder.h"

namespace stoa {

/// Calls `apply` for every record of the segments `numbers` in order; the payload is valid during the call;
/// an error from `apply` ends the replay and is returned. `numbers` are all segments that the directory holds
/// from the first one needed on, ascending. Holds one segment in memory at a time.
///
/// A torn tail is cut and reported; so is all that comes after it. DataLoss, naming file and offset, when
/// what is damaged or missing was durable, which a later record, seal or segment header proves by how much it
/// promises to have been synced (log_decoder.h); when a segment is missing in the middle; and when an intact
/// header says what cannot be, such as the id of another database. Unimplemented when the log was written by
/// a newer version. Other errors are those of reading. After an error `apply` may have been called for
/// records in front of it.
///
/// What was replayed need not be durable: the process may have died before it synced, or a sync may have
/// failed. It must be made durable elsewhere before anything is promised that builds on it.
absl::StatusOr<LogReplayReport> ReplayLog(Directory& directory, uint64_t database_id,
                                          const std::vector<uint64_t>& numbers,
                                          const LogDecoder::Apply& apply);

}  // namespace stoa
