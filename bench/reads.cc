// Reads of the time series, loaded and merged.
#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "generators.h"
#include "meter.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;

constexpr size_t kSliceRows = 100;
constexpr int kAnswersChecked = 1000;

void CheckClose(const EngineKind& kind, double sum, double expected, const char* what) {
  if (std::abs(sum - expected) > std::max(1.0, std::abs(expected)) * 1e-9) WrongAnswer(kind, what);
}

// Of all columns of the rows of a sensor from tick `first` to before tick `end`.
double SumOfTicks(const Series& series, int64_t sensor, int64_t first, int64_t end) {
  double sum = 0;
  for (int64_t tick = std::max<int64_t>(0, first); tick < std::min(end, series.ticks()); ++tick) {
    for (const double value : series.at(sensor, tick).values) sum += value;
  }
  return sum;
}

// Also fills the cache: every column is read once.
void CheckScans(const EngineKind& kind, const Series& series, Client* client) {
  double all = 0;
  for (size_t column = 0; column < kColumns; ++column) {
    double expected = 0;
    for (const Sample& sample : series.samples()) expected += sample.values[column];
    CheckClose(kind, client->SumColumn(column), expected, "scan of one column");
    all += expected;
  }
  CheckClose(kind, client->SumAll(), all, "scan of all columns");
}

void CheckRows(const EngineKind& kind, const Series& series, Client* client) {
  KeyChooser random(7);
  for (int i = 0; i < kAnswersChecked; ++i) {
    const Sample& sample = series.at(random.Below(kSensors), random.Below(series.ticks()));
    std::array<double, kColumns> values;
    if (!client->Get(sample.sensor, sample.time, &values) || values != sample.values)
      WrongAnswer(kind, "get");
    if (client->Get(sample.sensor, sample.time + 500, &values)) WrongAnswer(kind, "get of an absent row");
  }
}

void CheckSlices(const EngineKind& kind, const Series& series, Client* client) {
  const auto rows = static_cast<int64_t>(kSliceRows);
  const int64_t ticks = series.ticks();
  CheckClose(kind, client->SumNewest(3, kSliceRows), SumOfTicks(series, 3, ticks - rows, ticks),
             "newest rows");
  for (const int64_t tick : {int64_t{0}, ticks / 2, ticks - 1}) {
    CheckClose(kind, client->SumAscending(3, Series::Time(3, tick), kSliceRows),
               SumOfTicks(series, 3, tick, tick + rows), "ascending rows");
  }
}

// A loaded, merged and reopened database whose answers have been checked.
class LoadedDatabase {
 public:
  LoadedDatabase(const EngineKind& kind, const Series& series, const EngineOptions& options,
                 const fs::path& directory) {
    {
      const std::unique_ptr<Engine> engine = kind.open(directory, options);
      Load(engine->NewClient().get(), series.samples());
      engine->Settle();
    }
    bytes_ = DataBytes(kind, directory);
    engine_ = kind.open(directory, options);
    client_ = engine_->NewClient();
    CheckScans(kind, series, client_.get());
    CheckRows(kind, series, client_.get());
    CheckSlices(kind, series, client_.get());
  }

  Engine& engine() const { return *engine_; }
  Client& client() const { return *client_; }
  uint64_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Client> client_;
  uint64_t bytes_ = 0;
};

enum class Cache { kAll, kQuarter };

LoadedDatabase& Loaded(Bench* bench, const EngineKind& kind, Cache cache = Cache::kAll) {
  const std::string name = (cache == Cache::kAll ? "loaded-" : "cold-") + kind.name;
  EngineOptions options;
  if (cache == Cache::kQuarter) options.memory_bytes = QuarterOfRaw(bench->flags().rows);
  return bench->Shared<LoadedDatabase>(name, [&] {
    return std::make_unique<LoadedDatabase>(kind, bench->series(), options, bench->EmptyDirectory(name));
  });
}

struct RowKey {
  int64_t sensor;
  int64_t time;
};

// Gets a row, present or not, at each iteration; choose() says which.
template <typename Choose>
void GetRows(benchmark::State& state, const EngineKind& kind, Client* client, bool present, Choose choose) {
  std::array<double, kColumns> values;
  LatencySampler sampler(LatencySampler::Which::kEvery16th);
  const Meter meter;
  for (auto _ : state) {
    const RowKey key = choose();
    sampler.Run([&] {
      if (client->Get(key.sensor, key.time, &values) != present) WrongAnswer(kind, "get");
    });
    benchmark::DoNotOptimize(values);
  }
  meter.Report(&state, state.iterations());
  sampler.latencies().Report(&state);
}

RowKey RandomRow(const Series& series, KeyChooser* random) {
  const int64_t sensor = random->Below(kSensors);
  return {sensor, Series::Time(sensor, random->Below(series.ticks()))};
}

void GetPresent(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  KeyChooser random(1);
  GetRows(state, kind, &Loaded(bench, kind).client(), true,
          [&, &series = bench->series()] { return RandomRow(series, &random); });
}

void GetAbsent(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  KeyChooser random(1);
  GetRows(state, kind, &Loaded(bench, kind).client(), false, [&, ticks = bench->series().ticks()] {
    const int64_t sensor = random.Below(kSensors);
    return RowKey{sensor, Series::AbsentTime(sensor, random.Below(ticks))};
  });
}

// Rows of which few are read often, scattered over the table. Chosen beforehand, for choosing takes as long
// as some reads do.
std::vector<uint32_t> ZipfianRows(const Series& series) {
  const auto rows = static_cast<uint64_t>(series.ticks() * kSensors);
  const RecordChooser chooser(Choice::kZipfian, rows, rows);
  KeyChooser random(1);
  std::vector<uint32_t> chosen(size_t{1} << 20);
  for (uint32_t& row : chosen) row = static_cast<uint32_t>(chooser.Next(&random));
  return chosen;
}

void GetZipfian(Bench* bench, benchmark::State& state, const EngineKind& kind, Cache cache) {
  const std::vector<uint32_t>& chosen = bench->Shared<std::vector<uint32_t>>(
      "zipfian-rows", [&] { return std::make_unique<std::vector<uint32_t>>(ZipfianRows(bench->series())); });
  size_t at = 0;
  GetRows(state, kind, &Loaded(bench, kind, cache).client(), true, [&] {
    const int64_t row = chosen[at++ % chosen.size()];
    return RowKey{row % kSensors, Series::Time(row % kSensors, row / kSensors)};
  });
}

// As get/hit, many reads on each thread in an iteration.
void GetInParallel(Bench* bench, benchmark::State& state, const EngineKind& kind, size_t threads) {
  constexpr int64_t kReads = 100'000;
  const LoadedDatabase& loaded = Loaded(bench, kind);
  const Series& series = bench->series();
  const Meter meter;
  for (auto _ : state) {
    InParallel(threads, [&](size_t thread) {
      const std::unique_ptr<Client> client = loaded.engine().NewClient();
      KeyChooser random(thread);
      std::array<double, kColumns> values;
      for (int64_t i = 0; i < kReads; ++i) {
        const RowKey key = RandomRow(series, &random);
        if (!client->Get(key.sensor, key.time, &values)) WrongAnswer(kind, "get");
      }
    });
  }
  meter.Report(&state, state.iterations() * kReads * static_cast<int64_t>(threads));
}

// `sum` reads `rows` rows at each call.
template <typename Sum>
void SumRows(benchmark::State& state, int64_t rows, LatencySampler::Which latencies, Sum sum) {
  LatencySampler sampler(latencies);
  const Meter meter;
  for (auto _ : state) {
    sampler.Run([&] { benchmark::DoNotOptimize(sum()); });
  }
  meter.Report(&state, state.iterations() * rows);
  sampler.latencies().Report(&state);
}

void SliceNewest(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  Client& client = Loaded(bench, kind).client();
  KeyChooser random(1);
  SumRows(state, 1, LatencySampler::Which::kEvery16th,
          [&] { return client.SumNewest(random.Below(kSensors), kSliceRows); });
}

void SliceAscending(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  Client& client = Loaded(bench, kind).client();
  const int64_t first_ticks =
      std::max<int64_t>(1, bench->series().ticks() - static_cast<int64_t>(kSliceRows));
  KeyChooser random(1);
  SumRows(state, 1, LatencySampler::Which::kEvery16th, [&] {
    const int64_t sensor = random.Below(kSensors);
    return client.SumAscending(sensor, Series::Time(sensor, random.Below(first_ticks)), kSliceRows);
  });
}

void ScanOne(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  Client& client = Loaded(bench, kind).client();
  const auto rows = static_cast<int64_t>(bench->series().samples().size());
  SumRows(state, rows, LatencySampler::Which::kEach, [&] { return client.SumColumn(1); });
}

void ScanAll(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  Client& client = Loaded(bench, kind).client();
  const auto rows = static_cast<int64_t>(bench->series().samples().size());
  SumRows(state, rows, LatencySampler::Which::kEach, [&] { return client.SumAll(); });
}

void Space(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  uint64_t bytes = Loaded(bench, kind).bytes();  // not const: DoNotOptimize pretends to change it
  for (auto _ : state) benchmark::DoNotOptimize(bytes);
  state.counters["bytes"] = static_cast<double>(bytes);
}

}  // namespace

void RegisterReads(Bench* bench) {
  const auto add = [bench](const std::string& name, Loop loop, auto run) {
    AddWorkload(name, bench->engines(), loop,
                [=](benchmark::State& state, const EngineKind& kind) { run(bench, state, kind); });
  };
  add("get/hit", Loop::kTimed, GetPresent);
  add("get/miss", Loop::kTimed, GetAbsent);
  add("get/zipfian", Loop::kTimed, [](auto&&... arguments) { GetZipfian(arguments..., Cache::kAll); });
  add("get/cold", Loop::kTimed, [](auto&&... arguments) { GetZipfian(arguments..., Cache::kQuarter); });
  AddScaling("scale/get", Loop::kTimed,
             [bench](benchmark::State& state, const EngineKind& kind, size_t threads) {
               GetInParallel(bench, state, kind, threads);
             });
  add("slice/newest", Loop::kTimed, SliceNewest);
  add("slice/asc", Loop::kTimed, SliceAscending);
  add("scan/one", Loop::kTimed, ScanOne);
  add("scan/all", Loop::kTimed, ScanAll);
  add("space/timeseries", Loop::kOnce, Space);
}
