// Opening a database: one that was closed, and one whose process was killed, which has to be recovered from
// its log.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>

#include "child.h"
#include "meter.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;

// As a log has them: keys of 24 bytes and values of 32.
constexpr size_t kLogBytes = 64 << 20;
constexpr size_t kRowBytes = 56;

// So much that no engine writes what is in memory to files before it is full.
EngineOptions AmpleOptions() {
  EngineOptions options;
  options.memory_bytes = size_t{4} << 30;
  return options;
}

Series LoggedSeries(size_t rows) { return Series(std::min(rows, kLogBytes / kRowBytes)); }

// Directories as they are found; many runs open copies of them.
const fs::path& Crashed(Bench* bench, const EngineKind& kind) {
  const std::string name = "crashed-" + kind.name;
  return bench->Shared<fs::path>(name, [&] {
    auto found = std::make_unique<fs::path>(bench->EmptyDirectory(name));
    ChildProcess writer("write", {kind.name, *found, std::to_string(bench->flags().rows)});
    writer.ReadLine();
    return found;  // the writer is killed
  });
}

const fs::path& Closed(Bench* bench, const EngineKind& kind) {
  const std::string name = "closed-" + kind.name;
  return bench->Shared<fs::path>(name, [&] {
    auto found = std::make_unique<fs::path>(bench->EmptyDirectory(name));
    const std::unique_ptr<Engine> engine = kind.open(*found, AmpleOptions());
    Load(engine->NewClient().get(), LoggedSeries(bench->flags().rows).samples());
    return found;
  });
}

void CheckAllThere(const EngineKind& kind, const Series& series, Client* client) {
  double expected = 0;
  for (const Sample& sample : series.samples()) expected += sample.values[0];
  if (std::abs(client->SumColumn(0) - expected) > expected * 1e-9) WrongAnswer(kind, "rows after opening");
}

// Timed: opening, and reading the row written last.
void Open(Bench* bench, benchmark::State& state, const EngineKind& kind, const fs::path& found) {
  const Series series = LoggedSeries(bench->flags().rows);
  const Sample& last = series.samples().back();
  const fs::path directory = bench->EmptyDirectory("open");
  CopyFiles(found, directory);
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Client> client;
  const Meter meter;
  for (auto _ : state) {
    engine = kind.open(directory, AmpleOptions());
    client = engine->NewClient();
    std::array<double, kColumns> values;
    if (!client->Get(last.sensor, last.time, &values)) WrongAnswer(kind, "last row after opening");
  }
  meter.Report(&state, 1);
  CheckAllThere(kind, series, client.get());
  client.reset();
  engine.reset();
  fs::remove_all(directory);
}

}  // namespace

void WriteAndWait(const std::vector<std::string>& arguments) {
  const EngineKind kind = EngineOfName(arguments.at(0));
  const std::unique_ptr<Engine> engine = kind.open(arguments.at(1), AmpleOptions());
  Load(engine->NewClient().get(), LoggedSeries(std::stoull(arguments.at(2))).samples());
  std::puts("written");
  std::fflush(stdout);
  pause();
}

void RegisterOpening(Bench* bench) {
  AddWorkload("open/crash", bench->engines(), Loop::kOnce,
              [=](benchmark::State& state, const EngineKind& kind) {
                Open(bench, state, kind, Crashed(bench, kind));
              });
  AddWorkload("open/clean", bench->engines(), Loop::kOnce,
              [=](benchmark::State& state, const EngineKind& kind) {
                Open(bench, state, kind, Closed(bench, kind));
              });
}
