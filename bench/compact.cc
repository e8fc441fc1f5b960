// Merging all of a table, by hand.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

#include "meter.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;

constexpr size_t kFiles = 8;
constexpr int64_t kSensorsOfCopy = 16;

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

// A database of the series, flushed eight times, that merges on one thread.
std::unique_ptr<Engine> OpenUnmerged(const EngineKind& kind, const Series& series,
                                     const fs::path& directory) {
  EngineOptions options;
  options.background_threads = 1;
  options.merges = false;
  std::unique_ptr<Engine> engine = kind.open(directory, options);
  const std::unique_ptr<Client> client = engine->NewClient();
  const std::span<const Sample> samples = series.samples();
  for (size_t at = 0; at < samples.size();) {
    Load(client.get(), TakeSamples(samples, samples.size() / kFiles + 1, &at));
    engine->Flush();
  }
  return engine;
}

void Merge(Bench* bench, benchmark::State& state, const EngineKind& kind, const Series& series) {
  const fs::path directory = bench->EmptyDirectory("compact");
  std::unique_ptr<Engine> engine = OpenUnmerged(kind, series, directory);
  const Meter meter;
  for (auto _ : state) engine->Settle();
  meter.Report(&state, static_cast<int64_t>(series.samples().size()));
  engine.reset();
  state.SetBytesProcessed(static_cast<int64_t>(DataBytes(kind, directory)));
  state.counters["disk_bytes_per_second"] = CopyingRate(kind, directory);
  fs::remove_all(directory);
}

}  // namespace

void RegisterCompaction(Bench* bench) {
  std::vector<EngineKind> engines;
  for (const EngineKind& kind : bench->engines()) {
    if (kind.merges_on_demand) engines.push_back(kind);
  }
  AddWorkload("compact/rows", engines, Loop::kOnce, [=](benchmark::State& state, const EngineKind& kind) {
    Merge(bench, state, kind, bench->series());
  });
  // Of few sensors, so that a file has long stretches of each, and nothing of other files lies among them.
  AddWorkload("compact/copy", engines, Loop::kOnce, [=](benchmark::State& state, const EngineKind& kind) {
    Merge(bench, state, kind, Series(bench->flags().rows, kSensorsOfCopy));
  });
}
