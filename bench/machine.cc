// What the machine itself can do, so that figures can be held against it: the sum of as many doubles in an
// array as scan/one sums, and sequential writing.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "workloads.h"

namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

// The column that scan/one sums, as the plainest program would have it.
std::vector<double> ScannedColumn(const Series& series) {
  std::vector<double> values;
  for (const Sample& sample : series.samples()) values.push_back(sample.values[1]);
  return values;
}

// One addition after another, as the loop is written.
double Sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

// Additions that do not wait for one another: as fast as memory goes.
double SumInLanes(const std::vector<double>& values) {
  constexpr size_t kLanes = 16;
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += values[i + lane];
  }
  double sum = 0;
  for (; i < values.size(); ++i) sum += values[i];
  for (const double lane : lanes) sum += lane;
  return sum;
}

void SumArray(benchmark::State& state, Bench* bench, double (*sum)(const std::vector<double>&)) {
  const std::vector<double> values = ScannedColumn(bench->series());
  for (auto _ : state) benchmark::DoNotOptimize(sum(values));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(values.size()));
}

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// Writes a file from its beginning to its end and syncs it.
void WriteDisk(benchmark::State& state, Bench* bench) {
  const std::filesystem::path directory = bench->EmptyDirectory("machine");
  const std::string path = directory / "sequential";
  const size_t pieces = 1 + bench->flags().rows / 8000;  // 250 MiB beside the default of rows
  std::vector<uint64_t> piece(kPieceBytes / sizeof(uint64_t));
  KeyChooser random(1);
  for (uint64_t& word : piece) word = random.Next();
  for (auto _ : state) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0) Fail(path.c_str());
    for (size_t i = 0; i < pieces; ++i) {
      if (write(file, piece.data(), kPieceBytes) != static_cast<ssize_t>(kPieceBytes)) Fail(path.c_str());
    }
    if (fdatasync(file) != 0) Fail(path.c_str());
    close(file);
  }
  std::filesystem::remove_all(directory);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(pieces * kPieceBytes));
}

}  // namespace

void RegisterMachine(Bench* bench) {
  const auto add = [](const char* name, auto function) {
    return benchmark::RegisterBenchmark(name, function)->UseRealTime()->Unit(benchmark::kMillisecond);
  };
  add("scan/one/array", [=](benchmark::State& state) { SumArray(state, bench, Sum); });
  add("scan/one/lanes", [=](benchmark::State& state) { SumArray(state, bench, SumInLanes); });
  add("machine/disk", [=](benchmark::State& state) { WriteDisk(state, bench); })->Iterations(1);
}
