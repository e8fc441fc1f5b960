// What a workload asks of a storage engine. One file per engine maps it onto that engine's API, the way its
// users would.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "series.h"

/// What a workload wants of every engine alike.
struct EngineOptions {
  /// Memory for memtables and cached blocks.
  size_t memory_bytes = size_t{1} << 30;
  /// Stoa's scaling parameters (CompactionOptions); other engines have one way.
  std::string scaling_parameters = "T4";
  /// Threads in the background.
  int background_threads = 2;
  /// False: files are merged only when asked for (Settle).
  bool merges = true;
};

/// An open database. Every error ends the program. Durability of every write: it survives the death of the
/// process.
class Engine {
 public:
  virtual ~Engine() = default;

  /// One atomic, acknowledged write.
  virtual void Write(std::span<const Sample> samples) = 0;
  /// Everything is in files, merged; nothing goes on in the background.
  virtual void Settle() = 0;

  /// False when there is no such row.
  virtual bool Get(int64_t sensor, int64_t time, std::array<double, kColumns>* values) = 0;
  /// Sum of all columns over the newest `rows` rows of a sensor.
  virtual double SumNewest(int64_t sensor, size_t rows) = 0;
  /// Sum of one column over all rows.
  virtual double SumColumn(size_t column) = 0;
  /// Bytes that flushes and merges have written to data files since the database was opened.
  virtual uint64_t BytesWritten() = 0;

  /// One atomic, acknowledged deletion of these rows, one by one.
  virtual void Delete(std::span<const Sample> samples) = 0;
  /// One atomic, acknowledged deletion of the rows of a sensor from the newest to that at `time`, by range.
  virtual void DeleteNewest(int64_t sensor, int64_t time) = 0;
  /// What is in memory goes to files.
  virtual void Flush() = 0;
  /// The time of the newest row of a sensor; false when there is none.
  virtual bool Newest(int64_t sensor, int64_t* time) = 0;
};

struct EngineKind {
  std::string name;
  /// Opens the database in directory `path`, creating it if there is none.
  std::unique_ptr<Engine> (*open)(const std::string& path, const EngineOptions& options);
  /// True for files that are not data, such as a log for people.
  bool (*is_not_data)(const std::string& file_name);
};

EngineKind StoaEngine();
#ifdef STOA_BENCH_ROCKSDB
EngineKind RocksDbEngine();
#endif

inline std::vector<EngineKind> AllEngines() {
  return {
      StoaEngine(),
#ifdef STOA_BENCH_ROCKSDB
      RocksDbEngine(),
#endif
  };
}
