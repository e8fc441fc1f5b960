// Options. One screen of them: what can be derived is derived.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

#include <absl/status/status.h>

namespace stoa {

class Env;
class Listener;
class Snapshot;

/// When a write is acknowledged.
enum class Durability : uint8_t {
  kProcess,   ///< handed to the operating system: survives the death of the process, not of the machine
  kPeriodic,  ///< the same, and synced every Options::sync_interval_ms
  kSync,      ///< after it is on disk; writers that wait together share one sync
};

struct Options {
  /// Create the database when the directory holds none; the directory itself is created, its parent must
  /// exist.
  bool create_if_missing = true;

  /// Memory for memtables, caches, indexes, filters and buffers, in bytes; at least 64 KiB. A quarter is for
  /// memtables, the rest mostly for blocks. More memory means fewer, larger SSTables and fewer reads.
  uint64_t memory_budget_bytes = 256u << 20;

  /// Threads for flushes and compactions, 1 to 64. Ignored when `env` is given, which brings its own.
  int background_threads = 2;

  /// Durability of writes that do not say.
  Durability durability = Durability::kPeriodic;

  /// How often the log is synced for kPeriodic, in milliseconds, 1 to 3,600,000: what a power failure may
  /// lose.
  int64_t sync_interval_ms = 100;

  /// Size of a segment of the write-ahead log, in bytes, 4 KiB to 1 GiB. Larger segments are created less
  /// often; smaller ones give disk space back earlier.
  uint64_t wal_segment_bytes = 16u << 20;

  /// Bytes of log after which the tables that hold the oldest segment are flushed; at least two segments.
  uint64_t wal_bytes_max = 256u << 20;

  /// Values of more bytes are kept in files of their own, written once and never copied by merges, each
  /// synced when it is written whatever the durability of the write; 16 bytes to 256 MiB. Smaller ones are
  /// for tests: a file costs a few milliseconds and a block of the disk.
  uint64_t inline_value_bytes_max = 1u << 20;

  /// Merges of all tables together read at most so many bytes of files a second, and write at most so many;
  /// 0: no limit; otherwise 4 KiB to 1 TiB. (Cassandra's compaction_throughput counts what is read, RocksDB's
  /// rate limiter what is written: here neither gets beyond it.) Flushes are never held up, nor are merges
  /// that carry out deletions by their deadline (TableOptions::delete_persistence_seconds). Nor does the
  /// limit hold where it would do harm: while writers are slowed down because merges do not follow (a table
  /// has more files over each other than CompactionOptions::files_per_read_max), while the disk is full, and
  /// while the database is being closed. Choose it several times as large as what is written on average: a
  /// byte is merged more than once.
  uint64_t compaction_bytes_per_second = 0;

  /// Files, clock, threads and randomness; null means those of the operating system. Must outlive the
  /// database. For simulation and for embedders that bring their own.
  Env* env = nullptr;

  /// Is told of flushes, merges and errors of background work; null: nobody is. Must outlive the database.
  Listener* listener = nullptr;

  /// InvalidArgument naming every option out of range, its value and the allowed range.
  absl::Status Validate() const;
};

struct WriteOptions {
  /// Without one: Options::durability.
  std::optional<Durability> durability;
  /// Writers who are faster than flushes and merges can follow are slowed down, each write by a fraction of a
  /// millisecond at first. With this a write returns Unavailable instead of waiting, and nothing has
  /// happened.
  bool no_slowdown = false;
};

struct ReadOptions {
  /// Read the database as of this snapshot; null: as of now.
  const Snapshot* snapshot = nullptr;
  /// See only what would survive a power failure.
  bool durable = false;
  /// Give up with DeadlineExceeded after this many microseconds from the call that begins the read; 0: never.
  /// Checked when the read begins and per block.
  int64_t timeout_micros = 0;
  /// Give up with Cancelled once stop is requested; a default one never is. Checked where the timeout is. May
  /// be requested from any thread, of any number of reads at once.
  std::stop_token stop;
};

}  // namespace stoa
