// Ingest, overwrites and deletions at full speed for some time: what memory and space they take while merges
// go on.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "workloads.h"

namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kMemoryBytes = 64 << 20;
// Alive when as many are deleted as added; with 48 bytes each more than there is memory.
constexpr int64_t kLiveRows = 2'000'000;

Sample RowAt(int64_t number, uint64_t version) {
  Sample sample{number % kSensors, 1'600'000'000'000 + number / kSensors * 1000, {}};
  const uint64_t noise = KeyChooser::Mix(static_cast<uint64_t>(number) + (version << 40));
  for (size_t column = 0; column < kColumns; ++column) {
    sample.values[column] = static_cast<double>((noise >> (16 * column)) & 0xffff) / 100;
  }
  return sample;
}

// Of the tables, which in both engines are files of this kind; the log comes and goes.
uint64_t TableBytes(const fs::path& directory) {
  uint64_t bytes = 0;
  std::error_code gone;  // while the database is open, files go
  for (const auto& entry : fs::recursive_directory_iterator(directory, gone)) {
    if (entry.path().extension() != ".sst") continue;
    const uint64_t file_bytes = entry.file_size(gone);
    if (!gone) bytes += file_bytes;
  }
  return bytes;
}

// Looks again and again at the heap and now and then at the files, on a thread of its own.
class Sampler {
 public:
  explicit Sampler(fs::path directory)
      : directory_(std::move(directory)), heap_before_(HeapBytes()), thread_([this] { Run(); }) {}

  void Stop() {
    stop_.store(true);
    thread_.join();
  }
  /// Most that was allocated beyond what was before.
  int64_t heap_peak() const { return heap_peak_; }
  uint64_t table_peak() const { return table_peak_; }

 private:
  static int64_t HeapBytes() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<int64_t>(info.uordblks + info.hblkhd);
  }
  void Run() {
    for (int64_t tick = 0; !stop_.load(); ++tick) {
      heap_peak_ = std::max(heap_peak_, HeapBytes() - heap_before_);
      if (tick % 50 == 0) table_peak_ = std::max(table_peak_, TableBytes(directory_));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  const fs::path directory_;
  const int64_t heap_before_;
  int64_t heap_peak_ = 0;
  uint64_t table_peak_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Rows [oldest, newest) are alive.
struct Window {
  int64_t oldest = 0;
  int64_t newest = 0;
};

void WriteNext(Engine* engine, int64_t step, Window* window) {
  const bool is_full = window->newest - window->oldest >= kLiveRows;
  if (step % 3 == 0 && is_full) {
    const Sample oldest = RowAt(window->oldest++, 0);
    engine->Delete({&oldest, 1});
  } else if (step % 3 == 1 && window->newest > 0) {
    const auto alive = static_cast<uint64_t>(window->newest - window->oldest);
    const auto chosen = static_cast<int64_t>(KeyChooser::Mix(static_cast<uint64_t>(step)) % alive);
    const Sample again = RowAt(window->oldest + chosen, static_cast<uint64_t>(step));
    engine->Write({&again, 1});
  } else {
    const Sample next = RowAt(window->newest++, 0);
    engine->Write({&next, 1});
  }
}

void CheckAlive(Engine* engine, const Window& window) {
  std::array<double, kColumns> values;
  const auto is_there = [&](int64_t number) {
    const Sample row = RowAt(number, 0);
    return engine->Get(row.sensor, row.time, &values);
  };
  if (is_there(window.oldest) && is_there(window.newest - 1) &&
      (window.oldest == 0 || !is_there(window.oldest - 1))) {
    return;
  }
  std::fprintf(stderr, "steady: the wrong rows are alive\n");
  std::exit(1);
}

void Steady(benchmark::State& state, const EngineKind& kind, const fs::path& directory, int64_t seconds) {
  int64_t step = 0;
  for (auto _ : state) {
    fs::remove_all(directory);
    EngineOptions options;
    options.memory_bytes = kMemoryBytes;
    fs::create_directories(directory);
    Sampler sampler(directory);
    {
      const std::unique_ptr<Engine> engine = kind.open(directory, options);
      Window window;
      const SteadyClock::time_point end = SteadyClock::now() + std::chrono::seconds(seconds);
      for (; step % 1000 != 0 || SteadyClock::now() < end; ++step) WriteNext(engine.get(), step, &window);
      sampler.Stop();
      CheckAlive(engine.get(), window);
      engine->Settle();
    }
    const auto settled = static_cast<double>(TableBytes(directory));
    state.counters["memory"] = static_cast<double>(sampler.heap_peak());
    state.counters["space"] = static_cast<double>(sampler.table_peak()) / settled;
  }
  fs::remove_all(directory);
  state.SetItemsProcessed(step);
}

}  // namespace

void RegisterSteady(const std::vector<EngineKind>& engines, const fs::path& scratch, int64_t seconds) {
  for (const EngineKind& kind : engines) {
    benchmark::RegisterBenchmark(
        ("steady/" + kind.name).c_str(),
        [=](benchmark::State& state) { Steady(state, kind, scratch / ("steady-" + kind.name), seconds); })
        ->UseRealTime()
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
}
