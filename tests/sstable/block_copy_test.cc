// Blocks that are copied from one SSTable into another.
#include "sstable/block_origin.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "io/random.h"
#include "schema/schema_editor.h"
#include "sstable/sstable_fixture.h"
#include "sstable/stored_block.h"
#include "sstable/table_reader.h"
#include "support/catch.h"

namespace stoa::testing {
namespace {

using Change = std::function<void(RowBatch*)>;

struct Written {
  SSTableMetadata metadata;
  uint64_t copied_bytes = 0;
};

/// Writes what `sstable` has into a file of its own, each batch as `change` leaves it.
absl::StatusOr<Written> WriteAgain(SSTableFixture* fixture, const SSTable& sstable, const TableSchema& schema,
                                   const SSTableWriterOptions& options, const Change& change = {}) {
  const Projection projection = SSTableWriter::ProjectionOf(schema);
  ScanSpec spec;
  spec.projection = &projection;
  const std::unique_ptr<RowSource> source = sstable.NewSource(spec, nullptr);
  STOA_ASSIGN_OR_RETURN(const auto writer, SSTableWriter::Create(fixture->directory(), schema, options));
  RowBatch batch;
  while (true) {
    STOA_ASSIGN_OR_RETURN(const bool more, source->Next(&batch));
    if (!more) break;
    if (change) change(&batch);
    STOA_RETURN_IF_ERROR(writer->Add(batch));
  }
  Written written;
  written.copied_bytes = writer->copied_bytes();
  STOA_ASSIGN_OR_RETURN(written.metadata, writer->Finish());
  return written;
}

void ForgetOrigin(RowBatch* batch) { batch->origin = nullptr; }

std::shared_ptr<SSTable> OpenAndVerify(SSTableFixture* fixture, const SSTableMetadata& metadata) {
  std::shared_ptr<SSTable> sstable =
      ValueOf(SSTable::Open(fixture->directory(), metadata, &fixture->cache()));
  REQUIRE_OK(sstable->Verify());
  return sstable;
}

std::shared_ptr<const TableReader> OpenReader(SSTableFixture* fixture, uint64_t number) {
  return ValueOf(TableReader::Open(fixture->directory(), SSTableName(number), nullptr, &fixture->cache()));
}

/// All that a file says of its blocks, but for where they stand.
std::string TextOfParts(const TableReader& reader) {
  std::string text;
  for (uint32_t number = 0; number < reader.root().entry_count(); ++number) {
    const auto extent = ValueOf(reader.GetExtent(number, nullptr));
    for (uint32_t i = 0; i < extent->page().entry_count(); ++i) {
      const BlockIndexEntry entry = extent->page().Entry(i);
      const PositionView separator = extent->page().Separator(i);
      text += StrCat("block of ", entry.range.bytes, " bytes, ", entry.rows, " rows, ", entry.min_timestamp,
                     " ", entry.max_timestamp, " ", entry.max_local_time, " ", entry.flags, " after ",
                     separator.token, " ", HexDump(separator.key), " ", HexDump(separator.clustering), "\n");
      for (const BlockLayout::ColumnType& column : reader.layout().columns) {
        const auto zones = ValueOf(reader.GetZones(*extent, column.id, column.kind, nullptr));
        if (zones == nullptr) continue;
        const ZoneView zone = zones->Zone(i);
        text += StrCat("  ", column.id, ": ", static_cast<int>(zone.state), " ", zone.word_min, " ",
                       zone.word_max, " ", HexDump(zone.bytes_min), " ", HexDump(zone.bytes_max), " ",
                       zones->NullCount(i), "\n");
      }
    }
  }
  return text;
}

GeneratorOptions PlainRows() {
  GeneratorOptions options;
  options.deletion_percent = options.ttl_percent = 0;
  options.marker_percent = 100;
  options.blobs = false;
  return options;
}

// Goal: a file whose blocks are copied is the file that encoding them anew makes, in everything: its bytes
// too, if its id is the same. Method: files of plain random rows, of few and of many partitions, in blocks of
// several sizes (though not so small that a row alone is too large for one), copied and encoded anew.
TEST_CASE("copying blocks gives the same file as encoding them") {
  uint64_t copied_bytes = 0, bytes = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions generator_options = PlainRows();
    generator_options.partitions = seed % 2 == 0 ? 200 : 3;
    generator_options.rows_per_partition = seed % 2 == 0 ? 3 : 200;
    RowGenerator generator(seed, generator_options);
    const Content content = generator.NextContent(600);
    SSTableFixture fixture;
    const SSTableWriterOptions options = SmallBlocks(1, 400 << seed % 3, 500 << seed % 4);
    const std::shared_ptr<SSTable> original = fixture.Make(generator.schema(), content, options);
    SSTableWriterOptions same = options;
    same.number = 2;
    const Written copy = ValueOf(WriteAgain(&fixture, *original, generator.schema(), same));
    CHECK(fixture.ReadFile(2) == fixture.ReadFile(1));
    copied_bytes += copy.copied_bytes;
    bytes += ValueOf(original->Describe()).block_bytes;

    SSTableWriterOptions other = options;
    other.number = 3;
    other.file_id = 77;
    const Written moved = ValueOf(WriteAgain(&fixture, *original, generator.schema(), other));
    CHECK(moved.copied_bytes == copy.copied_bytes);
    CHECK(Dump(content) == DumpAll(*OpenAndVerify(&fixture, moved.metadata), generator.schema()));
    other.number = 4;
    const Written anew = ValueOf(WriteAgain(&fixture, *original, generator.schema(), other, ForgetOrigin));
    CHECK(anew.copied_bytes == 0);
    CHECK(fixture.ReadFile(4) == fixture.ReadFile(3));
    CHECK(TextOfParts(*OpenReader(&fixture, 3)) == TextOfParts(*OpenReader(&fixture, 1)));
  }
  CHECK(copied_bytes > bytes * 3 / 4);
}

// Goal: what is not plainly live, or not all of its block, is not copied. Method: batches changed in each way
// in which a merge changes them, of which nothing may be copied, though without the change nearly all is.
TEST_CASE("blocks of which something is deleted or left out are not copied", "[rule]") {
  const TableSchema schema = SimpleSchema();
  SSTableFixture fixture;
  const std::shared_ptr<SSTable> original = fixture.Make(schema, SimpleContent(1, 1000), SmallBlocks(1, 800));
  uint64_t number = 1;
  const auto copied_with = [&](const Change& change) {
    const Written written =
        ValueOf(WriteAgain(&fixture, *original, schema, SmallBlocks(++number, 800), change));
    (void)OpenAndVerify(&fixture, written.metadata);
    return written.copied_bytes;
  };
  CHECK(copied_with({}) > ValueOf(original->Describe()).block_bytes * 3 / 4);
  std::vector<PartitionRun> runs;
  CHECK(copied_with([&](RowBatch* batch) {
          runs.assign(batch->runs.begin(), batch->runs.end());
          runs[0].deletion = DeletionTime{0, 10};  // which hides nothing
          batch->runs = runs;
          batch->clean = false;
        }) == 0);
  CHECK(copied_with([&](RowBatch* batch) {
          if (batch->row_count() == 1) return;
          REQUIRE_OK(batch->EnsureKeys());
          runs.assign(batch->runs.begin(), batch->runs.end());
          runs[0].first_row = ++batch->begin;
          batch->runs = runs;
          batch->first_clustering = batch->clustering[batch->begin];
        }) == 0);
  CHECK(copied_with([&](RowBatch* batch) {
          if (batch->row_count() == 1) return;
          REQUIRE_OK(batch->EnsureKeys());
          batch->last_clustering = batch->clustering[--batch->end - 1];
        }) == 0);
}

// Goal: a block is copied where its columns mean the same, and not where one is gone. Method: the same file
// under a schema with one more, and with one less column.
TEST_CASE("blocks are copied into files that have all their columns", "[rule]") {
  const TableSchema schema = SimpleSchema();
  SSTableFixture fixture;
  const std::shared_ptr<SSTable> original = fixture.Make(schema, SimpleContent(1, 1000), SmallBlocks(1, 800));
  const TableSchema more =
      ValueOf(SchemaEditor::Apply(schema, TableAlteration().AddColumn("x", TypeKind::kInt)));
  const Written with_more = ValueOf(WriteAgain(&fixture, *original, more, SmallBlocks(2, 800)));
  CHECK(with_more.copied_bytes > 0);
  CHECK(DumpAll(*OpenAndVerify(&fixture, with_more.metadata), more) == DumpAll(*original, schema));

  const TableSchema less = ValueOf(SchemaEditor::Apply(schema, TableAlteration().DropColumn("text")));
  const Written with_less = ValueOf(WriteAgain(&fixture, *original, less, SmallBlocks(3, 800)));
  CHECK(with_less.copied_bytes == 0);
  CHECK(DumpAll(*OpenAndVerify(&fixture, with_less.metadata), less) == DumpAll(*original, less));
}

// Goal: damage in a block that is copied is found, and blamed on the file that has it. Method: each byte of
// the first block of a file changed in turn.
TEST_CASE("a damaged block is not copied", "[rule]") {
  const TableSchema schema = SimpleSchema();
  SSTableFixture fixture(/*cache_bytes=*/0);
  const SSTableMetadata metadata = ValueOf(fixture.Write(schema, SimpleContent(1, 300), SmallBlocks(1, 800)));
  const std::string intact = fixture.ReadFile(1);
  const FileRange block = ValueOf(OpenReader(&fixture, 1)->GetExtent(0, nullptr))->page().Range(0);
  for (uint64_t at = block.offset; at < block.end(); ++at) {
    INFO("byte " << at);
    std::string damaged = intact;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    fixture.ReplaceFile(1, damaged);
    const auto sstable = ValueOf(SSTable::Open(fixture.directory(), metadata, &fixture.cache()));
    const absl::Status status = WriteAgain(&fixture, *sstable, schema, SmallBlocks(2, 400)).status();
    REQUIRE(absl::IsDataLoss(status));
    CHECK(FromAbsl(status.message()).starts_with("corruption in 000001.sst"));
    CHECK(ValueOf(fixture.directory().List()).size() == 1);
  }
  fixture.ReplaceFile(1, intact);
  const auto sstable = ValueOf(SSTable::Open(fixture.directory(), metadata, &fixture.cache()));
  const Written copy = ValueOf(WriteAgain(&fixture, *sstable, schema, SmallBlocks(2, 400)));
  CHECK(copy.copied_bytes == ValueOf(sstable->Describe()).block_bytes);
}

// Goal: in the block with which a file begins, a partition STARTs as it does in the stream, whatever the
// block said of it where it was. Method: a file without the first blocks of its partition.
TEST_CASE("a copied block says whether its partition starts in it", "[rule]") {
  const TableSchema schema = SimpleSchema();
  SSTableFixture fixture;
  const std::shared_ptr<SSTable> original = fixture.Make(schema, SimpleContent(1, 1000), SmallBlocks(1, 800));
  const auto starts_in_first_block = [&](uint64_t number) {
    const auto reader = OpenReader(&fixture, number);
    const auto extent = ValueOf(reader->GetExtent(0, nullptr));
    const bool flagged = (extent->page().Entry(0).flags & index_flags::kPartitionStart) != 0;
    const auto block = ValueOf(reader->GetBlock(extent->page().Range(0), CacheUse::kLeave, nullptr));
    CHECK(block->header().first_starts == flagged);
    return flagged;
  };
  for (const bool starts : {false, true}) {
    const uint64_t number = starts ? 2 : 3;
    const Projection projection = SSTableWriter::ProjectionOf(schema);
    ScanSpec spec;
    spec.projection = &projection;
    const auto source = original->NewSource(spec, nullptr);
    const auto writer = ValueOf(SSTableWriter::Create(fixture.directory(), schema, SmallBlocks(number, 800)));
    RowBatch batch;
    REQUIRE(ValueOf(source->Next(&batch)));
    REQUIRE(ValueOf(source->Next(&batch)));
    REQUIRE(!batch.runs[0].starts);
    std::vector<PartitionRun> runs(batch.runs.begin(), batch.runs.end());
    runs[0].starts = starts;
    batch.runs = runs;
    REQUIRE_OK(writer->Add(batch));
    CHECK(writer->copied_bytes() > 0);
    while (ValueOf(source->Next(&batch))) REQUIRE_OK(writer->Add(batch));
    (void)OpenAndVerify(&fixture, ValueOf(writer->Finish()));
    CHECK(starts_in_first_block(number) == starts);
  }
}

// Goal: a block is not copied where it would part a row from the range-change that stands in its place.
// Method: a range deletion that was cut at the key of the row with which a block begins.
TEST_CASE("a block that begins where a range deletion ends is not copied", "[rule]") {
  const TableSchema schema = SimpleSchema();
  const Projection projection = SSTableWriter::ProjectionOf(schema);
  SSTableFixture fixture;
  Content content = SimpleContent(1, 1000);
  const Content before = {{content[0].token, content[0].key, {}, {}, {}}};
  content[0].rows.erase(content[0].rows.begin(), content[0].rows.begin() + 50);
  const std::shared_ptr<SSTable> original = fixture.Make(schema, content, SmallBlocks(1, 800));
  const auto writer = ValueOf(SSTableWriter::Create(fixture.directory(), schema, SmallBlocks(2, 600)));

  ContentPartition first = before[0];
  for (int64_t c = 0; c < 25; ++c) first.rows.push_back(SimpleRow(c, c));
  first.ranges.push_back({SimpleClustering(45), content[0].rows[0].clustering, DeletionTime{1, 1}});
  ScanSpec spec;
  spec.projection = &projection;
  VectorSourceOptions one_batch;
  one_batch.batch_rows = 100;
  RowBatch batch;
  const auto rows = NewVectorSource({first}, spec, one_batch);
  while (ValueOf(rows->Next(&batch))) REQUIRE_OK(writer->Add(batch));
  const auto source = original->NewSource(spec, nullptr);
  std::vector<PartitionRun> runs;
  bool is_first = true;
  while (ValueOf(source->Next(&batch))) {
    runs.assign(batch.runs.begin(), batch.runs.end());
    runs[0].starts = false;
    batch.runs = runs;
    REQUIRE_OK(writer->Add(batch));
    if (is_first) CHECK(writer->copied_bytes() == 0);
    is_first = false;
  }
  CHECK(writer->copied_bytes() > 0);
  (void)OpenAndVerify(&fixture, ValueOf(writer->Finish()));
}

// Goal: copying does not fill files with small blocks. Method: short stretches of rows between blocks
// that could be copied; of the blocks that come of it at most a quarter may be smaller than half of one.
TEST_CASE("copying leaves few small blocks", "[rule]") {
  const TableSchema schema = SimpleSchema();
  SSTableFixture fixture;
  const std::shared_ptr<SSTable> original =
      fixture.Make(schema, SimpleContent(1, 5000), SmallBlocks(1, 2000));
  Random random(3);
  uint64_t copied_bytes = 0;
  for (uint64_t number = 2; number < 30; ++number) {
    const uint64_t stretch = 1 + number / 4;
    const Written written =
        ValueOf(WriteAgain(&fixture, *original, schema, SmallBlocks(number, 2000), [&](RowBatch* batch) {
          if (random.OneIn(stretch))
            batch->end = batch->begin + 1 + static_cast<uint32_t>(random.Uniform(batch->row_count() / 4 + 1));
          REQUIRE_OK(batch->EnsureKeys());
          batch->last_clustering = batch->clustering[batch->end - 1];
        }));
    copied_bytes += written.copied_bytes;
    (void)OpenAndVerify(&fixture, written.metadata);
    const auto reader = OpenReader(&fixture, number);
    uint32_t blocks = 0, small = 0;
    for (uint32_t e = 0; e < reader->root().entry_count(); ++e) {
      const auto extent = ValueOf(reader->GetExtent(e, nullptr));
      for (uint32_t i = 0; i < extent->page().entry_count(); ++i) {
        const auto block = ValueOf(reader->GetBlock(extent->page().Range(i), CacheUse::kLeave, nullptr));
        uint64_t raw_bytes = 0;
        for (const BlockHeader::Section& section : block->header().sections) raw_bytes += section.raw_bytes;
        ++blocks;
        small += raw_bytes < 2000 / 3 ? 1 : 0;
      }
    }
    INFO("file " << number << ": " << small << " small blocks of " << blocks);
    CHECK(small <= blocks / 4 + 1);
  }
  CHECK(copied_bytes > 100'000);
}

}  // namespace
}  // namespace stoa::testing
