// The database.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/conditional_write.h>
#include <stoa/cursor.h>
#include <stoa/listener.h>
#include <stoa/options.h>
#include <stoa/query.h>
#include <stoa/schema.h>
#include <stoa/write_batch.h>

namespace stoa {

/// What opening found and did. Nothing is ever lost silently.
struct RecoveryReport {
  bool created = false;  ///< a new database
  bool clean = false;    ///< it had been closed cleanly
  uint64_t log_segments = 0;
  uint64_t log_records = 0;  ///< commits read back from the log
  uint64_t log_bytes = 0;
  uint64_t operations_replayed = 0;  ///< operations that were not in SSTables yet
  uint64_t cut_bytes = 0;            ///< bytes at the end of the log that were not a complete commit
  std::string cut_detail;            ///< where and why, empty when nothing was cut
  uint64_t files_removed = 0;        ///< leftovers of interrupted work

  std::string ToString() const;
};

/// Merges of one reason since the database was opened.
struct CompactionCounters {
  uint64_t compactions = 0;
  uint64_t bytes_read = 0;  ///< of the files merged; those that went unread not among them
  uint64_t bytes_written = 0;
  uint64_t bytes_copied = 0;  ///< of these, in blocks that were copied without being decoded
};

/// Counters since the database was opened, and sizes now. What users write goes to the log first: write
/// amplification, without the log itself, is (flushed_bytes + compaction_bytes_written) / log_bytes, as far
/// as SSTables, which are compressed, can be compared with it.
struct Metrics {
  uint64_t commits = 0;
  uint64_t conditional_writes = 0;  ///< decided, whether applied or not
  uint64_t conditional_conflicts =
      0;                   ///< times that one had to read again, the partition having been written to
  uint64_t log_bytes = 0;  ///< appended to the log: what was written, and some dozen bytes a commit
  uint64_t flushes = 0;
  uint64_t flushed_bytes = 0;
  uint64_t compactions = 0;
  uint64_t compaction_bytes_read = 0;
  uint64_t compaction_bytes_written = 0;
  /// The three above by reason; indexed by CompactionReason.
  std::array<CompactionCounters, kCompactionReasons> compactions_by_reason;
  std::vector<CompactionInfo> running_compactions;  ///< as they are now, the oldest first
  /// How long merges were held up by Options::compaction_bytes_per_second, all their threads together.
  int64_t compaction_wait_micros = 0;
  uint64_t memtable_bytes = 0;
  uint64_t block_cache_bytes = 0;
  uint64_t buffer_bytes = 0;  ///< kept by cursors, flushes and merges for the rows they are at
  uint64_t sstables = 0;
  uint64_t sstable_bytes = 0;
};

/// What `Verify` looked at.
struct VerifyReport {
  uint64_t tables = 0;
  uint64_t sstables = 0;
  uint64_t blobs = 0;  ///< files of large values (Options::inline_value_bytes_max)
  uint64_t bytes = 0;
};

/// The state of the database at one moment. Pins what it can see until it is destroyed, which must happen
/// before the database is closed. Thread-safe.
class Snapshot {
 public:
  ~Snapshot();
  /// Commits up to this sequence are visible.
  uint64_t sequence() const;

 private:
  friend class Database;
  struct State;
  explicit Snapshot(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// An open database: a directory that one process at a time has open. All methods are thread-safe, Close
/// excepted.
///
/// Errors of every method: FailedPrecondition when the database is closed, or has become read-only after an
/// error of the log or manifest (then the message carries the first cause, reads go on, and reopening
/// recovers); DataLoss naming file and offset when damaged bytes are met; ResourceExhausted when the disk is
/// full, after which the same call may be repeated once there is space.
///
/// While the disk is full reads go on. Writes are refused, but not batches that only delete (and read no
/// lists to do so), nor schema changes; flushes and merges go on too. They use disk space that is kept back
/// while the database is open: Options::wal_segment_bytes, a sixteenth of Options::memory_budget_bytes and
/// 128 KiB.
/// Within about a second after there is so much free space again, writes are taken.
class Database {
 public:
  /// Opens the database in directory `path`, recovering what a crash left behind. InvalidArgument: see
  /// Options::Validate. NotFound: no database and not create_if_missing. FailedPrecondition: another process
  /// or handle has it open. DataLoss: what was promised to be durable is damaged. Unimplemented: written by a
  /// newer version, naming the feature.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options, const std::string& path);

  /// Without Close, leaves the directory as a crash of the process would: nothing acknowledged is lost.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Writes memtables out, seals the log, and ends background work: short merges are finished, of long ones
  /// what is done is kept, and the next opening goes on from there. The handle is unusable afterwards,
  /// whatever is returned.
  absl::Status Close();

  const RecoveryReport& recovery_report() const;

  // Tables.

  /// AlreadyExists when there is a table of this name. InvalidArgument when a column uses a user type that is
  /// not the one that FindType finds.
  absl::StatusOr<Table> CreateTable(const TableSchema& schema);
  /// NotFound, naming the table.
  absl::StatusOr<Table> OpenTable(std::string_view name) const;
  std::vector<Table> ListTables() const;
  /// Applies all steps or none; returns the new schema. Writes and queries under way keep the schema they
  /// have.
  absl::StatusOr<Table> AlterTable(std::string_view name, const TableAlteration& alteration);
  absl::Status DropTable(std::string_view name);
  /// Removes all rows, in time proportional to the number of files.
  absl::Status TruncateTable(std::string_view name);

  // User types. Columns have the whole type, fields and all: a type is made first, found by name, and used in
  // schemas as it is found (frozen or not).

  /// `name`: "type" or "keyspace.type". AlreadyExists when there is a type of this name; InvalidArgument,
  /// naming the place, when it is no valid type or uses user types that are not those of the database.
  absl::StatusOr<DataType> CreateType(std::string_view name, std::vector<TypeField> fields);
  /// Applies all steps or none, to the type and to every table and type that uses it; returns the new type.
  /// Writes and queries under way keep the schemas they have. NotFound; InvalidArgument naming the step that
  /// does not apply.
  absl::StatusOr<DataType> AlterType(std::string_view name, const TypeAlteration& alteration);
  /// NotFound; InvalidArgument naming the table or type that uses it.
  absl::Status DropType(std::string_view name);
  /// NotFound, naming the type. Not frozen.
  absl::StatusOr<DataType> FindType(std::string_view name) const;
  /// By name.
  std::vector<DataType> ListTypes() const;

  // Writes.

  /// Commits the batch: all of it or, on an error, none. When this returns OK the batch is visible to every
  /// later read, and durable as WriteOptions say. The batch is unchanged and may be cleared and reused.
  /// NotFound when a table was dropped. An error of the file of a large value
  /// (Options::inline_value_bytes_max) names the file, and nothing has happened: the database goes on.
  absl::Status Write(const WriteOptions& options, const WriteBatch& batch);
  /// Commits the batch if all conditions hold, as one step: no other write to the partition comes between
  /// what the conditions were compared with and the commit, so conditional writes to a partition are
  /// linearizable, among themselves and with plain writes. Otherwise nothing is written, and the outcome has
  /// the current values; that too is OK. The outcome is as durable as WriteOptions say. (Values whose
  /// timestamps are of one's own and in the future hide what is written conditionally, as they hide any
  /// write.) The batch writes to the partition that the conditions are about and no other, without timestamps
  /// of its own; times to live are allowed. Whether something has expired is decided once, by the clock at
  /// the reading. InvalidArgument: what the conditions remember (Conditions); there is none; the batch writes
  /// elsewhere or has timestamps; the table has counters. Otherwise as Write.
  absl::StatusOr<ConditionalOutcome> WriteIf(const WriteOptions& options, const WriteBatch& batch,
                                             const Conditions& conditions);
  /// Makes everything committed so far durable.
  absl::Status Sync();

  // Reads.

  absl::StatusOr<Cursor> Read(const ReadOptions& options, const Query& query) const;
  /// Reads one row by its full key into `row`; false when it does not exist, be there values in static
  /// columns or not. `columns` as in Query::Columns, empty meaning all.
  absl::StatusOr<bool> ReadRow(const ReadOptions& options, const Table& table, Values partition_key,
                               Values clustering, std::span<const ColumnId> columns, Row* row) const;
  /// ResourceExhausted when snapshots pin more memory than is allowed.
  absl::StatusOr<std::unique_ptr<Snapshot>> GetSnapshot() const;
  /// Token ranges that together cover all of `table`, `parts` of them (1 to 65,536), with about equally many
  /// partitions.
  std::vector<TokenRange> SplitTokens(const Table& table, size_t parts) const;

  // Maintenance, for tools, tests and the impatient: none of it is ever needed.

  /// Writes all memtables out and waits.
  absl::Status Flush();
  /// Merges all SSTables of the table into as few as possible and waits. OutOfRange, naming table, partition,
  /// column and size, when the elements of a collection of one row come to more than 264 MiB, which only
  /// several SSTables can hold: then these stay as they are and are read as ever, until the collection has
  /// become smaller or is gone.
  absl::Status Compact(std::string_view table);
  /// Reads every byte of every file of the current state and checks it.
  absl::StatusOr<VerifyReport> Verify() const;
  Metrics metrics() const;
  /// How the SSTables of a table stand in levels and windows, how much of them merges could drop, and what is
  /// in each, as text for people.
  absl::StatusOr<std::string> Describe(std::string_view table) const;

 private:
  class Engine;
  explicit Database(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace stoa
