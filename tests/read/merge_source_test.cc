#include "read/merge_source.h"

#include "data/row_source_conformance.h"
#include "data/stream_validator.h"
#include "read/merge_support.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

/// Options that make much of what tests with colliding keys leave out: long runs of rows that are taken at
/// once.
GeneratorOptions LongRuns(uint64_t seed) {
  GeneratorOptions options;
  options.partitions = seed % 2 == 0 ? 2 : 4000;
  options.rows_per_partition = seed % 2 == 0 ? 3000 : 1;
  options.deletion_percent = seed % 3 == 0 ? 0 : 8;
  options.ttl_percent = seed % 4 == 0 ? 10 : 0;
  options.sparse_columns = 2;
  return options;
}

// A merge is a row source like any other: random writes are spread over 1 to 5 sources of random batch sizes.
TEST_CASE("A merge conforms") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    RowGenerator generator(seed);
    const std::vector<RandomWrite> writes = generator.Writes(static_cast<uint32_t>(20 + seed * 4));
    const std::vector<Content> contents = Split(writes, 1 + seed % 5, &generator.random());
    VectorSourceOptions options;
    options.batch_rows = static_cast<uint32_t>(1 + seed % 9);
    options.seed = seed;
    options.lazy = seed % 4 != 0;
    int64_t calls_left = -1;
    options.calls_left = &calls_left;
    RowSourceCase test;
    test.schema = &generator.schema();
    test.expected = MergeOf(writes);
    test.open = [&](const ScanSpec& spec) { return NewMergeOf(contents, spec, options); };
    test.fail_read = [&](int64_t n) { calls_left = n; };
    test.is_merge = true;
    test.scans = 6;
    CheckRowSource(test, seed);
  }
}

// The same where sources have long runs of rows and of partitions of their own.
TEST_CASE("A merge of long runs conforms") {
  for (uint64_t seed = 1; seed <= 24; ++seed) {
    RowGenerator generator(seed, LongRuns(seed));
    const std::vector<RandomWrite> writes = generator.Writes(3000);
    // Most of the time a source gets a stretch of the writes in key order, so that runs are long.
    std::vector<const Content*> sorted;
    for (const RandomWrite& write : writes) sorted.push_back(&write.content);
    const Content expected = MergeContents(sorted);
    std::vector<Content> contents(2 + seed % 3);
    uint64_t to = 0;
    for (const ContentPartition& partition : expected) {
      std::vector<ContentPartition> pieces(contents.size());
      for (ContentPartition& piece : pieces) {
        piece.token = partition.token;
        piece.key = partition.key;
      }
      pieces[to].deletion = partition.deletion;
      for (const ContentRow& row : partition.rows) {
        if (generator.random().OneIn(300)) to = generator.random().Uniform(contents.size());
        pieces[to].rows.push_back(row);
      }
      for (const ContentRange& range : partition.ranges) {
        pieces[generator.random().Uniform(contents.size())].ranges.push_back(range);
      }
      for (size_t i = 0; i < contents.size(); ++i) contents[i].push_back(pieces[i]);
    }
    VectorSourceOptions options;
    options.batch_rows = static_cast<uint32_t>(200 + seed * 50);
    options.seed = seed;
    RowSourceCase test;
    test.schema = &generator.schema();
    test.expected = expected;
    test.open = [&](const ScanSpec& spec) { return NewMergeOf(contents, spec, options); };
    test.is_merge = true;
    test.scans = 2;
    CheckRowSource(test, seed);
  }
}

// However a history of writes is spread over sources, and in whatever order the sources are given, the merge
// is the same stream.
TEST_CASE("Every split of a history merges to the same stream") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    RowGenerator generator(1000 + seed);
    const std::vector<RandomWrite> writes = generator.Writes(60);
    const std::string expected = Dump(MergeOf(writes));
    ScanSpec spec;
    spec.projection = &generator.projection();
    for (uint64_t count = 1; count <= 5; ++count) {
      const std::vector<Content> contents = Split(writes, count, &generator.random());
      VectorSourceOptions options;
      options.batch_rows = static_cast<uint32_t>(1 + generator.random().Uniform(20));
      const std::unique_ptr<RowSource> merged = NewStreamValidator(NewMergeOf(contents, spec, options), spec);
      INFO("seed " << seed << ", " << count << " sources");
      REQUIRE(Dump(ValueOf(ReadContent(merged.get(), spec))) == expected);
    }
  }
}

Content RowsOf(const RowGenerator& generator, uint64_t token, int first, int count, int step) {
  ContentPartition partition;
  partition.token = token;
  partition.key = "p";
  for (int i = 0; i < count; ++i) {
    ContentRow row;
    const int number = first + i * step;
    row.clustering = {'\x40', static_cast<char>(number >> 8), static_cast<char>(number), '\x38'};
    row.has_marker = true;
    row.marker_timestamp = 10;
    row.cells[generator.projection()[0].id] = ContentCell{10, kNoExpiry, false, false, 7, {}};
    partition.rows.push_back(row);
  }
  return {partition};
}

// Sources that follow each other: their batches are handed over without loading anything of them.
TEST_CASE("Batches that do not overlap pass through unloaded") {
  const RowGenerator generator(1);
  ScanSpec spec;
  spec.projection = &generator.projection();
  const std::vector<Content> contents = {
      RowsOf(generator, 1, 3000, 1000, 1), RowsOf(generator, 1, 0, 1000, 1),
      RowsOf(generator, 1, 1000, 2000, 1), RowsOf(generator, 0, 0, 500, 1)};
  LoadCounts counts;
  VectorSourceOptions options;
  options.batch_rows = 500;
  options.counts = &counts;
  std::vector<std::unique_ptr<RowSource>> sources;
  for (const Content& content : contents) sources.push_back(NewVectorSource(content, spec, options));
  const std::unique_ptr<RowSource> merged = NewMergeSource(std::move(sources), spec);
  RowBatch batch;
  uint32_t rows = 0;
  uint32_t batches = 0;
  while (ValueOf(merged->Next(&batch))) {
    ++batches;
    rows += batch.row_count();
    CHECK(batch.clustering == nullptr);
    CHECK(batch.clean);
    CHECK(batch.runs.front().starts == (batches <= 2));
  }
  CHECK(rows == 4500);
  CHECK(batches == counts.batches);
  CHECK(counts.keys + counts.liveness + counts.columns == 0);
}

// Where one source's rows lie between two of another's, only the keys of the other are looked at; a deletion
// older than everything it covers changes nothing about that, a newer one drops rows unread.
TEST_CASE("Long runs pass through, covered ones are dropped, without loading their columns") {
  const RowGenerator generator(1);
  ScanSpec spec;
  spec.projection = &generator.projection();
  std::vector<Content> contents = {RowsOf(generator, 1, 0, 400, 10), RowsOf(generator, 1, 2001, 2, 1500)};
  for (const int64_t timestamp : {kNoTimestamp, int64_t{9}, int64_t{10}}) {
    if (timestamp != kNoTimestamp) contents[1][0].deletion = DeletionTime{timestamp, 5};
    LoadCounts counts;
    VectorSourceOptions options;
    options.batch_rows = 400;
    options.counts = &counts;
    std::vector<std::unique_ptr<RowSource>> sources;
    for (const Content& content : contents) sources.push_back(NewVectorSource(content, spec, options));
    const std::unique_ptr<RowSource> merged = NewMergeSource(std::move(sources), spec);
    RowBatch batch;
    uint32_t rows = 0;
    uint32_t unloaded_rows = 0;
    while (ValueOf(merged->Next(&batch))) {
      rows += batch.row_count();
      if (!batch.columns_loaded) unloaded_rows += batch.row_count();
    }
    // The two single rows are copied; the last 49 rows are few enough to be copied with the second of them.
    CHECK(rows == (timestamp == 10 ? 0 : 402));
    CHECK(unloaded_rows == (timestamp == 10 ? 0 : 351));
    CHECK(counts.columns == (timestamp == 10 ? 0 : 2));
  }
}

}  // namespace
}  // namespace stoa::testing
