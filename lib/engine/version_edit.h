// The durable state of a database as a value, and its changes as values. Pure functions; manifest.h does the
// I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/write_batch.h>

#include "engine/unfinished_merge.h"
#include "schema/user_types.h"
#include "sstable/sstable.h"

namespace stoa {

/// A change of the durable state: what one manifest record says. Fields that are not set change nothing.
/// Within an edit removals come before additions.
struct VersionEdit {
  std::optional<uint64_t> database_id;
  /// Sequences up to here may have been used: reopening after a crash starts above.
  std::optional<uint64_t> sequence_ceiling;
  /// Greatest automatic timestamp that is in SSTables; later ones must be greater.
  std::optional<int64_t> last_timestamp;
  /// File numbers below this may have been used.
  std::optional<uint64_t> next_file_number;
  /// Log segments below this are no longer needed; this one and all later ones are.
  std::optional<uint64_t> first_log_number;
  /// Ids of tables below this may have been used.
  std::optional<uint64_t> next_table_id;
  /// The database was closed cleanly, with this as its greatest sequence; undone by any later edit.
  std::optional<uint64_t> closed_at_sequence;

  std::vector<TableId> dropped_tables;
  /// Tables created or altered.
  std::vector<Table> tables;
  /// Everything of the table up to and including the sequence is in SSTables, or truncated away.
  struct Flushed {
    TableId table;
    uint64_t sequence;
  };
  std::vector<Flushed> flushed;
  struct FileRef {
    TableId table;
    uint64_t number;
  };
  std::vector<FileRef> removed_files;
  std::vector<SSTableMetadata> added_files;
  /// Merges, by their first inputs, whose pieces are of no use any more.
  std::vector<FileRef> abandoned_merges;
  /// Finished pieces of merges under way.
  std::vector<PieceNote> merged_pieces;

  /// Changes of user types up to and including this sequence are in the state.
  std::optional<uint64_t> types_sequence;
  std::vector<std::string> dropped_types;
  /// User types created or altered.
  std::vector<DataType> types;

  void Encode(std::string* out) const;
  /// InvalidArgument on malformed bytes; Unimplemented, naming the field, on one that this version does not
  /// know.
  static absl::StatusOr<VersionEdit> Decode(std::string_view bytes);
};

/// One table in the durable state.
struct TableState {
  Table schema;
  uint64_t flushed_sequence = 0;
  std::map<uint64_t, SSTableMetadata> files;  ///< by number
  /// Those of which something is finished, by their first inputs. No two share an input.
  std::map<uint64_t, UnfinishedMerge> merges;

  /// Merges that were to read the file are over with it. False if there is no such file.
  bool RemoveFile(uint64_t number);
  /// InvalidArgument, naming the file, if the piece does not fit.
  absl::Status AddPiece(const PieceNote& note);
};

/// The durable state: the sum of all edits.
struct DatabaseState {
  uint64_t database_id = 0;
  uint64_t sequence_ceiling = 0;
  int64_t last_timestamp = 0;
  uint64_t next_file_number = 1;
  uint64_t first_log_number = 1;
  uint64_t next_table_id = 1;
  std::optional<uint64_t> closed_at_sequence;
  std::map<TableId, TableState> tables;
  uint64_t types_sequence = 0;
  UserTypes types;

  /// InvalidArgument, naming table or file, when the edit does not fit the state; the state is then unusable.
  absl::Status Apply(const VersionEdit& edit);
  /// The edit that makes this state from nothing.
  VersionEdit AsEdit() const;

 private:
  absl::Status ApplyMerges(const VersionEdit& edit);
};

}  // namespace stoa
