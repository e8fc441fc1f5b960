// Reads of the time series, loaded, merged and cached.
#include <algorithm>
#include <cmath>
#include <memory>

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
  LoadedDatabase(const EngineKind& kind, const Series& series, const fs::path& directory) {
    {
      const std::unique_ptr<Engine> engine = kind.open(directory, EngineOptions());
      Load(engine->NewClient().get(), series.samples());
      engine->Settle();
    }
    bytes_ = DataBytes(kind, directory);
    engine_ = kind.open(directory, EngineOptions());
    client_ = engine_->NewClient();
    CheckScans(kind, series, client_.get());
    CheckRows(kind, series, client_.get());
    CheckSlices(kind, series, client_.get());
  }

  Client& client() const { return *client_; }
  uint64_t bytes() const { return bytes_; }

 private:
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Client> client_;
  uint64_t bytes_ = 0;
};

LoadedDatabase& Loaded(Bench* bench, const EngineKind& kind) {
  const std::string name = "loaded-" + kind.name;
  return bench->Shared<LoadedDatabase>(name, [&] {
    return std::make_unique<LoadedDatabase>(kind, bench->series(), bench->EmptyDirectory(name));
  });
}

void GetRows(Bench* bench, benchmark::State& state, const EngineKind& kind, bool present) {
  Client& client = Loaded(bench, kind).client();
  const int64_t ticks = bench->series().ticks();
  KeyChooser random(1);
  std::array<double, kColumns> values;
  LatencySampler sampler(LatencySampler::Which::kEvery16th);
  const Meter meter;
  for (auto _ : state) {
    const int64_t sensor = random.Below(kSensors);
    const int64_t tick = random.Below(ticks);
    const int64_t time = present ? Series::Time(sensor, tick) : Series::AbsentTime(sensor, tick);
    sampler.Run([&] {
      if (client.Get(sensor, time, &values) != present) WrongAnswer(kind, "get");
    });
    benchmark::DoNotOptimize(values);
  }
  meter.Report(&state, state.iterations());
  sampler.latencies().Report(&state);
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
  add("get/hit", Loop::kTimed, [](auto&&... arguments) { GetRows(arguments..., true); });
  add("get/miss", Loop::kTimed, [](auto&&... arguments) { GetRows(arguments..., false); });
  add("slice/newest", Loop::kTimed, SliceNewest);
  add("slice/asc", Loop::kTimed, SliceAscending);
  add("scan/one", Loop::kTimed, ScanOne);
  add("scan/all", Loop::kTimed, ScanAll);
  add("space/timeseries", Loop::kOnce, Space);
}
