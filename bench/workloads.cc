#include "workloads.h"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

namespace {

namespace fs = std::filesystem;

constexpr size_t kLoadBatch = 100;
constexpr size_t kSliceRows = 100;
constexpr int kAnswersChecked = 1000;
constexpr int64_t kSensorsOfCopy = 16;

[[noreturn]] void WrongAnswer(const std::string& engine, const char* what) {
  std::fprintf(stderr, "%s gives a wrong answer: %s\n", engine.c_str(), what);
  std::exit(1);
}

uint64_t DataBytes(const EngineKind& kind, const fs::path& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && !kind.is_not_data(entry.path().filename().string()))
      bytes += entry.file_size();
  }
  return bytes;
}

// A loaded, merged and reopened database that all reading workloads of an engine share; its answers have been
// checked.
class LoadedDatabase {
 public:
  LoadedDatabase(const EngineKind& kind, const Series& series, const fs::path& directory) {
    {
      const std::unique_ptr<Engine> engine = kind.open(directory, EngineOptions());
      const std::span<const Sample> samples = series.samples();
      for (size_t i = 0; i < samples.size(); i += kLoadBatch) {
        engine->Write(samples.subspan(i, std::min(kLoadBatch, samples.size() - i)));
      }
      engine->Settle();
    }
    bytes_ = DataBytes(kind, directory);
    engine_ = kind.open(directory, EngineOptions());
    CheckAnswers(kind.name, series);
  }

  Engine& engine() const { return *engine_; }
  uint64_t bytes() const { return bytes_; }

 private:
  // Also fills the cache: every column is read once.
  void CheckAnswers(const std::string& name, const Series& series) const {
    for (size_t column = 0; column < kColumns; ++column) {
      double expected = 0;
      for (const Sample& sample : series.samples()) expected += sample.values[column];
      if (std::abs(engine_->SumColumn(column) - expected) > std::abs(expected) * 1e-9)
        WrongAnswer(name, "scan");
    }
    KeyChooser random(7);
    for (int i = 0; i < kAnswersChecked; ++i) {
      const Sample& sample = series.at(random.Below(kSensors), random.Below(series.ticks()));
      std::array<double, kColumns> values;
      if (!engine_->Get(sample.sensor, sample.time, &values) || values != sample.values)
        WrongAnswer(name, "get");
      if (engine_->Get(sample.sensor, sample.time + 500, &values)) WrongAnswer(name, "get of an absent row");
    }
    double expected = 0;
    const auto rows = static_cast<int64_t>(kSliceRows);
    for (int64_t tick = std::max<int64_t>(0, series.ticks() - rows); tick < series.ticks(); ++tick) {
      for (const double value : series.at(3, tick).values) expected += value;
    }
    if (std::abs(engine_->SumNewest(3, kSliceRows) - expected) > 1e-6) WrongAnswer(name, "newest rows");
  }

  std::unique_ptr<Engine> engine_;
  uint64_t bytes_ = 0;
};

// What the registered functions work on; one per process, because Google Benchmark keeps its benchmarks so
// too.
struct Bench {
  const Series* series = nullptr;
  fs::path scratch;
  std::map<std::string, std::unique_ptr<LoadedDatabase>> loaded;

  LoadedDatabase& Loaded(const EngineKind& kind) {
    std::unique_ptr<LoadedDatabase>& database = loaded[kind.name];
    if (database == nullptr) {
      database = std::make_unique<LoadedDatabase>(kind, *series, scratch / ("loaded-" + kind.name));
    }
    return *database;
  }
};

Bench& TheBench() {
  static Bench bench;
  return bench;
}

// Writes the whole series into a new database; an iteration is one write of `batch` rows. Not timed: creating
// and closing.
void Ingest(benchmark::State& state, const EngineKind& kind, size_t batch) {
  const fs::path directory = TheBench().scratch / ("ingest-" + kind.name);
  const std::span<const Sample> samples = TheBench().series->samples();
  fs::remove_all(directory);
  {
    const std::unique_ptr<Engine> engine = kind.open(directory, EngineOptions());
    size_t at = 0;
    for (auto _ : state) {
      engine->Write(samples.subspan(at, batch));
      at += batch;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(batch));
  fs::remove_all(directory);
}

void Get(benchmark::State& state, const EngineKind& kind, bool present) {
  Engine& engine = TheBench().Loaded(kind).engine();
  const int64_t ticks = TheBench().series->ticks();
  KeyChooser random(1);
  std::array<double, kColumns> values;
  for (auto _ : state) {
    const int64_t sensor = random.Below(kSensors);
    const int64_t tick = random.Below(ticks);
    const int64_t time = present ? Series::Time(sensor, tick) : Series::AbsentTime(sensor, tick);
    if (engine.Get(sensor, time, &values) != present) WrongAnswer(kind.name, "get");
    benchmark::DoNotOptimize(values);
  }
  state.SetItemsProcessed(state.iterations());
}

void SliceNewest(benchmark::State& state, const EngineKind& kind) {
  Engine& engine = TheBench().Loaded(kind).engine();
  KeyChooser random(1);
  for (auto _ : state) benchmark::DoNotOptimize(engine.SumNewest(random.Below(kSensors), kSliceRows));
  state.SetItemsProcessed(state.iterations());
}

void ScanOne(benchmark::State& state, const EngineKind& kind) {
  Engine& engine = TheBench().Loaded(kind).engine();
  for (auto _ : state) benchmark::DoNotOptimize(engine.SumColumn(1));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(TheBench().series->samples().size()));
}

// How fast the disk itself is: bytes a second of the data in `directory` when they are copied, file by file,
// and synced.
double CopyingRate(const EngineKind& kind, const fs::path& directory) {
  std::vector<char> piece(size_t{1} << 20);
  const std::string target = directory.string() + ".copy";
  double bytes = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || kind.is_not_data(entry.path().filename().string())) continue;
    const int from = open(entry.path().c_str(), O_RDONLY);
    const int to = open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t size = 0;
    while ((size = read(from, piece.data(), piece.size())) > 0) {
      if (write(to, piece.data(), static_cast<size_t>(size)) != size) std::exit(1);
      bytes += static_cast<double>(size);
    }
    if (size < 0 || fsync(to) != 0) std::exit(1);
    close(from);
    close(to);
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  fs::remove(target);
  return bytes / seconds.count();
}

// Merges a table that was flushed eight times; an iteration is the whole merge, on one thread.
void CompactRows(benchmark::State& state, const EngineKind& kind, const Series& series) {
  constexpr size_t kFiles = 8;
  const fs::path directory = TheBench().scratch / ("compact-" + kind.name);
  const std::span<const Sample> samples = series.samples();
  EngineOptions options;
  options.background_threads = 1;
  options.merges = false;
  uint64_t bytes = 0;
  double disk = 0;
  for (auto _ : state) {
    state.PauseTiming();
    fs::remove_all(directory);
    std::unique_ptr<Engine> engine = kind.open(directory, options);
    for (size_t file = 0; file < kFiles; ++file) {
      const size_t end = samples.size() * (file + 1) / kFiles;
      for (size_t i = samples.size() * file / kFiles; i < end; i += kLoadBatch) {
        engine->Write(samples.subspan(i, std::min(kLoadBatch, end - i)));
      }
      engine->Flush();
    }
    state.ResumeTiming();
    engine->Settle();
    state.PauseTiming();
    engine.reset();
    bytes += DataBytes(kind, directory);
    disk = CopyingRate(kind, directory);
    state.ResumeTiming();
  }
  fs::remove_all(directory);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(samples.size()));
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["disk_bytes_per_second"] = disk;
}

void Space(benchmark::State& state, const EngineKind& kind) {
  // Not const: DoNotOptimize pretends to change it.
  uint64_t bytes = TheBench().Loaded(kind).bytes();
  for (auto _ : state) benchmark::DoNotOptimize(bytes);
  state.counters["bytes"] = static_cast<double>(bytes);
}

}  // namespace

void RegisterWorkloads(const std::vector<EngineKind>& engines, const Series& series,
                       const fs::path& scratch) {
  TheBench().series = &series;
  TheBench().scratch = scratch;
  const auto add = [](const std::string& workload, const EngineKind& kind, auto function) {
    return benchmark::RegisterBenchmark((workload + "/" + kind.name).c_str(), function)->UseRealTime();
  };
  for (const size_t batch : {size_t{1}, size_t{100}}) {
    const auto writes = static_cast<int64_t>(series.samples().size() / batch);
    for (const EngineKind& kind : engines) {
      add("ingest/" + std::to_string(batch), kind, [=](benchmark::State& state) {
        Ingest(state, kind, batch);
      })->Iterations(writes);
    }
  }
  for (const EngineKind& kind : engines) {
    add("get/hit", kind, [=](benchmark::State& state) { Get(state, kind, true); });
    add("get/miss", kind, [=](benchmark::State& state) { Get(state, kind, false); });
    add("slice/newest", kind, [=](benchmark::State& state) { SliceNewest(state, kind); });
    add("scan/one", kind, [=](benchmark::State& state) {
      ScanOne(state, kind);
    })->Unit(benchmark::kMillisecond);
    add("compact/rows", kind, [=](benchmark::State& state) { CompactRows(state, kind, *TheBench().series); })
        ->Iterations(1)
        ->MeasureProcessCPUTime()
        ->Unit(benchmark::kMillisecond);
    // Of few sensors, so that a file has long stretches of each, and nothing of other files lies among them.
    add("compact/copy", kind,
        [=, rows = series.samples().size()](benchmark::State& state) {
          CompactRows(state, kind, Series(rows, kSensorsOfCopy));
        })
        ->Iterations(1)
        ->MeasureProcessCPUTime()
        ->Unit(benchmark::kMillisecond);
    add("space/timeseries", kind, [=](benchmark::State& state) { Space(state, kind); })->Iterations(1);
  }
}

void CloseSharedDatabases() { TheBench().loaded.clear(); }
