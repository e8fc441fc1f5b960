// Filters; blocks of readings: building, decompressing, scanning, and single rows.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "data/row_merger.h"
#include "io/random.h"
#include "micro/micro.h"
#include "micro/readings.h"
#include "sstable/block.h"
#include "sstable/filter.h"
#include "stoa_check.h"

namespace stoa {
namespace {

constexpr size_t kTokens = 100'000;
constexpr int kCompressionLevel = 1;
constexpr size_t kPlaces = 4096;

std::vector<uint64_t> RandomTokens(uint64_t seed) {
  Random random(seed);
  std::vector<uint64_t> tokens(kTokens);
  for (uint64_t& token : tokens) token = random.Next();
  return tokens;
}

std::string FilterBytes(const std::vector<uint64_t>& tokens) {
  FilterBuilder builder(10);
  for (const uint64_t token : tokens) builder.Add(token);
  return builder.Finish();
}

void BuildFilter(benchmark::State& state) {
  const std::vector<uint64_t> tokens = RandomTokens(1);
  for (auto _ : state) benchmark::DoNotOptimize(FilterBytes(tokens));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kTokens));
}

// Probes with tokens that are in the filter (seed 1), or with others.
void ProbeFilter(benchmark::State& state, uint64_t seed) {
  const std::string bytes = FilterBytes(RandomTokens(1));
  SectionPayload payload(bytes.size());
  bytes.copy(payload.data(), bytes.size());
  Filter filter;
  Check(filter.Parse(std::move(payload)));
  const std::vector<uint64_t> probes = RandomTokens(seed);
  size_t found = 0;
  for (auto _ : state) {
    for (const uint64_t token : probes) found += filter.MayContain(token);
  }
  benchmark::DoNotOptimize(found);
  const auto probed = state.iterations() * static_cast<int64_t>(kTokens);
  state.SetItemsProcessed(probed);
  state.counters["positive"] = static_cast<double>(found) / static_cast<double>(probed);
}

// A block as the cache holds it.
class CachedSections final : public SectionSource {
 public:
  CachedSections(const BuiltBlock& built, const BlockLayout& layout)
      : header(Check(BlockHeader::Parse(built.header, layout))) {
    SectionDecompressor decompressor;
    for (const BlockSection& section : built.sections) {
      std::string& raw = sections_.emplace_back(section.raw_bytes, '\0');
      Check(decompressor.Decompress(section.codec, section.payload, section.raw_bytes, raw.data()));
    }
  }
  absl::StatusOr<std::string_view> Section(uint32_t number) override { return sections_[number]; }

  const BlockHeader header;

 private:
  std::vector<std::string> sections_;
};

std::vector<BuiltBlock> BuildBlocks(const StoredStream& stream) {
  const Readings& readings = Readings::Get();
  std::vector<BuiltBlock> blocks;
  BlockBuilder builder(&readings.layout(), &readings.projection(), kCompressionLevel);
  const std::unique_ptr<RowSource> source = stream.NewSource();
  RowBatch batch;
  while (Check(source->Next(&batch))) {
    while (!Check(builder.Add(batch))) blocks.push_back(Check(builder.Finish()));
  }
  if (!builder.empty()) blocks.push_back(Check(builder.Finish()));
  return blocks;
}

// All readings in blocks, before and after compression.
struct Blocks {
  static const Blocks& Get() {
    static const Blocks blocks;
    return blocks;
  }

  Blocks()
      : memtable(Readings::Get().NewMemtable()),
        stream(memtable->NewSource(Everything(), Readings::Get().row_count()).get(),
               &Readings::Get().projection()),
        built(BuildBlocks(stream)) {
    for (const BuiltBlock& block : built) {
      cached.push_back(std::make_unique<CachedSections>(block, Readings::Get().layout()));
    }
  }
  static ScanSpec Everything() {
    ScanSpec spec;
    spec.projection = &Readings::Get().projection();
    return spec;
  }

  std::unique_ptr<Memtable> memtable;
  StoredStream stream;
  std::vector<BuiltBlock> built;
  std::vector<std::unique_ptr<CachedSections>> cached;
};

void CountRows(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(Readings::Get().row_count()));
}

void BuildBlock(benchmark::State& state) {
  const Blocks& blocks = Blocks::Get();
  for (auto _ : state) benchmark::DoNotOptimize(BuildBlocks(blocks.stream));
  CountRows(state);
  size_t bytes = 0;
  for (const BuiltBlock& block : blocks.built) {
    bytes += block.header.size();
    for (const BlockSection& section : block.sections) bytes += section.payload.size();
  }
  state.counters["bytes_per_row"] =
      static_cast<double>(bytes) / static_cast<double>(Readings::Get().row_count());
}

void DecompressBlock(benchmark::State& state) {
  const Blocks& blocks = Blocks::Get();
  SectionDecompressor decompressor;
  std::string raw;
  int64_t bytes = 0;
  for (auto _ : state) {
    for (const BuiltBlock& block : blocks.built) {
      for (const BlockSection& section : block.sections) {
        raw.resize(section.raw_bytes);
        Check(decompressor.Decompress(section.codec, section.payload, section.raw_bytes, raw.data()));
        bytes += section.raw_bytes;
      }
    }
  }
  CountRows(state);
  state.SetBytesProcessed(bytes);
}

// Decodes the first so many columns of every row, and with kKeys all else too.
enum class Keys : uint8_t { kNone, kAll };
void ScanBlock(benchmark::State& state, size_t columns, Keys keys) {
  const Readings& readings = Readings::Get();
  const Projection projection(readings.projection().begin(),
                              readings.projection().begin() + static_cast<ptrdiff_t>(columns));
  BlockReader reader(&readings.layout(), &projection);
  for (auto _ : state) {
    for (const std::unique_ptr<CachedSections>& block : Blocks::Get().cached) {
      Check(reader.Open(&block->header, block.get()));
      const uint32_t rows = block->header.row_count;
      for (uint32_t begin = 0; begin < rows; begin += reader.batch_rows()) {
        RowBatch batch;
        const uint32_t end = std::min(rows, begin + reader.batch_rows());
        Check(reader.Batch(begin, end, BlockReader::Direction::kForward, &batch));
        Check(keys == Keys::kAll ? batch.EnsureAll() : batch.EnsureColumns());
        benchmark::DoNotOptimize(batch.columns[0].words);
      }
    }
  }
  CountRows(state);
}

// Random rows of one block.
std::vector<uint32_t> RandomRows(const BlockHeader& header) {
  Random random(1);
  std::vector<uint32_t> rows(kPlaces);
  for (uint32_t& row : rows) row = static_cast<uint32_t>(random.Uniform(header.row_count));
  return rows;
}

// All values of single rows.
void ReadRows(benchmark::State& state) {
  const Readings& readings = Readings::Get();
  CachedSections& block = *Blocks::Get().cached.front();
  BlockReader reader(&readings.layout(), &readings.projection());
  Check(reader.Open(&block.header, &block));
  const std::vector<uint32_t> rows = RandomRows(block.header);
  RowMerger merger(&readings.projection());
  for (auto _ : state) {
    for (const uint32_t row : rows) {
      merger.Start();
      Check(reader.AddRow(row, &merger));
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kPlaces));
}

// Where rows stand, by their keys.
void FindRows(benchmark::State& state) {
  const Readings& readings = Readings::Get();
  CachedSections& block = *Blocks::Get().cached.front();
  BlockReader reader(&readings.layout(), &readings.projection());
  Check(reader.Open(&block.header, &block));
  RowBatch batch;
  Check(reader.Batch(0, block.header.row_count, BlockReader::Direction::kForward, &batch));
  Check(batch.EnsureKeys());
  std::vector<Position> positions;
  for (const uint32_t row : RandomRows(block.header)) {
    const PartitionRun& run = batch.runs[batch.RunOf(row)];
    positions.emplace_back(PositionView{run.token, run.key, batch.clustering[row]});
  }
  for (auto _ : state) {
    for (const Position& position : positions) {
      if (!Check(reader.Find(position)).exact) state.SkipWithError("a row is not found");
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(positions.size()));
}

}  // namespace

void RegisterBlocks() {
  const auto scan = [](size_t columns, Keys keys) {
    return [=](benchmark::State& state) { ScanBlock(state, columns, keys); };
  };
  benchmark::RegisterBenchmark("filter/build", BuildFilter);
  benchmark::RegisterBenchmark("filter/hit", [](benchmark::State& state) { ProbeFilter(state, 1); });
  benchmark::RegisterBenchmark("filter/miss", [](benchmark::State& state) { ProbeFilter(state, 2); });
  benchmark::RegisterBenchmark("block/build", BuildBlock);
  benchmark::RegisterBenchmark("block/decompress", DecompressBlock);
  benchmark::RegisterBenchmark("block/scan_one", scan(1, Keys::kNone));
  benchmark::RegisterBenchmark("block/scan_four", scan(4, Keys::kNone));
  benchmark::RegisterBenchmark("block/scan_all", scan(4, Keys::kAll));
  benchmark::RegisterBenchmark("block/find", FindRows);
  benchmark::RegisterBenchmark("block/row", ReadRows);
}

}  // namespace stoa
