// Writing at full speed, far more than fits into memory: what flushes and merges do to single writes.
#include <chrono>
#include <memory>

#include "meter.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

// Raw bytes of a row: sensor, time, four doubles.
constexpr size_t kRowBytes = 48;

// Row `i` of a stream of random upserts: every key comes about twice.
Sample RandomSample(int64_t i, int64_t rows) {
  const auto key =
      static_cast<int64_t>(KeyChooser::Mix(static_cast<uint64_t>(i)) % static_cast<uint64_t>(rows / 2));
  const uint64_t noise = KeyChooser::Mix(static_cast<uint64_t>(i) + (uint64_t{1} << 40));
  Sample sample{key % kSensors, 1'600'000'000'000 + key / kSensors * 1000, {}};
  for (size_t column = 0; column < kColumns; ++column) {
    sample.values[column] = static_cast<double>((noise >> (16 * column)) & 0xffff) / 100;
  }
  return sample;
}

void Sustained(Bench* bench, benchmark::State& state, const EngineKind& kind, const EngineOptions& options) {
  const fs::path directory = bench->EmptyDirectory("sustained");
  const auto rows = static_cast<int64_t>(bench->flags().sustained_times * options.memory_bytes / kRowBytes);
  std::unique_ptr<Engine> engine = kind.open(directory, options);
  std::unique_ptr<Client> client = engine->NewClient();
  Latencies latencies;
  const Meter meter;
  for (auto _ : state) {
    // Nothing goes unmeasured, waits between two writes included.
    SteadyClock::time_point before = SteadyClock::now();
    for (int64_t i = 0; i < rows; ++i) {
      const Sample sample = RandomSample(i, rows);
      client->Write({&sample, 1});
      const SteadyClock::time_point after = SteadyClock::now();
      latencies.Add(after - before);
      before = after;
    }
  }
  meter.Report(&state, rows);
  latencies.Report(&state);
  ReportWritten(&state, engine.get(), rows);
  client.reset();
  engine.reset();
  fs::remove_all(directory);
}

}  // namespace

void RegisterSustained(Bench* bench) {
  const auto add = [bench](const std::string& name, const std::vector<EngineKind>& engines,
                           const char* scaling_parameters) {
    EngineOptions options;
    options.memory_bytes = bench->flags().sustained_memory_bytes;
    options.scaling_parameters = scaling_parameters;
    AddWorkload(name, engines, Loop::kOnce, [=](benchmark::State& state, const EngineKind& kind) {
      Sustained(bench, state, kind, options);
    });
  };
  add("sustained", bench->engines(), "T4");
  add("sustained_N", {StoaEngine()}, "N");
  add("sustained_L10", {StoaEngine()}, "L10");
}
