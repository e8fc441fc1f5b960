// The workloads of records: byte strings under keys, written and read at random.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "meter.h"
#include "record_ops.h"
#include "record_store.h"
#include "workloads.h"

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kCachedMemory = size_t{1} << 30;
constexpr size_t kOpenMemory = size_t{64} << 20;

struct RecordWorkload {
  std::string name;
  Mix mix;
  RecordTable table;
  uint64_t operations = 0;
  size_t memory_bytes = kCachedMemory;
  /// Operations a second; 0: each begins when the one before it has ended.
  uint64_t rate = 0;
};

// When operations are to begin.
class Pace {
 public:
  explicit Pace(uint64_t rate) : rate_(rate), start_(SteadyClock::now()) {}

  // Waits for the next beginning. A late one has begun when it should have: its waiting counts.
  SteadyClock::time_point Next() {
    const SteadyClock::time_point begin = start_ + std::chrono::nanoseconds(1'000'000'000 * begun_++ / rate_);
    while (SteadyClock::now() < begin) {
    }
    return begin;
  }

 private:
  const uint64_t rate_;
  const SteadyClock::time_point start_;
  uint64_t begun_ = 0;
};

void RunOperations(benchmark::State& state, const RecordWorkload& workload, RecordRun* run) {
  const Meter meter;
  Latencies latencies;
  for (auto _ : state) {
    Pace pace(workload.rate);
    SteadyClock::time_point begin = SteadyClock::now();
    for (uint64_t i = 0; i < workload.operations; ++i) {
      if (workload.rate != 0) begin = pace.Next();
      run->DoNext();
      const SteadyClock::time_point end = SteadyClock::now();
      latencies.Add(end - begin);
      begin = end;
    }
  }
  meter.Report(&state, static_cast<int64_t>(workload.operations));
  latencies.Report(&state);
}

void Run(benchmark::State& state, const EngineKind& kind, Bench* bench, const RecordWorkload& workload) {
  const RunDatabase database(bench, kind, workload.table, workload.memory_bytes);
  RecordRun run(kind, database.engine(), workload.mix, workload.table, workload.operations);
  RunOperations(state, workload, &run);
  run.CheckResult();
}

void Amplify(benchmark::State& state, const EngineKind& kind, Bench* bench, const RecordWorkload& workload) {
  const RunDatabase database(bench, kind, workload.table, workload.memory_bytes);
  RecordRun run(kind, database.engine(), workload.mix, workload.table, workload.operations);
  RunOperations(state, workload, &run);
  database.engine()->Flush();
  const uint64_t written = database.engine()->BytesWritten() + database.engine()->LogBytesWritten();
  state.counters["amplification"] = static_cast<double>(written) / static_cast<double>(run.bytes_written());
  run.CheckResult();
}

// Deletes all records but every tenth, then reads the rest.
void Delete(benchmark::State& state, const EngineKind& kind, Bench* bench, const RecordTable& table) {
  const RunDatabase database(bench, kind, table, kCachedMemory);
  const std::unique_ptr<Client> client = database.engine()->NewClient();
  RecordMaker maker(table.shape);
  LatencySampler sampler(LatencySampler::Which::kEach);
  const Meter meter;
  for (auto _ : state) {
    for (uint64_t record = 0; record < table.records; ++record) {
      if (record % 10 != 0) sampler.Run([&] { client->Remove(maker.Key(record)); });
    }
  }
  meter.Report(&state, static_cast<int64_t>(table.records / 10 * 9));
  sampler.latencies().Report(&state);
  const SteadyClock::time_point begin = SteadyClock::now();
  CheckRecordsThere(kind, client.get(), table, (table.records + 9) / 10);
  state.counters["scan_us"] = std::chrono::duration<double, std::micro>(SteadyClock::now() - begin).count();
}

void Space(benchmark::State& state, const EngineKind& kind, Bench* bench, const RecordTable& table) {
  uint64_t bytes = LoadedBytes(bench, kind, table);
  for (auto _ : state) benchmark::DoNotOptimize(bytes);
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["raw"] = static_cast<double>(table.records * table.shape.value_bytes());
}

// Cooper et al., "Benchmarking Cloud Serving Systems with YCSB" (SoCC 2010), with the parameters of its
// programs.
std::vector<RecordWorkload> Ycsb(const RecordTable& table, uint64_t operations) {
  using enum OpKind;
  return {
      {"ycsb/a", {{{kRead, 50}, {kUpdate, 50}}, Choice::kZipfian}, table, operations},
      {"ycsb/b", {{{kRead, 95}, {kUpdate, 5}}, Choice::kZipfian}, table, operations},
      {"ycsb/c", {{{kRead, 100}}, Choice::kZipfian}, table, operations},
      {"ycsb/d", {{{kRead, 95}, {kInsert, 5}}, Choice::kLatest}, table, operations},
      {"ycsb/e", {{{kScan, 95}, {kInsert, 5}}, Choice::kZipfian, 1, 100}, table, operations / 5},
      {"ycsb/f", {{{kRead, 50}, {kReadModifyWrite, 50}}, Choice::kZipfian}, table, operations},
  };
}

// Rabl et al., "Solving Big Data Challenges for Enterprise Application Performance Management" (VLDB 2012),
// table 1.
std::vector<RecordWorkload> Monitoring(const RecordTable& table, uint64_t operations) {
  using enum OpKind;
  const Choice all_alike = Choice::kUniform;
  return {
      {"monitoring/r", {{{kRead, 95}, {kInsert, 5}}, all_alike}, table, operations},
      {"monitoring/rw", {{{kRead, 50}, {kInsert, 50}}, all_alike}, table, operations},
      {"monitoring/w", {{{kRead, 1}, {kInsert, 99}}, all_alike}, table, operations},
      {"monitoring/rs", {{{kRead, 47}, {kScan, 47}, {kInsert, 6}}, all_alike, 50, 50}, table, operations / 5},
      {"monitoring/rsw",
       {{{kRead, 25}, {kScan, 25}, {kInsert, 50}}, all_alike, 50, 50},
       table,
       operations / 5},
  };
}

std::vector<RecordWorkload> Others(const BenchFlags& flags, const RecordTable& ycsb_table) {
  using enum OpKind;
  const Mix upserts{{{kUpsert, 100}}};
  const RecordTable rows{{20, 50}, flags.records};
  const uint64_t open_operations = flags.open_rate * flags.open_seconds;
  return {
      {"upsert/100", upserts, {{1, 100}, flags.upsert_keys, false}, flags.upsert_keys},
      {"upsert/1k", upserts, {{1, 1000}, flags.upsert_keys, false}, flags.upsert_keys / 5},
      {"update/partial", {{{kUpdateThenRead, 100}}}, rows, flags.operations},
      {"mixed/open",
       {{{kRead, 50}, {kUpsert, 50}}},
       ycsb_table,
       open_operations,
       kOpenMemory,
       flags.open_rate},
  };
}

// Random upserts of 20 times the memory there is; every key comes about twice.
RecordWorkload Amplification(size_t memory_bytes) {
  constexpr size_t kKeyBytes = 23;
  const RecordShape shape{1, 100};
  const uint64_t operations = 20 * memory_bytes / (kKeyBytes + shape.value_bytes());
  return {
      "wamp/upsert", {{{OpKind::kUpsert, 100}}}, {shape, operations / 2, false}, operations, memory_bytes};
}

}  // namespace

void RegisterRecords(Bench* bench) {
  const BenchFlags& flags = bench->flags();
  const RecordTable ycsb{RecordShape{}, flags.records};
  const RecordTable metrics{{5, 10, 25}, 5 * flags.records};
  for (const auto& theme :
       {Others(flags, ycsb), Ycsb(ycsb, flags.operations), Monitoring(metrics, flags.operations)}) {
    for (const RecordWorkload& workload : theme) {
      AddWorkload(
          workload.name, bench->engines(), Loop::kOnce,
          [=](benchmark::State& state, const EngineKind& kind) { Run(state, kind, bench, workload); });
    }
  }
  const auto add = [=](const char* name, auto run) { AddWorkload(name, bench->engines(), Loop::kOnce, run); };
  const RecordWorkload amplification = Amplification(flags.wamp_memory_bytes);
  add("wamp/upsert",
      [=](benchmark::State& state, const EngineKind& kind) { Amplify(state, kind, bench, amplification); });
  add("space/ycsb",
      [=](benchmark::State& state, const EngineKind& kind) { Space(state, kind, bench, ycsb); });
  add("delete", [=](benchmark::State& state, const EngineKind& kind) { Delete(state, kind, bench, ycsb); });
}
