// Real data: flights, a partition per airport of origin, in it by departure. What numbers the file has go in
// as they are; airports are numbered as they appear, and flights of one airport and minute stand a
// millisecond apart.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meter.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;

constexpr size_t kSliceRows = 100;
constexpr size_t kDelayColumn = 0;

class Flights {
 public:
  // Ends the program when the file is none of flights.
  explicit Flights(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) Add(path, line);
    if (samples_.empty()) NotFlights(path, line);
    by_origin_.resize(airports_.size());
    for (const Sample& flight : samples_) {
      by_origin_[static_cast<size_t>(flight.sensor)].push_back(flight);
    }
    for (std::vector<Sample>& flights : by_origin_) {
      std::sort(flights.begin(), flights.end(),
                [](const Sample& a, const Sample& b) { return a.time > b.time; });
    }
  }

  const std::vector<Sample>& samples() const { return samples_; }
  /// Newest first.
  const std::vector<Sample>& OfOrigin(int64_t origin) const {
    return by_origin_[static_cast<size_t>(origin)];
  }
  int64_t airports() const { return static_cast<int64_t>(by_origin_.size()); }

 private:
  [[noreturn]] static void NotFlights(const std::string& path, const std::string& line) {
    std::fprintf(stderr, "%s: not a file of flights (date,origin,destination,delay,distance): '%s'\n",
                 path.c_str(), line.c_str());
    std::exit(1);
  }

  void Add(const std::string& path, const std::string& line) {
    int year = 0;
    unsigned month = 0;
    unsigned day = 0;
    int hour = 0;
    int minute = 0;
    char origin[8] = "";
    char destination[8] = "";
    int delay = 0;
    int distance = 0;
    if (std::sscanf(line.c_str(), "%d-%u-%u %d:%d,%7[^,],%7[^,],%d,%d", &year, &month, &day, &hour, &minute,
                    origin, destination, &delay, &distance) != 9) {
      NotFlights(path, line);
    }
    const std::chrono::sys_days date =
        std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
    const auto time = std::chrono::milliseconds(date.time_since_epoch() + std::chrono::hours(hour) +
                                                std::chrono::minutes(minute));
    const int64_t number = NumberOf(origin);
    const int64_t of_minute = flights_of_minute_[{number, time.count()}]++;
    samples_.push_back({number,
                        time.count() + of_minute,
                        {static_cast<double>(delay), static_cast<double>(distance),
                         static_cast<double>(NumberOf(destination)), 0}});
  }

  int64_t NumberOf(const std::string& airport) {
    return airports_.emplace(airport, static_cast<int64_t>(airports_.size())).first->second;
  }

  std::map<std::string, int64_t> airports_;
  std::map<std::pair<int64_t, int64_t>, int64_t> flights_of_minute_;
  std::vector<Sample> samples_;
  std::vector<std::vector<Sample>> by_origin_;
};

double SumOf(const Sample& flight) {
  double sum = 0;
  for (const double value : flight.values) sum += value;
  return sum;
}

void Check(const EngineKind& kind, double sum, double expected, const char* what) {
  if (std::abs(sum - expected) > 0.5) WrongAnswer(kind, what);  // of whole numbers
}

// Loaded, merged, reopened and checked.
class LoadedFlights {
 public:
  LoadedFlights(const EngineKind& kind, const Flights& flights, const fs::path& directory) {
    {
      const std::unique_ptr<Engine> engine = kind.open(directory, EngineOptions());
      Load(engine->NewClient().get(), flights.samples());
      engine->Settle();
    }
    bytes_ = DataBytes(kind, directory);
    engine_ = kind.open(directory, EngineOptions());
    client_ = engine_->NewClient();
    double expected = 0;
    double delays = 0;
    for (const Sample& flight : flights.samples()) {
      expected += SumOf(flight);
      delays += flight.values[kDelayColumn];
    }
    Check(kind, client_->SumAll(), expected, "scan of all flights");
    Check(kind, client_->SumColumn(kDelayColumn), delays, "sum of all delays");
    for (int64_t origin = 0; origin < flights.airports(); ++origin) {
      const std::vector<Sample>& all = flights.OfOrigin(origin);
      double newest = 0;
      for (size_t i = 0; i < std::min(kSliceRows, all.size()); ++i) newest += SumOf(all[i]);
      Check(kind, client_->SumNewest(origin, kSliceRows), newest, "newest flights of an airport");
    }
  }

  Client& client() const { return *client_; }
  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t bytes_ = 0;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Client> client_;
};

LoadedFlights& Loaded(Bench* bench, const EngineKind& kind, const Flights& flights) {
  const std::string name = "flights-" + kind.name;
  return bench->Shared<LoadedFlights>(
      name, [&] { return std::make_unique<LoadedFlights>(kind, flights, bench->EmptyDirectory(name)); });
}

void Ingest(benchmark::State& state, const EngineKind& kind, Bench* bench, const Flights& flights) {
  const std::unique_ptr<Engine> engine =
      kind.open(bench->EmptyDirectory("flights-ingest-" + kind.name), EngineOptions());
  const std::unique_ptr<Client> client = engine->NewClient();
  LatencySampler sampler(LatencySampler::Which::kEach);
  const Meter meter;
  for (auto _ : state) {
    for (const Sample& flight : flights.samples()) sampler.Run([&] { client->Write({&flight, 1}); });
  }
  meter.Report(&state, static_cast<int64_t>(flights.samples().size()));
  sampler.latencies().Report(&state);
}

void Newest(benchmark::State& state, const EngineKind& kind, Bench* bench, const Flights& flights) {
  Client& client = Loaded(bench, kind, flights).client();
  KeyChooser random(1);
  LatencySampler sampler(LatencySampler::Which::kEvery16th);
  const Meter meter;
  for (auto _ : state) {
    sampler.Run(
        [&] { benchmark::DoNotOptimize(client.SumNewest(random.Below(flights.airports()), kSliceRows)); });
  }
  meter.Report(&state, state.iterations());
  sampler.latencies().Report(&state);
}

void Delays(benchmark::State& state, const EngineKind& kind, Bench* bench, const Flights& flights) {
  Client& client = Loaded(bench, kind, flights).client();
  const Meter meter;
  for (auto _ : state) benchmark::DoNotOptimize(client.SumColumn(kDelayColumn));
  meter.Report(&state, state.iterations() * static_cast<int64_t>(flights.samples().size()));
}

void Space(benchmark::State& state, const EngineKind& kind, Bench* bench, const Flights& flights) {
  uint64_t bytes = Loaded(bench, kind, flights).bytes();
  for (auto _ : state) benchmark::DoNotOptimize(bytes);
  state.counters["bytes"] = static_cast<double>(bytes);
}

}  // namespace

void RegisterFlights(Bench* bench) {
  if (bench->flags().flights.empty()) return;
  const auto add = [=](const char* name, Loop loop, auto run) {
    AddWorkload(name, bench->engines(), loop, [=](benchmark::State& state, const EngineKind& kind) {
      const Flights& flights = bench->Shared<Flights>(
          "flights", [&] { return std::make_unique<Flights>(bench->flags().flights); });
      run(state, kind, bench, flights);
    });
  };
  add("flights/ingest", Loop::kOnce, Ingest);
  add("flights/newest", Loop::kTimed, Newest);
  add("flights/delays", Loop::kTimed, Delays);
  add("space/flights", Loop::kOnce, Space);
}
