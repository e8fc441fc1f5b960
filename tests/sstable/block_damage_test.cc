#include <algorithm>
#include <string>
#include <vector>

#include "data/complex_cell.h"
#include "data/row_merger.h"
#include "io/random.h"
#include "sstable/block_test_support.h"
#include "sstable/block_walk.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/status.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

using namespace stoa::testing;  // NOLINT
using Direction = BlockReader::Direction;

/// Reads all there is of a block that may be damaged. Returns how many errors were met.
int ReadEverything(MemoryBlock* block, const BlockLayout& layout, const Projection& projection,
                   const std::vector<Position>& places) {
  const std::vector<absl::Status> errors = WalkBlock(block->header, block, layout, projection, places);
  for (const absl::Status& error : errors) CHECK(absl::IsDataLoss(error));
  return static_cast<int>(errors.size());
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

// Goal: what this version does not know is refused by name. Method: the flags without a meaning, one by one
// and together.
TEST_CASE("block damage: unknown flags") {
  Sample sample(1);
  for (const int flag : {64, 128, 192}) {
    std::string header = sample.built.header;
    header[0] = static_cast<char>(header[0] | flag);
    const absl::Status status = BlockHeader::Parse(header, sample.layout).status();
    CHECK(absl::IsDataLoss(status));
    CHECK(std::string(status.message()).find("unknown flags") != std::string::npos);
  }
}

/// A block of one row with each of the keys, in a table with this clustering column.
BuiltBlock BlockOfKeys(const Table& table, const std::vector<std::string>& keys) {
  Content content{Partition("k")};
  for (const std::string& key : keys) {
    ContentRow row = table.Row({Value("a")}, 5);
    if (!key.empty()) row.clustering = key;
    content[0].rows.push_back(row);
  }
  return BlocksOf(content, table.layout, table.projection, 1, 10)[0];
}

// Goal: what is said to be a whole key is one of the table, or the block is damaged. Method: a block of keys
// taken apart that says they are whole; and one of whole keys with bytes of them replaced.
TEST_CASE("block damage: whole keys that are none") {
  const Table table(
      TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Clustering("c", TypeKind::kText));
  const std::string static_row(1, kStaticRowKey);
  const BuiltBlock apart = BlockOfKeys(table, {""});
  const BuiltBlock whole = BlockOfKeys(table, {static_row, ""});
  constexpr int kWhole = 32;
  REQUIRE((apart.header[0] & kWhole) == 0);
  REQUIRE((whole.header[0] & kWhole) != 0);
  const auto errors_of = [&](const BuiltBlock& built, char from, char to) {
    auto block = ValueOf(MemoryBlock::Open(built, table.layout));
    if (from != to) {
      std::vector<char>& keys = block->sections[0];
      REQUIRE(std::count(keys.begin(), keys.end(), from) == 1);
      std::replace(keys.begin(), keys.end(), from, to);
    }
    return ReadEverything(block.get(), table.layout, table.projection, {});
  };
  CHECK(errors_of(apart, 0, 0) == 0);
  CHECK(errors_of(whole, 0, 0) == 0);
  BuiltBlock lying = apart;
  lying.header[0] = static_cast<char>(lying.header[0] | kWhole);
  CHECK(errors_of(lying, 0, 0) > 0);
  for (const char key : {kBoundBefore, kRowEnd, kBoundAfter, '\0'}) {
    CHECK(errors_of(whole, kStaticRowKey, key) > 0);
  }
  CHECK(errors_of(whole, kComponentMarker, kEmptyMarker) > 0);
  CHECK(errors_of(whole, kRowEnd, kBoundAfter) > 0);
}

// Goal: who merges complex cells may rely on their being well formed. Method: a block with one cell of each
// kind, of which every byte is set to every value; what is read is valid, the rest is DataLoss, for a scan
// and a point read alike.
TEST_CASE("block damage: complex cells") {
  const Table table(TableSchema::Builder("t")
                        .PartitionKey("k", TypeKind::kInt)
                        .Clustering("c", TypeKind::kInt)
                        .Regular("v", TypeKind::kBlob));
  ContentComplex inside;
  inside.deletion = DeletionTime{2, 3};
  inside.elements["a"] = ContentElement{7, 99, false, "value"};
  inside.elements["b"] = ContentElement{8, 5, true, ""};
  inside.deltas = {{4, 5, -6}, {6, 8, 7}};
  Content content{Partition("k")};
  content[0].rows.push_back(table.Row({Value(1)}, 8));
  content[0].rows[0].cells[table.Id("v")] = ContentCell::Of(inside);
  const std::string cell = content[0].rows[0].cells[table.Id("v")].bytes;
  const BuiltBlock built = BlocksOf(content, table.layout, table.projection, 1, 10)[0];
  int refused = 0;
  for (size_t at = 0; at < cell.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto block = ValueOf(MemoryBlock::Open(built, table.layout));
      std::vector<char>& section = block->sections.back();
      const auto found = std::search(section.begin(), section.end(), cell.begin(), cell.end());
      REQUIRE(found != section.end());
      *(found + static_cast<ptrdiff_t>(at)) = static_cast<char>(value);
      BlockReader reader(&table.layout, &table.projection);
      REQUIRE_OK(reader.Open(&block->header, block.get()));
      RowBatch batch;
      REQUIRE_OK(reader.Batch(0, 1, Direction::kForward, &batch));
      const absl::Status scanned = batch.EnsureAll();
      RowMerger merger(&table.projection);
      merger.Start();
      const absl::Status found_row = reader.AddRow(0, &merger);
      CHECK(scanned.code() == found_row.code());
      if (scanned.ok()) {
        CHECK(IsValidComplexCell(batch.CellAt(batch.columns[0], 0), /*in_context=*/false));
      } else {
        CHECK(absl::IsDataLoss(scanned));
        ++refused;
      }
    }
  }
  CHECK(refused > 1000);
}

// Goal: a row's flags and its deletion agree, or a merge of the block would write what cannot be read.
// Method: the header of a block of a few rows, some of them deleted, with every byte set to every value.
TEST_CASE("block damage: row deletions without flags, flags without row deletions") {
  const Table table(
      TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Clustering("c", TypeKind::kInt));
  for (const int deleted : {0, 1, 3}) {
    Content content{Partition("k")};
    for (int i = 0; i < 3; ++i) {
      ContentRow row = table.Row({Value(i)}, 5);
      if (i < deleted) row.deletion = DeletionTime{3, 4};
      content[0].rows.push_back(row);
    }
    const BuiltBlock built = BlocksOf(content, table.layout, table.projection, 1, 10)[0];
    int read = 0;
    int refused = 0;
    for (size_t at = 0; at < built.header.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        BuiltBlock damaged = built;
        damaged.header[at] = static_cast<char>(value);
        const auto block = MemoryBlock::Open(damaged, table.layout);
        if (!block.ok()) continue;
        BlockReader reader(&table.layout, &table.projection);
        REQUIRE_OK(reader.Open(&(*block)->header, block->get()));
        RowBatch batch;
        if (!reader.Batch(0, (*block)->header.row_count, Direction::kForward, &batch).ok()) continue;
        if (!batch.EnsureLiveness().ok()) {
          RowMerger merger(&table.projection);
          merger.Start();
          bool point_reads = true;
          for (uint32_t row = 0; row < batch.end; ++row) point_reads &= reader.AddRow(row, &merger).ok();
          CHECK(!point_reads);
          ++refused;
          continue;
        }
        ++read;
        for (uint32_t row = batch.begin; row < batch.end; ++row) {
          CHECK((batch.RowFlags(row) & ~(row_flags::kMarker | row_flags::kDeletion)) == 0);
          const bool flagged = (batch.RowFlags(row) & row_flags::kDeletion) != 0;
          CHECK(flagged == (batch.deletions != nullptr && !batch.deletions[row].live()));
        }
      }
    }
    CHECK(read > 100);
    CHECK((refused > 0) == (deleted > 0));
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
