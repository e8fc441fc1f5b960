// Time-series ingest: rows in order of arrival, the sensors interleaved, into a new database.
#include <algorithm>
#include <memory>
#include <vector>

#include "meter.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;

struct Ingestion {
  size_t batch = 1;  // rows per write
  size_t threads = 1;
  BenchDurability durability = BenchDurability::kProcess;
  size_t rows_share = 1;  // one in so many rows of the series is written: its beginning
  LatencySampler::Which latencies = LatencySampler::Which::kEvery16th;
};

// The threads take turns: thread t writes batches t, t + threads and so on.
Latencies WritePart(Engine* engine, std::span<const Sample> samples, const Ingestion& what, size_t thread) {
  const std::unique_ptr<Client> client = engine->NewClient();
  LatencySampler sampler(what.latencies);
  const size_t step = what.threads * what.batch;
  for (size_t begin = thread * what.batch; begin < samples.size(); begin += step) {
    size_t at = begin;
    const std::span<const Sample> rows = TakeSamples(samples, what.batch, &at);
    sampler.Run([&] { client->Write(rows); });
  }
  return sampler.latencies();
}

Latencies WriteAll(Engine* engine, std::span<const Sample> samples, const Ingestion& what) {
  std::vector<Latencies> parts(what.threads);
  InParallel(what.threads, [&](size_t thread) { parts[thread] = WritePart(engine, samples, what, thread); });
  for (size_t i = 1; i < parts.size(); ++i) parts[0].Merge(parts[i]);
  return parts[0];
}

// Not timed: creating and closing.
void Ingest(Bench* bench, benchmark::State& state, const EngineKind& kind, const Ingestion& what) {
  const fs::path directory = bench->EmptyDirectory("ingest");
  const std::vector<Sample>& all = bench->series().samples();
  const std::span<const Sample> samples(all.data(), all.size() / what.rows_share);
  EngineOptions options;
  options.durability = what.durability;
  std::unique_ptr<Engine> engine = kind.open(directory, options);
  const Meter meter;
  Latencies latencies;
  for (auto _ : state) latencies = WriteAll(engine.get(), samples, what);
  meter.Report(&state, static_cast<int64_t>(samples.size()));
  latencies.Report(&state);
  // What is in memory will be written, too.
  engine->Flush();
  ReportWritten(&state, engine.get(), static_cast<int64_t>(samples.size()));
  engine.reset();
  state.counters["disk"] = static_cast<double>(DataBytes(kind, directory));
  fs::remove_all(directory);
}

}  // namespace

void RegisterIngest(Bench* bench) {
  const auto add = [bench](const std::string& name, const Ingestion& what) {
    AddWorkload(name, bench->engines(), Loop::kOnce,
                [=](benchmark::State& state, const EngineKind& kind) { Ingest(bench, state, kind, what); });
  };
  using Durability = BenchDurability;
  constexpr auto kEach = LatencySampler::Which::kEach;
  add("ingest/1", {});
  add("ingest/100x2", {.batch = 100, .threads = 2, .latencies = kEach});
  add("ingest/100", {.batch = 100, .latencies = kEach});
  add("ingest/none1", {.durability = Durability::kNone});
  add("ingest/sync1", {.durability = Durability::kMachine, .rows_share = 2000, .latencies = kEach});
  add("ingest/sync8",
      {.threads = 8, .durability = Durability::kMachine, .rows_share = 500, .latencies = kEach});
  AddScaling("scale/ingest", Loop::kOnce,
             [=](benchmark::State& state, const EngineKind& kind, size_t threads) {
               Ingest(bench, state, kind, {.threads = threads});
             });
}
