#include <algorithm>
#include <string>
#include <vector>

#include "base/hash.h"
#include "data/batch_builder.h"
#include "sstable/sstable_fixture.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

TEST_CASE("SSTables of one large and of many small partitions read back") {
  // Goal: partitions over many blocks and extents, blocks of many partitions. Method: write, scan, read every
  // row and rows that are not there, verify.
  const TableSchema schema = SimpleSchema();
  const Projection projection = FullProjection(schema);
  for (const auto& [partitions, rows] :
       {std::pair<int64_t, int64_t>{1, 20000}, {20000, 1}, {3, 4000}, {1, 1}}) {
    for (const SSTableWriterOptions& options :
         {SmallBlocks(1, 2000, 2000), SmallBlocks(2, kBlockRawBytesTarget, 16 << 10)}) {
      const Content content = SimpleContent(partitions, rows);
      SSTableFixture fixture;
      const std::shared_ptr<SSTable> sstable = fixture.Make(schema, content, options);
      CHECK(DumpAll(*sstable, schema) == Dump(content));
      REQUIRE_OK(sstable->Verify());
      CHECK(sstable->metadata().row_count == static_cast<uint64_t>(partitions * rows));
      CHECK(sstable->metadata().partition_count == static_cast<uint64_t>(partitions));
      CHECK(sstable->metadata().tombstone_count == 0);
      PointReadScratch scratch;
      ReadStats stats;
      uint64_t reads = 0;
      for (const ContentPartition& partition : content) {
        for (size_t i = 0; i<partition.rows.size(); i += partition.rows.size()> 100 ? 17 : 1) {
          const PositionView place{partition.token, partition.key, partition.rows[i].clustering};
          ++reads;
          REQUIRE(ValueOf(GetRowText(*sstable, projection, place, &scratch, &stats)) ==
                  ExpectedRowText(content, place));
        }
      }
      CHECK(stats.blocks_read == reads);
      CHECK(stats.rows_examined == reads);
      const std::string absent = SimpleClustering(-3);
      for (const ContentPartition& partition : content) {
        const PositionView place{partition.token, partition.key, absent};
        REQUIRE(ValueOf(GetRowText(*sstable, projection, place, &scratch)).empty());
      }
    }
  }
}

TEST_CASE("the filter keeps absent partitions from being looked for") {
  // Goal: the filter is asked first and is right about nearly all absent partitions. Method: count
  // rejections.
  const TableSchema schema = SimpleSchema();
  const Projection projection = FullProjection(schema);
  SSTableFixture fixture;
  const std::shared_ptr<SSTable> sstable =
      fixture.Make(schema, SimpleContent(5000, 1), SmallBlocks(1, 4000, 1000));
  PointReadScratch scratch;
  ReadStats stats;
  uint64_t inside = 0;
  for (int64_t p = 10000; p < 20000; ++p) {
    const std::string key = SimpleKey(p), clustering = SimpleClustering(0);
    const PositionView place{OrderedToken(PartitionToken(key)), key, clustering};
    if (place < sstable->bounds().first.view() || place > sstable->bounds().last.view()) continue;
    ++inside;
    REQUIRE(ValueOf(GetRowText(*sstable, projection, place, &scratch, &stats)).empty());
  }
  CHECK(inside > 9900);
  CHECK(stats.filter_rejections + stats.sstables == inside);
  CHECK(static_cast<double>(stats.sstables) < 0.03 * static_cast<double>(inside));
}

TEST_CASE("a small slice does not look at whole blocks") {
  // Goal: rows_hint limits the work. Method: the statistics of a scan that reads one batch.
  const TableSchema schema = SimpleSchema();
  const Projection projection = FullProjection(schema);
  SSTableFixture fixture;
  const Content content = SimpleContent(1, 3000);
  const std::shared_ptr<SSTable> sstable =
      fixture.Make(schema, content, SmallBlocks(1, kBlockRawBytesTarget, 16 << 10));
  for (const bool reverse : {false, true}) {
    ScanSpec spec;
    spec.projection = &projection;
    spec.rows_hint = 5;
    spec.reverse = reverse;
    const std::string middle = SimpleClustering(1500);
    const PositionView start{content[0].token, content[0].key, {}};
    const PositionView cut{content[0].token, content[0].key, middle};
    spec.range = reverse ? PositionRange{start, cut} : PositionRange{cut, std::nullopt};
    ReadStats stats;
    const std::unique_ptr<RowSource> source = sstable->NewSource(spec, &stats);
    RowBatch batch;
    REQUIRE(ValueOf(source->Next(&batch)));
    CHECK(batch.row_count() == 5);
    CHECK(batch.first_clustering == (reverse ? SimpleClustering(1499) : middle));
    CHECK(stats.rows_examined == 5);
    CHECK(stats.blocks_read == 1);
  }
}

TEST_CASE("equal streams make equal files") {
  // Goal: determinism, which copies and tests rely on. Method: the same content twice, in batches cut
  // differently.
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions generated;
    generated.static_percent = seed % 2 == 0 ? 15 : 0;
    RowGenerator generator(seed, generated);
    const Content content = generator.NextContent(300);
    SSTableFixture fixture;
    SSTableWriterOptions options = SmallBlocks(1, 300, 500);
    const SSTableMetadata first = ValueOf(fixture.Write(generator.schema(), content, options));
    for (uint64_t number = 2; number <= 5; ++number) {
      options.number = number;  // also the seed of how the stream is cut into batches
      SSTableMetadata second = ValueOf(fixture.Write(generator.schema(), content, options));
      CHECK((fixture.ReadFile(1) == fixture.ReadFile(number)));
      second.number = 1;
      CHECK((first == second));
    }
  }
}

TEST_CASE("metadata and names of SSTables") {
  // Goal: encodings come back, malformed ones are refused. Method: literal metadata, all its cuts, names.
  RowGenerator generator(4);
  SSTableFixture fixture;
  const SSTableMetadata metadata =
      ValueOf(fixture.Write(generator.schema(), generator.NextContent(50), SmallBlocks(5, 300)));
  CHECK(metadata.number == 5);
  CHECK(metadata.file_bytes == fixture.ReadFile(5).size());
  std::string bytes;
  metadata.Encode(&bytes);
  CHECK(ValueOf(SSTableMetadata::Decode(bytes)) == metadata);
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK(absl::IsInvalidArgument(SSTableMetadata::Decode(std::string_view(bytes).substr(0, size)).status()));
  }
  CHECK(!SSTableMetadata::Decode(bytes + "x").ok());

  CHECK(SSTableName(7) == "000007.sst");
  CHECK(SSTableName(12345678) == "12345678.sst");
  CHECK(ParseSSTableName("000007.sst") == 7);
  CHECK(ParseSSTableName("12345678.sst") == 12345678);
  for (const char* name : {"7.sst", "0000007.sst", "000007.sst.tmp", "00000a.sst", ".sst", "-00007.sst",
                           "000007.wal", "000000.sst", "99999999999999999999999.sst"}) {
    INFO(name);
    CHECK(ParseSSTableName(name) == 0);
  }

  // A tool gets the same from the file, but for its hash.
  SSTableMetadata from_file =
      ValueOf(SSTable::OpenFile(fixture.directory(), "000005.sst", &fixture.cache()))->metadata();
  from_file.file_hash_low = metadata.file_hash_low;
  from_file.file_hash_high = metadata.file_hash_high;
  CHECK(from_file == metadata);
}

TEST_CASE("bounds of an SSTable reach as far as its deletions") {
  // Goal: nobody leaves a file out that deletes a row he wants. Method: a partition with a deletion and a
  // row, one with a range deletion alone.
  const TableSchema schema = SimpleSchema();
  Content content = SimpleContent(1, 1);
  content[0].deletion = DeletionTime{0, 5};
  SSTableFixture fixture;
  const SSTableMetadata deleted = ValueOf(fixture.Write(schema, content, SmallBlocks(1, 100)));
  CHECK(deleted.bounds.first.clustering.empty());
  CHECK(deleted.bounds.last.clustering > SimpleClustering(INT64_MAX));
  CHECK(deleted.tombstone_count == 1);
  CHECK(deleted.bounds.times.has_tombstones);
  content[0].deletion = {};
  content[0].ranges = {ContentRange{SimpleClustering(-7), SimpleClustering(7), DeletionTime{0, 5}}};
  const SSTableMetadata range = ValueOf(fixture.Write(schema, content, SmallBlocks(2, 100)));
  CHECK(range.bounds.first.clustering == SimpleClustering(-7));
  CHECK(range.bounds.last.clustering == SimpleClustering(7));
  CHECK(range.tombstone_count == 1);
}

TEST_CASE("the writer refuses streams that are none and leaves no file") {
  // Goal: nothing wrong is ever published. Method: an empty stream, unordered rows, unordered partitions, a
  // range deletion that is not closed.
  const TableSchema schema = SimpleSchema();
  const Projection projection = FullProjection(schema);
  SSTableFixture fixture;
  BatchBuilder builder(&projection);
  const Content two = SimpleContent(2, 1);
  const auto start = [&](size_t partition) {
    builder.StartRun(two[partition].token, two[partition].key, {}, true);
  };
  const auto row = [&](int64_t clustering) {
    builder.AddRow(SimpleClustering(clustering), row_flags::kMarker, 1, kNoExpiry, {});
  };
  const std::vector<std::function<void()>> streams = {
      [&] { start(0), row(5), row(4); },
      [&] { start(0), row(5), row(5); },
      [&] { start(1), row(5), start(0), row(5); },
      [&] { start(0), row(5), start(0), row(6); },
      [&] {
        start(0), builder.AddRangeChange(SimpleClustering(3), DeletionTime{1, 1}), row(5);
      },
      [&] {
        start(0), builder.AddRangeChange(SimpleClustering(9), DeletionTime{1, 1}), row(5);
      },
  };
  for (size_t i = 0; i <= streams.size(); ++i) {
    INFO("stream " << i);
    {
      const auto writer = ValueOf(SSTableWriter::Create(fixture.directory(), schema, SmallBlocks(1, 100)));
      CHECK(writer->empty());
      absl::Status status;
      if (i < streams.size()) {
        builder.Clear();
        streams[i]();
        RowBatch batch = builder.Finish();
        status = writer->Add(batch);
      }
      const absl::Status finished = writer->Finish().status();
      CHECK(finished.code() ==
            (i < streams.size() ? absl::StatusCode::kInternal : absl::StatusCode::kInvalidArgument));
      if (!status.ok()) CHECK(finished == status);
    }
    CHECK(ValueOf(fixture.directory().List()).empty());
  }
}

TEST_CASE("a write error at any call leaves no file and is reported") {
  // Goal: no error on the way to a finished file is lost. Method: fail every call in turn.
  const TableSchema schema = SimpleSchema();
  const Content content = SimpleContent(3, 50);
  for (uint64_t call = 0;; ++call) {
    REQUIRE(call < 1000);
    SSTableFixture fixture;
    const uint64_t before = fixture.files().calls();
    fixture.files().FailCall(before + call, absl::ResourceExhaustedError("full"), FaultSpan::kOnce);
    const absl::StatusOr<SSTableMetadata> metadata = fixture.Write(schema, content, SmallBlocks(1, 500));
    const bool failed_at_all = fixture.files().calls() > before + call;
    if (!failed_at_all) {
      REQUIRE_OK(metadata);
      break;
    }
    if (metadata.ok()) continue;  // an unlink of what is gone anyway
    CHECK(absl::IsResourceExhausted(metadata.status()));
    CHECK(ValueOf(fixture.directory().List()).empty());
  }
}

TEST_CASE("a file describes itself") {
  // Goal: the parts of a description add up to the file. Method: compare sums.
  const TableSchema schema = SimpleSchema();
  SSTableFixture fixture;
  const std::shared_ptr<SSTable> sstable =
      fixture.Make(schema, SimpleContent(50, 50), SmallBlocks(1, 1000, 1000));
  const SSTable::Description description = ValueOf(sstable->Describe());
  CHECK(description.blocks > 10);
  const uint64_t parts =
      description.index_bytes + description.filter_bytes + description.zone_bytes + description.block_bytes;
  CHECK(parts < sstable->metadata().file_bytes);
  CHECK(parts + 600 > sstable->metadata().file_bytes);  // header, statistics, footer
  REQUIRE(description.columns.size() == 2);
  uint64_t blocks = 0;
  for (const auto& [name, count] : description.columns[0].encodings) blocks += count;
  CHECK(blocks == description.blocks);
  CHECK(description.columns[1].stored_bytes > 0);
  CHECK(description.columns[1].raw_bytes >= description.columns[1].stored_bytes);
  CHECK(description.key_bytes > 0);
}

}  // namespace
}  // namespace stoa::testing
