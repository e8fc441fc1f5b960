#include <memory>
#include <vector>

#include "base/hash.h"
#include "data/row_source_conformance.h"
#include "sstable/sstable_fixture.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

Content RandomContent(RowGenerator* generator, uint32_t writes) {
  std::vector<RandomWrite> list = generator->Writes(writes);
  std::vector<const Content*> parts;
  for (const RandomWrite& write : list) parts.push_back(&write.content);
  return MergeContents(parts);
}

/// Files of one row a block, of a few rows a block, and of a single block; with one block an extent, and with
/// several.
std::vector<SSTableWriterOptions> Shapes(uint64_t seed) {
  std::vector<SSTableWriterOptions> shapes = {SmallBlocks(seed, 1), SmallBlocks(seed, 150, 300),
                                              SmallBlocks(seed, 400), SmallBlocks(seed, 32 << 10)};
  shapes[1].filter_bits = 0;
  return shapes;
}

TEST_CASE("SSTables keep the contract of row sources") {
  // Goal: every guarantee of row_batch.h, for every way to cut files into blocks and extents. Method: random
  // content with deletions of all kinds goes through the conformance suite, which also makes every single
  // read fail.
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    GeneratorOptions generator_options;
    generator_options.partitions = seed % 3 == 0 ? 1 : 2 + static_cast<uint32_t>(seed);
    generator_options.rows_per_partition = seed % 3 == 0 ? 60 : 12;
    RowGenerator generator(seed, generator_options);
    const Content content = RandomContent(&generator, 150);
    for (const SSTableWriterOptions& options : Shapes(seed)) {
      INFO("seed " << seed << ", blocks of " << options.block_bytes);
      SSTableFixture fixture(0);
      const std::shared_ptr<SSTable> sstable = fixture.Make(generator.schema(), content, options);
      RowSourceCase test;
      test.schema = &generator.schema();
      test.expected = content;
      test.open = [&](const ScanSpec& spec) { return sstable->NewSource(spec, nullptr); };
      test.fail_read = [&](int64_t n) {
        fixture.files().ClearFaults();
        if (n < 0) return;
        const uint64_t read = fixture.files().reads() + static_cast<uint64_t>(n);
        fixture.files().FailRead(read, absl::UnavailableError("injected"), FaultSpan::kOnce);
      };
      test.scans = 10;
      CheckRowSource(test, seed);
      REQUIRE_OK(sstable->Verify());
    }
  }
}

TEST_CASE("GetRow finds what a scan finds") {
  // Goal: a point read gives all that the file knows of a row, with what deletions leave of it. Method: every
  // key of random content, and random keys that may be absent, are read and compared with the content; the
  // covering deletions are checked by reading the row together with an older one.
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    GeneratorOptions generator_options;
    generator_options.rows_per_partition = 30;
    RowGenerator generator(seed, generator_options);
    const Content content = RandomContent(&generator, 200);
    for (const SSTableWriterOptions& options : Shapes(seed)) {
      INFO("seed " << seed << ", blocks of " << options.block_bytes);
      SSTableFixture fixture;
      const std::shared_ptr<SSTable> sstable = fixture.Make(generator.schema(), content, options);
      PointReadScratch scratch;
      std::vector<Position> places;
      for (const ContentPartition& partition : content) {
        for (const ContentRow& row : partition.rows) {
          places.push_back(Position(PositionView{partition.token, partition.key, row.clustering}));
        }
      }
      for (int i = 0; i < 100; ++i) {
        Position place;
        place.key = generator.RandomPartitionKey();
        place.token = OrderedToken(PartitionToken(place.key));
        place.clustering = generator.RandomClustering();
        places.push_back(place);
      }
      for (const Position& place : places) {
        CHECK(ValueOf(GetRowText(*sstable, generator.projection(), place, &scratch)) ==
              ExpectedRowText(content, place));
        // An old row in the same place, under what the file has.
        ContentPartition old;
        old.token = place.token;
        old.key = place.key;
        ContentRow& row = old.rows.emplace_back();
        row.clustering = place.clustering;
        row.has_marker = true;
        row.marker_timestamp = 15;
        const Content old_content = {old};
        const Content merged = MergeContents({&content, &old_content});
        RowMerger merger(&generator.projection());
        merger.Start();
        merger.AddMarker(15, kNoExpiry);
        scratch.Start(&generator.projection());
        REQUIRE_OK(sstable->GetRow(place.token, place.key, place.clustering, &scratch, &merger, nullptr));
        CHECK(merger.HasContent() == !ExpectedRowText(merged, place).empty());
      }
    }
  }
}

}  // namespace
}  // namespace stoa::testing
