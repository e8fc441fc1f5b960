// Looks at the files of a database that is not open, and changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include <stoa/database.h>

#include "compaction/density.h"
#include "io/file_system.h"
#include "sstable/sstable.h"

namespace stoa {

/// What is in an SSTable, as text for people: sizes by section, encodings and bytes by column. `schema` may
/// be null; it gives columns their names.
absl::StatusOr<std::string> DescribeSSTable(const SSTable& sstable, const TableSchema* schema);

/// How the files of a table stand in its levels and windows (SurveyTable), as text for people. `now_seconds`
/// is the time by which something has expired; `memtable_bytes` how much memory memtables have, by which
/// levels are measured.
std::string DescribeLevels(const Files& files, const TableSchema& schema, int64_t now_seconds,
                           uint64_t memtable_bytes);

/// The tables and files of the database in `directory`, at `now_seconds` since 1970; with the levels that it
/// has when it is opened with the memory that Options give by default.
absl::StatusOr<std::string> DescribeDirectory(Directory& directory, int64_t now_seconds);
/// One file: an SSTable, a blob, a manifest, a log segment or RESERVE. InvalidArgument for any other name.
absl::StatusOr<std::string> DescribeFile(Directory& directory, std::string_view name);

struct DirectoryVerification {
  uint64_t tables = 0;
  uint64_t sstables = 0;
  uint64_t sstable_bytes = 0;
  uint64_t blobs = 0;
  uint64_t blob_bytes = 0;
  uint64_t leftover_blobs = 0;  ///< nothing refers to them; the next opening removes them
  uint64_t log_segments = 0;
  uint64_t log_records = 0;
  uint64_t cut_bytes = 0;  ///< at the end of log or manifest: writes that a crash interrupted, no damage
};
/// Reads every byte that the database in `directory` relies on: manifest, log, SSTables, blobs; checks all
/// checksums, orders and counts, and that every blob which something needed refers to is there. DataLoss
/// naming file and offset at the first thing that is wrong.
absl::StatusOr<DirectoryVerification> VerifyDirectory(Directory& directory);

}  // namespace stoa
