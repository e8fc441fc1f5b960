// Stoa and other engines on the same work, in one process. Besides Google Benchmark's flags:
//   --rows=N    rows of the series, rounded up to full seconds of 1,000 sensors; default 2,000,000
//   --sustained-memory=N  budget of the workload sustained, in bytes; default 16 MiB
//   --queue-rows=N  rows that go through a queue; default 5,000,000
//   --steady-seconds=N  how long the workload steady takes; default 60
//   --dir=PATH  where databases are made and removed; default: the directory for temporary files
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "workloads.h"

namespace {

// Takes "NAME=value" out of the arguments and returns the value, or an empty string.
std::string TakeFlag(std::string_view name, int* argc, char** argv) {
  std::string value;
  int kept = 0;
  for (int i = 0; i < *argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(name)) {
      value = argument.substr(name.size());
    } else {
      argv[kept++] = argv[i];
    }
  }
  *argc = kept;
  return value;
}

std::filesystem::path MakeScratch(const std::string& parent) {
  std::string path = parent.empty() ? std::filesystem::temp_directory_path().string() : parent;
  path += "/stoa-bench-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    std::perror(path.c_str());
    std::exit(1);
  }
  return path;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string rows = TakeFlag("--rows=", &argc, argv);
  const std::string queue_rows = TakeFlag("--queue-rows=", &argc, argv);
  const std::string directory = TakeFlag("--dir=", &argc, argv);
  const std::string memory = TakeFlag("--sustained-memory=", &argc, argv);
  const std::string seconds = TakeFlag("--steady-seconds=", &argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;

  const Series series(rows.empty() ? 2'000'000 : std::strtoull(rows.c_str(), nullptr, 10));
  const std::filesystem::path scratch = MakeScratch(directory);
  RegisterWorkloads(AllEngines(), series, scratch);
  RegisterFeatures(scratch);
  RegisterTtl(scratch);
  RegisterSustained(AllEngines(), scratch,
                    memory.empty() ? 16 << 20 : std::strtoull(memory.c_str(), nullptr, 10));
  RegisterSteady(AllEngines(), scratch, seconds.empty() ? 60 : std::strtoll(seconds.c_str(), nullptr, 10));
  RegisterQueueWorkloads(
      AllEngines(), queue_rows.empty() ? 5'000'000 : std::strtoll(queue_rows.c_str(), nullptr, 10), scratch);
  benchmark::RunSpecifiedBenchmarks();
  CloseQueues();
  CloseSharedDatabases();
  std::filesystem::remove_all(scratch);
  return 0;
}
