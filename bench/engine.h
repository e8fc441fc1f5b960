// What a workload asks of a storage engine. One file per engine maps it onto that engine's API, the way its
// users would.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "series.h"

/// What an acknowledged write survives.
enum class BenchDurability {
  kNone,     ///< nothing: lost with the process, where an engine has such writes
  kProcess,  ///< the death of the process
  kMachine,  ///< that of the machine: it is on disk before it is acknowledged
};

/// What a workload wants of every engine alike.
struct EngineOptions {
  /// Memory for what was written and for cached blocks, together.
  size_t memory_bytes = size_t{1} << 30;
  /// Stoa's scaling parameters (CompactionOptions); other engines have one way.
  std::string scaling_parameters = "T4";
  /// Threads in the background.
  int background_threads = 2;
  /// False: files are merged only when asked for (Settle), by engines whose kind merges_on_demand.
  bool merges = true;
  BenchDurability durability = BenchDurability::kProcess;
  /// Columns of the table of records.
  size_t fields = 1;
};

/// What one thread does with a database. Used by one thread at a time, and gone before the engine is. A
/// database has samples or records, not both. Every write is atomic and acknowledged; every error ends the
/// program.
class Client {
 public:
  virtual ~Client() = default;

  // Samples: a partition per sensor, in it rows by time, the newest first.

  virtual void Write(std::span<const Sample> samples) = 0;
  /// Deletes these rows, one by one.
  virtual void Delete(std::span<const Sample> samples) = 0;
  /// Deletes the rows of a sensor from the newest to that at `time`, by range where the engine can.
  virtual void DeleteNewest(int64_t sensor, int64_t time) = 0;

  /// False when there is no such row.
  virtual bool Get(int64_t sensor, int64_t time, std::array<double, kColumns>* values) = 0;
  /// The time of the newest row of a sensor; false when there is none.
  virtual bool Newest(int64_t sensor, int64_t* time) = 0;
  /// Sum of all columns over the newest `rows` rows of a sensor.
  virtual double SumNewest(int64_t sensor, size_t rows) = 0;
  /// Sum of all columns over up to `rows` rows of a sensor, oldest first, from the first at or after
  /// `from_time`.
  virtual double SumAscending(int64_t sensor, int64_t from_time, size_t rows) = 0;
  /// Sum of one column over all rows.
  virtual double SumColumn(size_t column) = 0;
  /// Sum of all columns over all rows.
  virtual double SumAll() = 0;

  // Records: EngineOptions::fields byte strings under a byte string of 1 to 500 bytes.

  /// Writes a whole record, be there one or not.
  virtual void Insert(std::string_view key, std::span<const std::string_view> fields) = 0;
  /// Changes one field of a record that is there; the others stay as they are.
  virtual void Update(std::string_view key, size_t field, std::string_view value) = 0;
  virtual void Remove(std::string_view key) = 0;
  /// Views of all fields, which hold until the client's next call; false when there is no such record.
  virtual bool Read(std::string_view key, std::vector<std::string_view>* fields) = 0;
  /// Reads all fields of up to `records` records, in the engine's order, from `key` on or, where that is
  /// empty, from the first; returns how many bytes they have.
  virtual size_t Scan(std::string_view key, size_t records) = 0;
};

/// An open database. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual std::unique_ptr<Client> NewClient() = 0;
  /// What is in memory goes to files.
  virtual void Flush() = 0;
  /// Everything is in files, merged; nothing goes on in the background.
  virtual void Settle() = 0;
  /// Bytes that were written to data files since the database was opened, the log not among them.
  virtual uint64_t BytesWritten() = 0;
  /// Bytes that were written to the log since then; 0 where an engine has none.
  virtual uint64_t LogBytesWritten() = 0;
};

struct EngineKind {
  std::string name;
  /// Opens the database in directory `path`, creating it if there is none.
  std::unique_ptr<Engine> (*open)(const std::string& path, const EngineOptions& options);
  /// True for files that are not data, such as a log for people.
  bool (*is_not_data)(const std::string& file_name);
  /// Merges can be put off and asked for.
  bool merges_on_demand = true;
  /// A range of rows is deleted without looking at the rows.
  bool deletes_ranges = true;
};

/// Stoa and those that were found when the build was configured.
std::vector<EngineKind> AllEngines();

EngineKind StoaEngine();
// Defined where they were found.
EngineKind RocksDbEngine();
EngineKind LevelDbEngine();
EngineKind WiredTigerEngine();
EngineKind LmdbEngine();
