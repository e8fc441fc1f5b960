// stoa_microbench: how long single parts of the engine take. The flags are those of Google Benchmark.
#include <benchmark/benchmark.h>

#include "micro/micro.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  stoa::RegisterKeys();
  stoa::RegisterEncodings();
  stoa::RegisterBlocks();
  stoa::RegisterMemory();
  stoa::RegisterLog();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
