// The memtable, and merges of streams in memory.
#include <benchmark/benchmark.h>

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "data/row_merger.h"
#include "io/random.h"
#include "memtable/memtable.h"
#include "micro/micro.h"
#include "micro/readings.h"
#include "read/merge_source.h"
#include "stoa_check.h"

namespace stoa {
namespace {

constexpr uint64_t kAllSequences = std::numeric_limits<uint64_t>::max();
constexpr size_t kPlaces = 4096;

ScanSpec Everything() {
  ScanSpec spec;
  spec.projection = &Readings::Get().projection();
  return spec;
}

int64_t ReadAll(RowSource& source) {
  int64_t rows = 0;
  RowBatch batch;
  while (Check(source.Next(&batch))) rows += batch.row_count();
  return rows;
}

// From an empty memtable to the last reading.
void InsertRows(benchmark::State& state) {
  const Readings& readings = Readings::Get();
  for (auto _ : state) {
    std::unique_ptr<Memtable> memtable = readings.NewMemtable();
    state.PauseTiming();
    memtable.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(readings.row_count()));
}

void FindRows(benchmark::State& state) {
  const Readings& readings = Readings::Get();
  const std::unique_ptr<Memtable> memtable = readings.NewMemtable();
  Random random(1);
  std::vector<Position> places(kPlaces);
  for (Position& place : places) {
    const Sample& sample = readings.series().samples()[random.Uniform(readings.row_count())];
    place.key = readings.PartitionKey(sample.sensor);
    place.token = OrderedToken(PartitionToken(place.key));
    place.clustering = readings.ClusteringKey(sample.time);
  }
  RowMerger merger(&readings.projection());
  for (auto _ : state) {
    for (const Position& place : places) {
      merger.Start();
      memtable->GetRow(place.token, place.key, place.clustering, kAllSequences, &merger);
      if (!merger.HasContent()) state.SkipWithError("a row is not found");
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(places.size()));
}

void ScanMemtable(benchmark::State& state) {
  const std::unique_ptr<Memtable> memtable = Readings::Get().NewMemtable();
  int64_t rows = 0;
  for (auto _ : state) rows += ReadAll(*memtable->NewSource(Everything(), kAllSequences));
  state.SetItemsProcessed(rows);
}

// Merges `count` sources and counts the rows that go in. Their rows alternate, or all have the same rows.
enum class Rows : uint8_t { kAlternating, kSame };
void Merge(benchmark::State& state, Rows rows) {
  const Readings& readings = Readings::Get();
  const auto count = static_cast<size_t>(state.range(0));
  std::vector<std::unique_ptr<StoredStream>> streams;
  int64_t rows_in = 0;
  for (size_t i = 0; i < count; ++i) {
    // The counts have no divisor in common with the 100 sensors: every source has rows of every sensor.
    const std::unique_ptr<Memtable> memtable =
        rows == Rows::kSame ? readings.NewMemtable() : readings.NewMemtable(i, count);
    streams.push_back(std::make_unique<StoredStream>(memtable->NewSource(Everything(), kAllSequences).get(),
                                                     &readings.projection()));
    rows_in += static_cast<int64_t>(streams.back()->row_count());
  }
  int64_t rows_out = 0;
  for (auto _ : state) {
    std::vector<std::unique_ptr<RowSource>> sources;
    for (const std::unique_ptr<StoredStream>& stream : streams) sources.push_back(stream->NewSource());
    rows_out += ReadAll(*NewMergeSource(std::move(sources), Everything()));
  }
  if (rows_out != state.iterations() * static_cast<int64_t>(readings.row_count()))
    state.SkipWithError("the merge has not all rows");
  state.SetItemsProcessed(state.iterations() * rows_in);
}

}  // namespace

void RegisterMemory() {
  const auto merge = [](const char* name, Rows rows) {
    benchmark::RegisterBenchmark(name, [=](benchmark::State& state) { Merge(state, rows); })
        ->Arg(3)
        ->Arg(7)
        ->Arg(31)
        ->Unit(benchmark::kMillisecond);
  };
  benchmark::RegisterBenchmark("memtable/insert", InsertRows)->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("memtable/find", FindRows);
  benchmark::RegisterBenchmark("memtable/scan", ScanMemtable)->Unit(benchmark::kMillisecond);
  merge("merge/alternating", Rows::kAlternating);
  merge("merge/same", Rows::kSame);
}

}  // namespace stoa
