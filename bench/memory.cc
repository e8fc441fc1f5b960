// The most memory that an engine takes, in a process of its own: while rows are loaded, four times as many
// bytes as it may use, and then read at random.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "child.h"
#include "meter.h"
#include "workloads.h"

namespace {

constexpr int64_t kReadsPerRow = 10;  // one in so many rows is read
constexpr char kNone[] = "none";

// An engine that does nothing, to tell what the rest of the process takes.
class NoClient : public Client {
 public:
  void Write(std::span<const Sample>) override {}
  void Delete(std::span<const Sample>) override {}
  void DeleteNewest(int64_t, int64_t) override {}
  bool Get(int64_t, int64_t, std::array<double, kColumns>*) override { return true; }
  bool Newest(int64_t, int64_t*) override { return true; }
  double SumNewest(int64_t, size_t) override { return 0; }
  double SumAscending(int64_t, int64_t, size_t) override { return 0; }
  double SumColumn(size_t) override { return 0; }
  double SumAll() override { return 0; }
  void Insert(std::string_view, std::span<const std::string_view>) override {}
  void Update(std::string_view, size_t, std::string_view) override {}
  void Remove(std::string_view) override {}
  bool Read(std::string_view, std::vector<std::string_view>*) override { return true; }
  size_t Scan(std::string_view, size_t) override { return 0; }
};

// Kibibytes; 0 when the system does not say.
int64_t PeakResidentKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(sizeof "VmHWM:"));
  }
  return 0;
}

// Rows are made one batch after the other: a series in memory would be more than the engines may use.
Sample RowOf(int64_t number) {
  Sample sample{number % kSensors, Series::Time(number % kSensors, number / kSensors), {}};
  uint64_t noise = KeyChooser::Mix(static_cast<uint64_t>(number));
  for (double& value : sample.values) {
    value = static_cast<double>(noise & 0xfff) / 100;
    noise >>= 16;
  }
  return sample;
}

void LoadRows(Client* client, int64_t rows) {
  constexpr int64_t kBatch = 100;
  std::array<Sample, kBatch> batch;
  for (int64_t begin = 0; begin < rows; begin += kBatch) {
    const int64_t count = std::min(kBatch, rows - begin);
    for (int64_t i = 0; i < count; ++i) batch[static_cast<size_t>(i)] = RowOf(begin + i);
    client->Write({batch.data(), static_cast<size_t>(count)});
  }
}

void ReadRows(Client* client, int64_t rows) {
  KeyChooser random(1);
  std::array<double, kColumns> values;
  for (int64_t i = 0; i < rows / kReadsPerRow; ++i) {
    const Sample sample = RowOf(random.Below(rows));
    if (client->Get(sample.sensor, sample.time, &values)) continue;
    std::fprintf(stderr, "a row is not there\n");
    std::exit(1);
  }
}

int64_t PeakOf(Bench* bench, const std::string& engine) {
  ChildProcess child("memory",
                     {engine, bench->EmptyDirectory("memory"), std::to_string(bench->flags().rows)});
  return std::stoll(child.ReadLine()) * 1024;
}

void PeakMemory(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  const int64_t rest = bench->Shared<int64_t>(
      "memory-of-nothing", [&] { return std::make_unique<int64_t>(PeakOf(bench, kNone)); });
  int64_t peak = 0;
  for (auto _ : state) peak = PeakOf(bench, kind.name) - rest;
  state.SetItemsProcessed(static_cast<int64_t>(bench->flags().rows));
  state.counters["memory"] = static_cast<double>(peak);
  state.counters["budget"] = static_cast<double>(QuarterOfRaw(bench->flags().rows));
}

}  // namespace

void UseMemory(const std::vector<std::string>& arguments) {
  const auto rows = static_cast<int64_t>(std::stoull(arguments.at(2)));
  EngineOptions options;
  options.memory_bytes = QuarterOfRaw(static_cast<size_t>(rows));
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Client> client = std::make_unique<NoClient>();
  if (arguments.at(0) != kNone) {
    engine = EngineOfName(arguments.at(0)).open(arguments.at(1), options);
    client = engine->NewClient();
  }
  LoadRows(client.get(), rows);
  ReadRows(client.get(), rows);
  std::printf("%lld\n", static_cast<long long>(PeakResidentKib()));
  std::fflush(stdout);
}

void RegisterMemory(Bench* bench) {
  AddWorkload("memory/peak", bench->engines(), Loop::kOnce,
              [=](benchmark::State& state, const EngineKind& kind) { PeakMemory(bench, state, kind); });
}
