// Blocks that a deletion of another source covers are not read.
#include <memory>
#include <string>
#include <vector>

#include "data/row_source_conformance.h"
#include "data/stream_validator.h"
#include "read/merge_source.h"
#include "sstable/sstable_fixture.h"
#include "support/catch.h"
#include "types/byte_comparable.h"

namespace stoa::testing {
namespace {

TEST_CASE("a merge with SSTables whose blocks are covered conforms") {
  // Goal: leaving out covered blocks changes no answer, whatever overlaps what. Method: random content with
  // many deletions of all kinds is dealt out to SSTables of tiny blocks and a source in memory, whose merge
  // goes through the conformance suite.
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions generator_options;
    generator_options.partitions = 1 + seed % 3;
    generator_options.rows_per_partition = 60;
    generator_options.deletion_percent = 35;
    generator_options.timestamps = seed % 2 == 0 ? 6 : 60;
    RowGenerator generator(seed, generator_options);
    std::vector<Content> contents;
    for (uint64_t i = 0; i < 3; ++i) contents.push_back(generator.NextContent(100));
    SSTableFixture fixture;
    std::vector<std::shared_ptr<SSTable>> sstables;
    for (uint64_t i = 1; i < 3; ++i) {
      const SSTableWriterOptions options =
          SmallBlocks(10 * seed + i, seed % 4 == 0 ? 300 : 60, 1 + 200 * (i % 2));
      sstables.push_back(fixture.Make(generator.schema(), contents[i], options));
    }
    RowSourceCase test;
    test.schema = &generator.schema();
    test.expected = MergeContents({&contents[0], &contents[1], &contents[2]});
    test.open = [&](const ScanSpec& spec) {
      std::vector<std::unique_ptr<RowSource>> sources;
      sources.push_back(NewVectorSource(contents[0], spec));
      for (const auto& sstable : sstables) {
        sources.push_back(NewStreamValidator(sstable->NewSource(spec, nullptr), spec));
      }
      return NewMergeSource(std::move(sources), spec);
    };
    test.is_merge = true;
    test.scans = 10;
    CheckRowSource(test, seed);
  }
}

constexpr int64_t kRows = 5000;

/// Rows 0 to kRows - 1 with timestamp 1 in an SSTable, under deletions in memory.
class Covered {
 public:
  Covered()
      : schema_(SimpleSchema()), projection_(FullProjection(schema_)), content_(SimpleContent(1, kRows)) {
    sstable_ = fixture_.Make(schema_, content_, SmallBlocks(1, 200, 300));
    deletions_ = SimpleContent(1, 0);
  }

  ContentPartition& deletions() { return deletions_[0]; }
  void DeleteRange(int64_t from, int64_t to, int64_t timestamp) {
    deletions().ranges.push_back({SimpleClustering(from), SimpleClustering(to), DeletionTime{timestamp, 1}});
  }

  uint64_t BlocksRead(bool reverse) {
    std::string after_all(1, kBoundAfter);
    const ContentPartition& partition = content_[0];
    ScanSpec spec;
    spec.projection = &projection_;
    spec.reverse = reverse;
    spec.range.start = PositionView{partition.token, partition.key, {}};
    spec.range.end = PositionView{partition.token, partition.key, after_all};
    ReadStats stats;
    std::vector<std::unique_ptr<RowSource>> sources;
    sources.push_back(NewVectorSource(deletions_, spec));
    sources.push_back(sstable_->NewSource(spec, &stats));
    const std::unique_ptr<RowSource> merge =
        NewStreamValidator(NewMergeSource(std::move(sources), spec), spec);
    CHECK(Dump(Normalized(ValueOf(ReadContent(merge.get(), spec)))) ==
          Dump(MergeContents({&content_, &deletions_})));
    return stats.blocks_read;
  }

 private:
  SSTableFixture fixture_;
  TableSchema schema_;
  Projection projection_;
  Content content_;
  Content deletions_;
  std::shared_ptr<SSTable> sstable_;
};

TEST_CASE("covered blocks are not read") {
  // Goal: what a read costs does not depend on how many blocks a deletion covers, in both directions. Method:
  // blocks read are counted under deletions of a partition and of ranges, newer and older than the rows.
  const bool reverse = GENERATE(false, true);
  INFO("reverse " << reverse);
  Covered covered;
  const uint64_t all = covered.BlocksRead(reverse);
  REQUIRE(all > 100);
  SECTION("by a deletion of the partition") {
    covered.deletions().deletion = DeletionTime{5, 1};
    CHECK(covered.BlocksRead(reverse) <= 2);
  }
  SECTION("by one range deletion") {
    covered.DeleteRange(0, kRows - 10, 5);
    CHECK(covered.BlocksRead(reverse) <= 5);
  }
  SECTION("by one in the middle") {
    covered.DeleteRange(kRows / 4, 3 * kRows / 4, 5);
    CHECK(covered.BlocksRead(reverse) <= all / 2 + 3);
  }
  SECTION("by one among newer rows") {
    covered.DeleteRange(0, kRows - 10, 5);
    covered.deletions().rows.push_back(SimpleRow(10, 1, 7));
    covered.deletions().rows.push_back(SimpleRow(kRows / 2, 1, 7));
    CHECK(covered.BlocksRead(reverse) <= 10);
  }
  SECTION("but not by one that is older") {
    covered.deletions().deletion = DeletionTime{0, 1};
    covered.DeleteRange(0, kRows, 0);
    CHECK(covered.BlocksRead(reverse) == all);
  }
}

}  // namespace
}  // namespace stoa::testing
