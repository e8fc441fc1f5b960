// Partition tokens; encoding and comparing clustering keys; comparing positions.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/hash.h"
#include "data/position.h"
#include "io/random.h"
#include "micro/micro.h"
#include "micro/readings.h"
#include "schema/keys.h"
#include "stoa_check.h"

namespace stoa {
namespace {

constexpr size_t kKeys = 4096;

// Of a partition key of so many bytes.
void Token(benchmark::State& state) {
  Random random(1);
  std::string key;
  for (int64_t i = 0; i < state.range(0); ++i) key.push_back(static_cast<char>(random.Next()));
  for (auto _ : state) {
    ++key[0];
    benchmark::DoNotOptimize(PartitionToken(key));
  }
  state.SetItemsProcessed(state.iterations());
}

void EncodeClustering(benchmark::State& state) {
  const TableSchema& schema = Readings::Get().schema();
  std::string key;
  int64_t time = 0;
  for (auto _ : state) {
    key.clear();
    Check(AppendClusteringKey(schema, {Timestamp{++time}}, &key));
    benchmark::DoNotOptimize(key.data());
  }
  state.SetItemsProcessed(state.iterations());
}

// Neighbours in a list of random places in the table.
void ComparePositions(benchmark::State& state) {
  const Readings& readings = Readings::Get();
  Random random(1);
  std::vector<Position> positions(kKeys);
  for (Position& position : positions) {
    const auto sensor = static_cast<int64_t>(random.Uniform(8));
    position.key = readings.PartitionKey(sensor);
    position.token = OrderedToken(PartitionToken(position.key));
    position.clustering = readings.ClusteringKey(static_cast<int64_t>(random.Uniform(1000)));
  }
  for (auto _ : state) {
    size_t before = 0;
    for (size_t i = 1; i < positions.size(); ++i) before += positions[i - 1].view() < positions[i].view();
    benchmark::DoNotOptimize(before);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(positions.size() - 1));
}

}  // namespace

void RegisterKeys() {
  benchmark::RegisterBenchmark("token", Token)->Arg(8)->Arg(16)->Arg(100);
  benchmark::RegisterBenchmark("key/encode", EncodeClustering);
  benchmark::RegisterBenchmark("key/compare", ComparePositions);
}

}  // namespace stoa
