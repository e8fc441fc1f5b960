#include <atomic>
#include <thread>
#include <vector>

#include "base/status_macros.h"
#include "io/random.h"
#include "sstable/sstable_fixture.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

/// One point read, or one scan of a partition in either direction, which must give what the content says.
absl::StatusOr<bool> ReadSomething(const SSTable& sstable, const Projection& projection,
                                   const Content& content, Random* random, PointReadScratch* scratch,
                                   RowMerger* merger) {
  const ContentPartition& partition = content[random->Uniform(content.size())];
  if (random->OneIn(4)) {
    ScanSpec spec;
    spec.projection = &projection;
    const Position end(PositionView{partition.token, partition.key, "\xff"});
    spec.range = PositionRange{PositionView{partition.token, partition.key, {}}, end.view()};
    spec.reverse = random->OneIn(2);
    const std::unique_ptr<RowSource> source = sstable.NewSource(spec, nullptr);
    uint64_t rows = 0;
    RowBatch batch;
    while (true) {
      STOA_ASSIGN_OR_RETURN(const bool more, source->Next(&batch));
      if (!more) break;
      STOA_RETURN_IF_ERROR(batch.EnsureAll());
      rows += batch.row_count();
    }
    return rows == partition.rows.size();
  }
  const ContentRow& row = partition.rows[random->Uniform(partition.rows.size())];
  merger->Start();
  scratch->Start(&projection);
  STOA_RETURN_IF_ERROR(
      sstable.GetRow(partition.token, partition.key, row.clustering, scratch, merger, nullptr));
  return merger->HasContent();
}

TEST_CASE("many threads read one SSTable through a cache that is too small") {
  // Goal: no race (under the thread sanitizer) between loading, growing, evicting and using, and right
  // answers. Method: threads do random reads, with caches from nothing to plenty.
  const TableSchema schema = SimpleSchema();
  const Projection projection = FullProjection(schema);
  const Content content = SimpleContent(60, 20);
  for (const uint64_t cache_bytes : {0, 20000, 60000, 4 << 20}) {
    SSTableFixture fixture(cache_bytes);
    const std::shared_ptr<SSTable> sstable = fixture.Make(schema, content, SmallBlocks(1, 1000, 1000));
    std::atomic<uint64_t> wrong{0};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        Random random(t);
        PointReadScratch scratch;
        RowMerger merger(&projection);
        for (int i = 0; i < 300; ++i) {
          const absl::StatusOr<bool> right =
              ReadSomething(*sstable, projection, content, &random, &scratch, &merger);
          if (!right.ok() || !*right) ++wrong;
          // The index root stays, whatever the capacity.
          if (fixture.cache().used_bytes() > cache_bytes + 20000) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    if (cache_bytes > 0) CHECK(fixture.cache().used_bytes() > 0);
    fixture.cache().EraseFile(sstable->metadata().file_id);
  }
}

TEST_CASE("a closed SSTable leaves nothing in the cache's account") {
  // Goal: what is charged is released. Method: read, close, erase, look at the account.
  SSTableFixture fixture;
  BlockCache cache(1 << 20);
  const TableSchema schema = SimpleSchema();
  const SSTableMetadata metadata =
      ValueOf(fixture.Write(schema, SimpleContent(10, 10), SmallBlocks(1, 500, 500)));
  std::shared_ptr<SSTable> sstable = ValueOf(SSTable::Open(fixture.directory(), metadata, &cache));
  const uint64_t opened = cache.used_bytes();
  CHECK(opened > 0);
  DumpAll(*sstable, schema);
  CHECK(cache.used_bytes() > opened);
  cache.EraseFile(metadata.file_id);
  CHECK(cache.used_bytes() == opened);
  sstable.reset();
  CHECK(cache.used_bytes() == 0);
}

TEST_CASE("point reads pin index pages while the cache has plenty of room") {
  // Goal: after the second read of a row its index page is not looked up any more, unless pages would be a
  // large part of the cache. Method: erase the file from the cache, and count what is read anew.
  const TableSchema schema = SimpleSchema();
  const Projection projection = FullProjection(schema);
  const Content content = SimpleContent(60, 20);
  for (const bool plenty : {true, false}) {
    SSTableFixture fixture(plenty ? 4 << 20 : 20000);
    const std::shared_ptr<SSTable> sstable = fixture.Make(schema, content, SmallBlocks(1, 1000, 1000));
    const PositionView place{content[30].token, content[30].key, content[30].rows[7].clustering};
    PointReadScratch scratch;
    const auto read = [&] {
      ReadStats stats;
      CHECK(ValueOf(GetRowText(*sstable, projection, place, &scratch, &stats)) ==
            ExpectedRowText(content, place));
      return stats.cache_misses;
    };
    CHECK(read() == 2);
    CHECK(read() == 0);
    fixture.cache().EraseFile(sstable->metadata().file_id);
    CHECK(read() == (plenty ? 1 : 2));
    CHECK(read() == 0);
  }
}

}  // namespace
}  // namespace stoa::testing
