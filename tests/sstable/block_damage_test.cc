#include <string>
#include <vector>

#include "data/row_merger.h"
#include "io/random.h"
#include "sstable/block_test_support.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/status.h"

namespace stoa {
namespace {

using namespace stoa::testing;  // NOLINT
using Direction = BlockReader::Direction;

/// Goes everywhere in a batch, so that reads outside of memory are noticed by sanitizers. Returns a sum of it
/// all.
size_t Touch(const RowBatch& batch) {
  size_t sum = 0;
  for (const PartitionRun& run : batch.runs)
    sum += run.key.size() + run.first_row + std::string(run.key).size();
  for (const RangeChange& change : batch.changes) sum += std::string(change.bound).size();
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    sum += std::string(batch.clustering[row]).size() + static_cast<size_t>(batch.timestamps[row]);
    sum += batch.RowFlags(row) + static_cast<size_t>(batch.RowDeletion(row).timestamp);
    for (const ColumnVector& column : batch.columns) {
      if (!column.Has(row)) continue;
      const Cell cell = batch.CellAt(column, row);
      sum += std::string(cell.bytes).size() + cell.word + static_cast<size_t>(cell.timestamp);
      sum += static_cast<size_t>(cell.expiry);
    }
  }
  return sum;
}

/// Reads all there is of a block that may be damaged. Returns the errors met.
int ReadEverything(MemoryBlock* block, const BlockLayout& layout, const Projection& projection,
                   const std::vector<Position>& places) {
  int errors = 0;
  const auto check = [&](const absl::Status& status) {
    if (status.ok()) return true;
    ++errors;
    CHECK(absl::IsDataLoss(status));
    return false;
  };
  BlockReader reader(&layout, &projection);
  REQUIRE_OK(reader.Open(&block->header, block));
  const uint32_t rows = block->header.row_count;
  size_t sum = 0;
  for (const Direction direction : {Direction::kForward, Direction::kReverse}) {
    for (const auto& [begin, end] : {std::pair{0u, rows}, std::pair{rows / 3, rows - rows / 3}}) {
      RowBatch batch;
      if (!check(reader.Batch(begin, end, direction, &batch))) continue;
      const bool keys = check(batch.EnsureKeys());
      const bool liveness = check(batch.EnsureLiveness());
      const bool columns = check(batch.EnsureColumns());
      if (keys && liveness && columns) sum += Touch(batch);
    }
  }
  RowMerger merger(&projection);
  for (uint32_t row = 0; row < rows; row += 1 + rows / 10) {
    merger.Start();
    check(reader.AddRow(row, &merger));
  }
  for (const Position& place : places) {
    const absl::StatusOr<BlockReader::Found> found = reader.Find(place);
    if (!check(found.status())) continue;
    CHECK(found->row <= rows);
    const int run = static_cast<int>(sum % block->header.run_count);
    check(reader.OpenDeletionAt(run, place.clustering).status());
    check(reader.RunRows(run).status());
    merger.Start();
    check(reader.AddCoveringDeletions(run, place.clustering, &merger));
    RowBatch batch;
    const absl::StatusOr<BlockReader::RowRange> range = reader.RunRows(run);
    if (range.ok()) check(reader.Batch(range->begin, range->end, Direction::kForward, &batch, run));
  }
  return errors;
}

struct Sample {
  explicit Sample(uint64_t seed, uint32_t writes = 120)
      : generator(seed), layout(BlockLayout::Of(generator.schema())) {
    const Content content = generator.NextContent(writes);
    built = BlocksOf(content, layout, generator.projection(), seed, 50)[0];
    for (int i = 0; i < 8; ++i)
      places.push_back(RandomPosition(generator.schema(), content, &generator.random()));
  }

  RowGenerator generator;
  BlockLayout layout;
  BuiltBlock built;
  std::vector<Position> places;
};

// Goal: a damaged header is refused, or reads without harm. Method: every byte of headers set to several
// values, and every cut.
TEST_CASE("block damage: header") {
  int refused = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Sample sample(seed);
    for (size_t at = 0; at < sample.built.header.size(); ++at) {
      for (const int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
        BuiltBlock damaged = sample.built;
        damaged.header[at] = static_cast<char>(damaged.header[at] ^ change);
        const auto block = MemoryBlock::Open(damaged, sample.layout);
        if (!block.ok()) {
          CHECK(absl::IsDataLoss(block.status()));
          ++refused;
        } else {
          ReadEverything(block->get(), sample.layout, sample.generator.projection(), sample.places);
        }
      }
      CHECK(absl::IsDataLoss(BlockHeader::Parse(sample.built.header.substr(0, at), sample.layout).status()));
    }
    CHECK(absl::IsDataLoss(BlockHeader::Parse(sample.built.header + '\0', sample.layout).status()));
  }
  CHECK(refused > 1000);
}

// Goal: what this version does not know is refused by name. Method: the flags without a meaning, one by one.
TEST_CASE("block damage: unknown flags") {
  Sample sample(1);
  for (const int flag : {32, 64, 128}) {
    std::string header = sample.built.header;
    header[0] = static_cast<char>(header[0] | flag);
    const absl::Status status = BlockHeader::Parse(header, sample.layout).status();
    CHECK(absl::IsDataLoss(status));
    CHECK(std::string(status.message()).find("unknown flags") != std::string::npos);
  }
}

// Goal: damaged sections, behind checksums that an attacker made right, never do harm. Method: single bytes
// and random runs of bytes of decompressed sections changed; everything is read.
TEST_CASE("block damage: sections") {
  int errors = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Sample sample(seed, seed % 4 == 0 ? 1000 : 100);
    Random random(seed);
    for (int round = 0; round < 60; ++round) {
      auto block = ValueOf(MemoryBlock::Open(sample.built, sample.layout));
      std::vector<char>& section = block->sections[random.Uniform(block->sections.size())];
      if (section.empty()) continue;
      for (uint64_t i = random.OneIn(2) ? 1 : 1 + random.Uniform(section.size()); i > 0; --i) {
        section[random.Uniform(section.size())] = static_cast<char>(random.OneIn(3) ? 0xff : random.Next());
      }
      errors += ReadEverything(block.get(), sample.layout, sample.generator.projection(), sample.places);
    }
  }
  CHECK(errors > 100);
}

// Goal: a block of another table, or sections of another block, give DataLoss or garbage, never harm. Method:
// headers and sections and layouts crossed.
TEST_CASE("block damage: the wrong block") {
  Sample one(1);
  for (uint64_t seed = 2; seed <= 30; ++seed) {
    Sample other(seed);
    const auto foreign = MemoryBlock::Open(one.built, other.layout);
    if (foreign.ok())
      ReadEverything(foreign->get(), other.layout, other.generator.projection(), other.places);
    auto block = ValueOf(MemoryBlock::Open(other.built, other.layout));
    // Columns of the same ids, but other types.
    Projection projection = other.generator.projection();
    for (ProjectedColumn& column : projection) column.word_bytes = column.word_bytes == 0 ? 4 : 0;
    BlockReader reader(&other.layout, &projection);
    REQUIRE_OK(reader.Open(&block->header, block.get()));
    RowBatch batch;
    REQUIRE_OK(reader.Batch(0, block->header.row_count, Direction::kForward, &batch));
    if (batch.end > 0 && !block->header.columns.empty()) CHECK(absl::IsDataLoss(batch.EnsureColumns()));
  }
}

// Goal: damaged compression is DataLoss. Method: zstd payloads cut, changed and with another size.
TEST_CASE("block damage: compression") {
  Sample sample(4, 3000);
  SectionDecompressor decompressor;
  int compressed = 0;
  for (const BlockSection& section : sample.built.sections) {
    if (section.codec != SectionCodec::kZstd) continue;
    ++compressed;
    std::vector<char> out(section.raw_bytes + 1);
    const auto decompress = [&](std::string_view payload, uint32_t raw_bytes) {
      return decompressor.Decompress(SectionCodec::kZstd, payload, raw_bytes, out.data());
    };
    REQUIRE_OK(decompress(section.payload, section.raw_bytes));
    CHECK(absl::IsDataLoss(decompress(section.payload, section.raw_bytes + 1)));
    CHECK(absl::IsDataLoss(decompress(section.payload, section.raw_bytes - 1)));
    for (size_t at = 0; at < section.payload.size(); ++at) {
      CHECK(absl::IsDataLoss(decompress(std::string_view(section.payload).substr(0, at), section.raw_bytes)));
      std::string damaged = section.payload;
      damaged[at] = static_cast<char>(~damaged[at]);
      (void)decompress(damaged, section.raw_bytes);
    }
    CHECK(absl::IsDataLoss(
        decompressor.Decompress(SectionCodec::kRaw, section.payload, section.raw_bytes, out.data())));
  }
  CHECK(compressed > 0);
}

}  // namespace
}  // namespace stoa
