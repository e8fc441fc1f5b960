// Opening a database: from whatever a crash left in the directory to a state that can go on.
//
// Recovery only reads, and writes files that nothing refers to yet: it reads the manifest, replays the log
// into memtables, and writes these out as SSTables. The caller then installs the result with one manifest
// (Store::Begin), which takes effect when CURRENT names it. A crash anywhere before leaves things as they
// were, so recovery can be repeated any number of times. What was recovered is on disk, synced, before
// anything new is acknowledged: nothing rests on pages which the operating system merely still had.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>

#include <stoa/database.h>

#include "blob/blob_registry.h"
#include "engine/version_edit.h"
#include "io/env.h"
#include "sstable/block_cache.h"
#include "sstable/sstable.h"

namespace stoa {

struct RecoveredDatabase {
  DatabaseState state;
  std::vector<std::shared_ptr<SSTable>> sstables;
  RecoveryReport report;
};

/// `memtable_bytes_max`: how much of the log to hold in memory at once. Errors as Database::Open.
absl::StatusOr<RecoveredDatabase> RecoverDatabase(Env& env, Directory& directory, bool create_if_missing,
                                                  BlockCache* cache, BlobRegistry* blobs,
                                                  uint64_t memtable_bytes_max);

/// Those of the log segments `logs` (ascending) that the state needs. The manifest promises that its first
/// segment is there, unless it says that the database is closed: that is so after a clean close, which leaves
/// no log, and until an opening has created its first segment. DataLoss, naming the segment, when the promise
/// is broken.
absl::StatusOr<std::vector<uint64_t>> NeededLogs(const Directory& directory, const DatabaseState& state,
                                                 const std::vector<uint64_t>& logs);

/// Removes files which the state does not refer to. Returns how many are leftovers of interrupted work: those
/// that are neither manifests nor log, which every opening replaces.
uint64_t RemoveLeftovers(Directory& directory, const DatabaseState& state, uint64_t manifest_number);

}  // namespace stoa
