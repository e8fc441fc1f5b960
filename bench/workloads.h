// What workloads are made of, and how they are registered.
#pragma once

#include <benchmark/benchmark.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine.h"
#include "series.h"

/// The flags that are not Google Benchmark's (stoa_bench.cc says what they are).
struct BenchFlags {
  size_t rows = 2'000'000;
  size_t sustained_memory_bytes = 16 << 20;
  size_t sustained_times = 20;
  int64_t queue_rows = 5'000'000;
  int64_t steady_seconds = 60;
  uint64_t upsert_keys = 5'000'000;
  uint64_t records = 200'000;
  uint64_t operations = 500'000;
  size_t wamp_memory_bytes = 16 << 20;
  uint64_t open_rate = 20'000;
  uint64_t open_seconds = 5;
  std::string flights;
  std::string directory;
};

/// What all workloads share; outlives their runs.
class Bench {
 public:
  Bench(const BenchFlags& flags, std::vector<EngineKind> engines, std::filesystem::path scratch);

  const BenchFlags& flags() const { return flags_; }
  const std::vector<EngineKind>& engines() const { return engines_; }
  /// Made when it is first asked for.
  const Series& series();

  /// A directory of this name which no other workload uses; what was in it is gone. Removed with the bench.
  std::filesystem::path EmptyDirectory(const std::string& name) const;

  /// What several workloads or repetitions share, such as a loaded database: made by `make` (returning a
  /// std::unique_ptr<T>) when it is first asked for, and kept until the end. Of one name always the same T.
  template <typename T, typename Make>
  T& Shared(const std::string& name, Make make) {
    std::shared_ptr<void>& kept = shared_[name];
    if (kept == nullptr) kept = std::shared_ptr<T>(make());
    return *static_cast<T*>(kept.get());
  }

 private:
  const BenchFlags flags_;
  const std::vector<EngineKind> engines_;
  const std::filesystem::path scratch_;
  std::unique_ptr<Series> series_;
  std::map<std::string, std::shared_ptr<void>> shared_;
};

/// How often a workload's loop goes round: as long as Google Benchmark wants, or once, the loop being inside.
enum class Loop { kTimed, kOnce };

/// Registers a workload as NAME/ENGINE for each of the engines, measured in real time. `run` sets the number
/// of operations and what else there is to say with a Meter and Latencies (meter.h).
void AddWorkload(const std::string& name, const std::vector<EngineKind>& engines, Loop loop,
                 const std::function<void(benchmark::State&, const EngineKind&)>& run);

/// Registers how a workload of Stoa scales: `run` with 2 threads as the engine "stoa", and with 1 as "stoa1",
/// which it is held against.
void AddScaling(const std::string& name, Loop loop,
                const std::function<void(benchmark::State&, const EngineKind&, size_t threads)>& run);

/// Calls body(0) to body(threads - 1), each in a thread of its own, which begin together.
void InParallel(size_t threads, const std::function<void(size_t)>& body);

/// Ends the program.
[[noreturn]] void WrongAnswer(const EngineKind& kind, const char* what);

/// Bytes of all data files in `directory`.
uint64_t DataBytes(const EngineKind& kind, const std::filesystem::path& directory);

/// Copies what is in a directory to another one, holes in files staying holes.
void CopyFiles(const std::filesystem::path& from, const std::filesystem::path& to);

/// The next up to `count` samples from `*at` on, which moves behind them.
std::span<const Sample> TakeSamples(std::span<const Sample> samples, size_t count, size_t* at);
/// Memory for a quarter of so many rows, raw (48 bytes each); at least what every engine can work with.
size_t QuarterOfRaw(size_t rows);
/// Writes samples in batches of 100.
void Load(Client* client, std::span<const Sample> samples);

/// The engine of this name; ends the program when there is none.
EngineKind EngineOfName(const std::string& name);

// What processes of their own do (child.h): `arguments` are the name of an engine, an empty directory, and
// how many rows there are.
/// Writes rows and says so, then waits to be killed.
void WriteAndWait(const std::vector<std::string>& arguments);  // open.cc
/// Writes and reads rows, then prints the most KiB of memory that the process had.
void UseMemory(const std::vector<std::string>& arguments);  // memory.cc

// The themes, each registering its workloads; `bench` is used while they run.
void RegisterIngest(Bench* bench);      // ingest.cc
void RegisterReads(Bench* bench);       // reads.cc
void RegisterOpening(Bench* bench);     // open.cc
void RegisterMemory(Bench* bench);      // memory.cc
void RegisterCompaction(Bench* bench);  // compact.cc
void RegisterSustained(Bench* bench);   // sustained.cc
void RegisterSteady(Bench* bench);      // steady.cc
void RegisterQueues(Bench* bench);      // queue.cc
void RegisterFeatures(Bench* bench);    // features.cc
void RegisterTtl(Bench* bench);         // ttl.cc
void RegisterFlights(Bench* bench);     // flights.cc
void RegisterRecords(Bench* bench);     // records.cc
void RegisterMachine(Bench* bench);     // machine.cc
