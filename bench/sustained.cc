// Writing at full speed, far more than fits into memory: what flushes and merges do to single writes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

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

double Quantile(std::vector<uint32_t>* nanos, double share) {
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(nanos->size() - 1) * share);
  std::nth_element(nanos->begin(), nanos->begin() + at, nanos->end());
  return static_cast<double>((*nanos)[static_cast<size_t>(at)]) / 1000;
}

void Sustained(benchmark::State& state, const EngineKind& kind, const EngineOptions& options,
               const fs::path& directory, int64_t rows) {
  std::vector<uint32_t> nanos(static_cast<size_t>(rows));
  for (auto _ : state) {
    fs::remove_all(directory);
    const std::unique_ptr<Engine> engine = kind.open(directory, options);
    SteadyClock::time_point before = SteadyClock::now();
    for (int64_t i = 0; i < rows; ++i) {
      const Sample sample = RandomSample(i, rows);
      engine->Write({&sample, 1});
      const SteadyClock::time_point after = SteadyClock::now();
      nanos[static_cast<size_t>(i)] = static_cast<uint32_t>((after - before).count());
      before = after;
    }
    state.counters["written"] = static_cast<double>(engine->BytesWritten());
  }
  fs::remove_all(directory);
  state.SetItemsProcessed(rows);
  state.counters["p50"] = Quantile(&nanos, 0.5);
  state.counters["p99"] = Quantile(&nanos, 0.99);
  state.counters["p999"] = Quantile(&nanos, 0.999);
  state.counters["max"] = Quantile(&nanos, 1);
}

}  // namespace

void RegisterSustained(const std::vector<EngineKind>& engines, const fs::path& scratch, size_t memory_bytes) {
  const auto rows = static_cast<int64_t>(20 * memory_bytes / kRowBytes);
  for (const EngineKind& kind : engines) {
    const bool is_stoa = kind.name == "stoa";
    for (const char* scaling : {"T4", "N", "L10"}) {
      EngineOptions options;
      options.memory_bytes = memory_bytes;
      options.scaling_parameters = scaling;
      const std::string name =
          scaling == std::string("T4") ? "sustained" : std::string("sustained_") + scaling;
      if (name != "sustained" && !is_stoa) continue;
      benchmark::RegisterBenchmark((name + "/" + kind.name).c_str(),
                                   [=](benchmark::State& state) {
                                     Sustained(state, kind, options, scratch / ("sustained-" + kind.name),
                                               rows);
                                   })
          ->UseRealTime()
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
}
