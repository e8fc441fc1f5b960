// Stoa and other engines on the same work, in one process. Besides Google Benchmark's flags:
//   --rows=N    rows of the series, rounded up to full seconds of 1,000 sensors; default 2,000,000
//   --sustained-memory=N  budget of the workload sustained, in bytes; default 16 MiB
//   --sustained-times=N   how many times as many bytes it writes; default 20
//   --queue-rows=N  rows that go through a queue; default 5,000,000
//   --steady-seconds=N  how long the workload steady takes; default 60
//   --upsert-keys=N  keys of upsert/100 and upsert/1k; default 5,000,000
//   --records=N  records of YCSB and other workloads that are loaded before; default 200,000
//   --operations=N  operations on them, a fifth of it with scans; default 500,000
//   --wamp-memory=N  budget of the workload wamp/upsert, in bytes; default 16 MiB
//   --open-rate=N, --open-seconds=N  operations a second of mixed/open, default 20,000, and for how long,
//   default 5
//   --flights=FILE  a CSV file of flights (examples/flights) for the workloads flights/...
//   --dir=PATH  where databases are made and removed; default: the directory for temporary files
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "child.h"
#include "scratch.h"
#include "workloads.h"

namespace {

// Takes "NAME=value" out of the arguments; without one `*value` stays as it is.
void TakeFlag(std::string_view name, int* argc, char** argv, std::string* value) {
  int kept = 0;
  for (int i = 0; i < *argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(name) && argument.substr(name.size()).starts_with('=')) {
      *value = argument.substr(name.size() + 1);
    } else {
      argv[kept++] = argv[i];
    }
  }
  *argc = kept;
}

template <typename Number>
void TakeFlag(std::string_view name, int* argc, char** argv, Number* value) {
  std::string text;
  TakeFlag(name, argc, argv, &text);
  if (!text.empty()) *value = static_cast<Number>(std::strtoull(text.c_str(), nullptr, 10));
}

BenchFlags TakeFlags(int* argc, char** argv) {
  BenchFlags flags;
  TakeFlag("--rows", argc, argv, &flags.rows);
  TakeFlag("--sustained-memory", argc, argv, &flags.sustained_memory_bytes);
  TakeFlag("--sustained-times", argc, argv, &flags.sustained_times);
  TakeFlag("--queue-rows", argc, argv, &flags.queue_rows);
  TakeFlag("--steady-seconds", argc, argv, &flags.steady_seconds);
  TakeFlag("--upsert-keys", argc, argv, &flags.upsert_keys);
  TakeFlag("--records", argc, argv, &flags.records);
  TakeFlag("--operations", argc, argv, &flags.operations);
  TakeFlag("--wamp-memory", argc, argv, &flags.wamp_memory_bytes);
  TakeFlag("--open-rate", argc, argv, &flags.open_rate);
  TakeFlag("--open-seconds", argc, argv, &flags.open_seconds);
  TakeFlag("--flights", argc, argv, &flags.flights);
  TakeFlag("--dir", argc, argv, &flags.directory);
  return flags;
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = RunIfChild(argc, argv, {{"write", WriteAndWait}, {"memory", UseMemory}})) {
    return *status;
  }
  const BenchFlags flags = TakeFlags(&argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;

  benchmark::AddCustomContext("version:engines", STOA_BENCH_VERSIONS);
  benchmark::AddCustomContext("version:compiler", STOA_BENCH_COMPILER);

  const ScratchDirectory scratch(flags.directory);
  Bench bench(flags, AllEngines(), scratch.path());
  for (const auto register_theme :
       {RegisterIngest, RegisterReads, RegisterOpening, RegisterMemory, RegisterCompaction, RegisterSustained,
        RegisterSteady, RegisterQueues, RegisterFeatures, RegisterTtl, RegisterRecords, RegisterFlights,
        RegisterMachine}) {
    register_theme(&bench);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
