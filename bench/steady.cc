// Ingest, overwrites and deletions at full speed for some time: what memory and space they take while merges
// go on.
#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "meter.h"
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

// Of the tables; the log comes and goes.
uint64_t TableBytes(const fs::path& directory) {
  static const std::set<fs::path> extensions = {".sst", ".ldb", ".wt", ".mdb"};
  uint64_t bytes = 0;
  std::error_code gone;  // while the database is open, files go
  for (const auto& entry : fs::recursive_directory_iterator(directory, gone)) {
    if (!extensions.contains(entry.path().extension())) continue;
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

void WriteNext(Client* client, int64_t step, Window* window) {
  const bool is_full = window->newest - window->oldest >= kLiveRows;
  if (step % 3 == 0 && is_full) {
    const Sample oldest = RowAt(window->oldest++, 0);
    client->Delete({&oldest, 1});
  } else if (step % 3 == 1 && window->newest > 0) {
    const auto alive = static_cast<uint64_t>(window->newest - window->oldest);
    const auto chosen = static_cast<int64_t>(KeyChooser::Mix(static_cast<uint64_t>(step)) % alive);
    const Sample again = RowAt(window->oldest + chosen, static_cast<uint64_t>(step));
    client->Write({&again, 1});
  } else {
    const Sample next = RowAt(window->newest++, 0);
    client->Write({&next, 1});
  }
}

void CheckAlive(const EngineKind& kind, Client* client, const Window& window) {
  std::array<double, kColumns> values;
  const auto is_there = [&](int64_t number) {
    const Sample row = RowAt(number, 0);
    return client->Get(row.sensor, row.time, &values);
  };
  if (!is_there(window.oldest) || !is_there(window.newest - 1) ||
      (window.oldest > 0 && is_there(window.oldest - 1))) {
    WrongAnswer(kind, "the wrong rows are alive");
  }
}

void Steady(Bench* bench, benchmark::State& state, const EngineKind& kind) {
  const fs::path directory = bench->EmptyDirectory("steady");
  EngineOptions options;
  options.memory_bytes = kMemoryBytes;
  int64_t step = 0;
  Window window;
  Sampler sampler(directory);
  std::unique_ptr<Engine> engine = kind.open(directory, options);
  std::unique_ptr<Client> client = engine->NewClient();
  const Meter meter;
  for (auto _ : state) {
    const SteadyClock::time_point end =
        SteadyClock::now() + std::chrono::seconds(bench->flags().steady_seconds);
    for (; step % 1000 != 0 || SteadyClock::now() < end; ++step) WriteNext(client.get(), step, &window);
  }
  sampler.Stop();
  meter.Report(&state, step);
  CheckAlive(kind, client.get(), window);
  client.reset();
  engine->Settle();
  engine.reset();
  state.counters["memory"] = static_cast<double>(sampler.heap_peak());
  state.counters["space"] =
      static_cast<double>(sampler.table_peak()) / static_cast<double>(TableBytes(directory));
  fs::remove_all(directory);
}

}  // namespace

void RegisterSteady(Bench* bench) {
  AddWorkload("steady", bench->engines(), Loop::kOnce,
              [=](benchmark::State& state, const EngineKind& kind) { Steady(bench, state, kind); });
}
