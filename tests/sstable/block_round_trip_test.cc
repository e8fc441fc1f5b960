#include <algorithm>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/strings.h"
#include "data/row_merger.h"
#include "data/single_row.h"
#include "schema/keys.h"
#include "schema/schema_editor.h"
#include "sstable/block_test_support.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/status.h"

namespace stoa {
namespace {

using namespace stoa::testing;  // NOLINT
using Direction = BlockReader::Direction;

/// Builds blocks of `content` and reads them in all ways: forward in whole blocks and in pieces, with some
/// columns, and each partition in reverse.
std::vector<BuiltBlock> CheckRoundTrip(const TableSchema& schema, const Content& content, uint64_t seed,
                                       uint32_t batch_rows) {
  const BlockLayout layout = BlockLayout::Of(schema);
  const Projection projection = FullProjection(schema);
  const std::vector<BuiltBlock> built = BlocksOf(content, layout, projection, seed, batch_rows);
  const auto blocks = OpenBlocks(built, layout);
  const std::string expected = Dump(Normalized(content));
  CHECK(Dump(ValueOf(ReadBlocks(blocks, layout, projection, Direction::kForward, 0, seed))) == expected);
  CHECK(Dump(ValueOf(ReadBlocks(blocks, layout, projection, Direction::kForward, 7, seed))) == expected);
  Random random(seed);
  const Projection some = RandomProjection(schema, &random);
  // Rows without a cell among these columns are still handed over, so the merge is what drops them.
  CHECK(Dump(Normalized(ValueOf(ReadBlocks(blocks, layout, some, Direction::kForward, 50, seed)))) ==
        Dump(Normalized(Projected(Normalized(content), some))));
  for (const ContentPartition& partition : Normalized(content)) {
    const std::vector<BuiltBlock> alone = BlocksOf({partition}, layout, projection, seed, batch_rows);
    const auto opened = OpenBlocks(alone, layout);
    for (const uint32_t rows_max : {0, 5}) {
      CHECK(Dump(ValueOf(ReadBlocks(opened, layout, projection, Direction::kReverse, rows_max, seed))) ==
            Dump({partition}));
    }
  }
  return built;
}

// Goal: blocks hold exactly the stream that they were built of, with deletions, expiries and sparse columns
// of all kinds. Method: random streams over random schemas, read back through the stream validator.
TEST_CASE("block: random streams come back") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions options;
    options.partitions = seed % 3 == 0 ? 60 : 4;
    options.rows_per_partition = seed % 2 == 0 ? 200 : 10;
    options.deletion_percent = seed % 5 == 0 ? 100 : seed % 5 == 1 ? 0 : 25;
    options.ttl_percent = seed % 7 == 0 ? 100 : 15;
    options.marker_percent = seed % 4 == 0 ? 0 : 70;
    RowGenerator generator(seed, options);
    const Content content = generator.NextContent(static_cast<uint32_t>(50 + seed * 7));
    CheckRoundTrip(generator.schema(), content, seed, seed % 2 == 0 ? 4 : 300);
  }
}

// Goal: blocks are cut near their target, and nothing is lost where they are. Method: tables large enough for
// several blocks, with the batches that come in small and large.
TEST_CASE("block: several blocks") {
  Table table(TableSchema::Builder("t")
                  .PartitionKey("p", TypeKind::kText)
                  .Clustering("c", TypeKind::kBigint)
                  .Regular("word", TypeKind::kBigint)
                  .Regular("text", TypeKind::kText));
  Random random(1);
  Content content;
  for (const char* key : {"one", "two", "three"}) {
    content.push_back(Partition(key));
    for (int64_t i = 0; i < 3000; ++i) {
      ContentRow row = table.Row({i * 3}, 1000 + i);
      row.cells[table.Id("word")] = WordCell(random.Next(), 1000 + i);
      row.cells[table.Id("text")] = BytesCell(RandomBytes(&random, random.Uniform(40)), 1000 + i);
      content.back().rows.push_back(row);
    }
    content.back().ranges.push_back({"\x40\x80", std::string("\x40\x80\x00\x00\x00\x00\x00\x10", 8), {5, 5}});
  }
  SortPartitions(&content);
  for (const uint32_t batch_rows : {1, 37, 4096}) {
    const std::vector<BuiltBlock> built = CheckRoundTrip(table.schema, content, 0, batch_rows);
    CHECK(built.size() > 5);
    uint64_t starts = 0;
    for (size_t i = 0; i < built.size(); ++i) {
      uint64_t raw_bytes = 0;
      for (const BlockSection& section : built[i].sections) raw_bytes += section.raw_bytes;
      CHECK(raw_bytes < 2 * kBlockRawBytesTarget);
      if (i > 1 && i + 1 < built.size()) CHECK(raw_bytes > kBlockRawBytesTarget / 2);
      starts += built[i].partition_starts;
      if (i > 0) CHECK(built[i - 1].last.view() < built[i].first.view());
      if (i > 0) CHECK(built[i - 1].open_after == built[i].open_before);
    }
    CHECK(starts == content.size());
  }
}

// Goal: partitions of one row, thousands in a block, are all found. Method: a table of them, read by scan and
// each by its key; also without clustering columns.
TEST_CASE("block: partitions of one row") {
  for (const bool clustered : {false, true}) {
    TableSchema::Builder builder("t");
    builder.PartitionKey("p", TypeKind::kBigint).Regular("v", TypeKind::kInt);
    if (clustered) builder.Clustering("c", TypeKind::kInt);
    Table table(builder);
    Content content;
    for (int64_t i = 0; i < 5000; ++i) {
      std::string key;
      REQUIRE_OK(AppendPartitionKey(table.schema, {i}, &key));
      content.push_back(Partition(key));
      content.back().rows.push_back(clustered ? table.Row({7}, 1) : table.Row({}, 1));
      content.back().rows.back().cells[table.Id("v")] = WordCell(static_cast<uint64_t>(i), 1);
    }
    SortPartitions(&content);
    const std::vector<BuiltBlock> built = BlocksOf(content, table.layout, table.projection, 0, 1000);
    const auto blocks = OpenBlocks(built, table.layout);
    CHECK(blocks.size() == 2);
    CHECK(Dump(ValueOf(ReadBlocks(blocks, table.layout, table.projection, Direction::kForward, 0, 1))) ==
          Dump(Normalized(content)));
    BlockReader reader(&table.layout, &table.projection);
    size_t number = 0;
    for (size_t b = 0; b < blocks.size(); ++b) {
      REQUIRE_OK(reader.Open(&blocks[b]->header, blocks[b].get()));
      for (uint32_t row = 0; row < blocks[b]->header.row_count; ++row, ++number) {
        const ContentPartition& partition = content[number];
        const auto found =
            ValueOf(reader.Find({partition.token, partition.key, partition.rows[0].clustering}));
        REQUIRE(found.row == row);
        REQUIRE(found.exact);
        REQUIRE(found.run == static_cast<int>(row));
        REQUIRE(ValueOf(reader.FindRun(partition.token, partition.key)) == static_cast<int>(row));
        REQUIRE(ValueOf(reader.FindRun(partition.token, partition.key + "x")) == -1);
      }
    }
    CHECK(number == content.size());
  }
}

// Goal: rows of thousands of columns, of which each has a few, take the space of those few. Method: a table
// of 5,000 columns read back, whole and for two columns.
TEST_CASE("block: thousands of sparse columns") {
  TableSchema::Builder builder("wide");
  builder.PartitionKey("p", TypeKind::kInt).Clustering("c", TypeKind::kInt);
  for (int i = 0; i < 5000; ++i) {
    builder.Regular("v" + std::to_string(i), i % 2 == 0 ? TypeKind::kInt : TypeKind::kText);
  }
  Table table(builder);
  Random random(3);
  Content content = {Partition(std::string(4, '\1'))};
  for (int i = 0; i < 60; ++i) {
    ContentRow row = table.Row({i}, 10 + i);
    const uint64_t cells = i == 30 ? 5000 : 20;
    for (uint64_t k = 0; k < cells; ++k) {
      const uint64_t column = cells == 5000 ? k : random.Uniform(5000);
      row.cells[table.projection[column].id] =
          column % 2 == 0 ? WordCell(column, 10 + i) : BytesCell("value " + std::to_string(column), 10 + i);
    }
    content[0].rows.push_back(row);
  }
  const std::vector<BuiltBlock> built = CheckRoundTrip(table.schema, content, 3, 10);
  size_t stored = 0;
  for (const BuiltBlock& block : built) {
    stored += block.header.size();
    for (const BlockSection& section : block.sections) stored += section.payload.size();
  }
  CHECK(stored < 120'000);  // 6,200 cells
}

// Goal: a cell of any size works, and a column nobody asks for is not loaded. Method: a value of 5 MiB
// between small rows; a scan of the other column must leave its section alone.
TEST_CASE("block: huge cells") {
  Table table(TableSchema::Builder("t")
                  .PartitionKey("p", TypeKind::kInt)
                  .Clustering("c", TypeKind::kInt)
                  .Regular("blob", TypeKind::kBlob)
                  .Regular("n", TypeKind::kInt));
  Content content = {Partition(std::string(4, '\1'))};
  Random random(4);
  for (int i = 0; i < 50; ++i) {
    ContentRow row = table.Row({i}, 1);
    row.cells[table.Id("blob")] = BytesCell(RandomBytes(&random, i == 25 ? 5 << 20 : random.Uniform(200)), 1);
    row.cells[table.Id("n")] = WordCell(static_cast<uint64_t>(i), 1);
    content[0].rows.push_back(row);
  }
  const std::vector<BuiltBlock> built = CheckRoundTrip(table.schema, content, 5, 50);
  REQUIRE(built.size() >= 3);  // the huge row has a block of its own
  const auto blocks = OpenBlocks(built, table.layout);
  const auto huge = std::find_if(blocks.begin(), blocks.end(), [](const std::unique_ptr<MemoryBlock>& block) {
    return std::any_of(block->sections.begin(), block->sections.end(),
                       [](const std::vector<char>& section) { return section.size() > 5u << 20; });
  });
  REQUIRE(huge != blocks.end());
  CHECK((*huge)->header.row_count == 1);
  const Projection numbers = {{table.Id("n"), 4}};
  BlockReader reader(&table.layout, &numbers);
  REQUIRE_OK(reader.Open(&(*huge)->header, huge->get()));
  RowBatch batch;
  REQUIRE_OK(reader.Batch(0, 1, Direction::kForward, &batch));
  REQUIRE_OK(batch.EnsureAll());
  REQUIRE(batch.columns.size() == 1);
  CHECK(batch.columns[0].words[0] == 25);
  for (size_t i = 0; i < (*huge)->sections.size(); ++i) {
    if ((*huge)->sections[i].size() > 5u << 20) CHECK_FALSE((*huge)->loaded[i]);
  }
}

// Goal: what every row has alike is in the header: no liveness section, and a clean block says so. Method:
// blocks with one timestamp; then one with a tombstone, an expiry, an update without marker.
TEST_CASE("block: liveness that is constant takes no section") {
  Table table(TableSchema::Builder("t")
                  .PartitionKey("p", TypeKind::kInt)
                  .Clustering("c", TypeKind::kInt)
                  .Regular("n", TypeKind::kInt));
  for (int variant = 0; variant < 6; ++variant) {
    Content content = {Partition(std::string(4, '\1'))};
    for (int i = 0; i < 100; ++i) {
      ContentRow row = table.Row({i}, 77);
      row.cells[table.Id("n")] = WordCell(static_cast<uint64_t>(i), 77);
      if (i == 50 && variant == 1) row.cells[table.Id("n")] = ContentCell{77, 5, true, false, 0, ""};
      if (i == 50 && variant == 2) row.marker_expiry = row.cells[table.Id("n")].expiry = 1000;
      if (i == 50 && variant == 3) row.has_marker = false;
      if (i == 50 && variant == 4) row.cells[table.Id("n")].timestamp = 78;
      if (variant == 5) row.marker_timestamp = row.cells[table.Id("n")].timestamp = 77 + i * i;
      content[0].rows.push_back(row);
    }
    const std::vector<BuiltBlock> built = CheckRoundTrip(table.schema, content, 1, 100);
    REQUIRE(built.size() == 1);
    const auto blocks = OpenBlocks(built, table.layout);
    INFO("variant " << variant);
    CHECK(blocks[0]->header.clean == (variant == 0 || variant == 4 || variant == 5));
    CHECK(blocks[0]->header.has_liveness == (variant == 5));
    CHECK(built[0].times.has_tombstones == (variant == 1));
    CHECK(built[0].times.has_expiring == (variant == 2));
    CHECK(built[0].times.min_timestamp == 77);
    CHECK(built[0].times.max_timestamp == (variant == 4 ? 78 : variant == 5 ? 77 + 99 * 99 : 77));
    CHECK(built[0].times.min_local_time == (variant == 1 ? 5 : variant == 2 ? 1000 : kNoExpiry));
    CHECK(built[0].times.max_local_time == kNoExpiry);
  }
}

// Goal: columns whose values do not compress come back from bundles, whatever their cells say beside the
// value and whichever of them are asked for, and others are not bundled. Method: records of noise, of one
// length and of many, with a word and a text column among them; then one cell deleted, empty, expiring,
// newer, absent.
TEST_CASE("block: bundles of columns that do not compress") {
  TableSchema::Builder builder("t");
  builder.PartitionKey("p", TypeKind::kBigint);
  for (const char* name : {"a", "b", "c", "e", "f"}) builder.Regular(name, TypeKind::kBlob);
  builder.Regular("d", TypeKind::kText).Regular("n", TypeKind::kInt);
  Table table(builder);
  const auto lanes_of = [&](const MemoryBlock& block, std::string_view column) {
    for (const BlockHeader::ColumnPlace& place : block.header.columns) {
      if (place.id == table.Id(column)) return static_cast<int>(place.lanes);
    }
    return 0;
  };
  for (int variant = 0; variant < 7; ++variant) {
    INFO("variant " << variant);
    Random random(static_cast<uint64_t>(variant) + 5);
    Content content;
    for (int64_t i = 0; i < 60; ++i) {
      std::string key;
      REQUIRE_OK(AppendPartitionKey(table.schema, {i}, &key));
      content.push_back(Partition(key));
      ContentRow row = table.Row({}, 9);
      for (const char* name : {"a", "b", "c", "e", "f"}) {
        row.cells[table.Id(name)] =
            BytesCell(RandomBytes(&random, variant == 6 ? 20 + random.Uniform(80) : 60), 9);
      }
      row.cells[table.Id("d")] = BytesCell("words that repeat, and compress, and stay by themselves", 9);
      row.cells[table.Id("n")] = WordCell(static_cast<uint64_t>(i), 9);
      ContentCell& cell = row.cells[table.Id("b")];
      if (i == 17 && variant == 1) cell = ContentCell{9, 5, true, false, 0, ""};
      if (i == 17 && variant == 2) cell = BytesCell("", 9);
      if (i == 17 && variant == 3) cell.expiry = 1000;
      if (i == 17 && variant == 4) cell.timestamp = 12;
      if (i == 17 && variant == 5) row.cells.erase(table.Id("b"));
      content.back().rows.push_back(row);
    }
    SortPartitions(&content);
    const std::vector<BuiltBlock> built = CheckRoundTrip(table.schema, content, 1, 100);
    const auto blocks = OpenBlocks(built, table.layout);
    REQUIRE(blocks.size() == 1);
    CHECK(lanes_of(*blocks[0], "a") == (variant == 5 ? 1 : 5));
    CHECK(lanes_of(*blocks[0], "f") == (variant == 5 ? 3 : 5));
    CHECK(lanes_of(*blocks[0], "d") == 1);
    // Row by row, by all columns, some, and one that is not there.
    for (const std::vector<const char*>& names :
         {std::vector{"a", "b", "c", "e", "f", "d", "n"}, std::vector{"c", "f"}, std::vector{"b", "n"}}) {
      Projection projection;
      for (const ProjectedColumn& column : table.projection) {
        if (std::any_of(names.begin(), names.end(),
                        [&](const char* name) { return table.Id(name) == column.id; }))
          projection.push_back(column);
      }
      BlockReader reader(&table.layout, &projection);
      REQUIRE_OK(reader.Open(&blocks[0]->header, blocks[0].get()));
      for (uint32_t row = 0; row < content.size(); ++row) {
        RowMerger merger(&projection);
        merger.Start();
        REQUIRE_OK(reader.AddRow(row, &merger));
        SingleRow single(&projection);
        single.Start(content[row].token, content[row].key);
        REQUIRE(merger.EmitLive(content[row].rows[0].clustering, 100, &single));
        single.Finish();
        for (const ColumnVector& vector : single.batch().columns) {
          const ContentCell& cell = content[row].rows[0].cells.at(projection[vector.index].id);
          if (vector.bytes != nullptr) CHECK(vector.bytes[0] == cell.bytes);
          CHECK(single.batch().CellAt(vector, 0).timestamp == cell.timestamp);
        }
        size_t alive = 0;
        for (const ProjectedColumn& column : projection) {
          const auto cell = content[row].rows[0].cells.find(column.id);
          alive += cell != content[row].rows[0].cells.end() && !cell->second.tombstone;
        }
        CHECK(single.batch().columns.size() == alive);
      }
    }
  }
}

// Goal: the same stream gives the same bytes. Method: two builders; batches of different sizes must not
// matter either.
TEST_CASE("block: deterministic") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    RowGenerator generator(seed);
    const Content content = generator.NextContent(400);
    const BlockLayout layout = BlockLayout::Of(generator.schema());
    const std::vector<BuiltBlock> one = BlocksOf(content, layout, generator.projection(), 0, 3);
    for (const uint32_t batch_rows : {3, 1000}) {
      const std::vector<BuiltBlock> two = BlocksOf(content, layout, generator.projection(), 0, batch_rows);
      REQUIRE(one.size() == two.size());
      for (size_t i = 0; i < one.size(); ++i) {
        CHECK(one[i].header == two[i].header);
        REQUIRE(one[i].sections.size() == two[i].sections.size());
        for (size_t s = 0; s < one[i].sections.size(); ++s) {
          CHECK(one[i].sections[s].payload == two[i].sections[s].payload);
        }
      }
    }
  }
}

// Goal: a builder refuses keys that are not of its table, and keeps those whole that are of it, but not made
// of its components. Method: keys written down, of a table of three columns.
TEST_CASE("block: a key of another table is refused") {
  Table table(TableSchema::Builder("t")
                  .PartitionKey("p", TypeKind::kInt)
                  .Clustering("a", TypeKind::kTinyint)
                  .Clustering("b", TypeKind::kInet)
                  .Clustering("c", TypeKind::kInet, ClusteringOrder::kDescending));
  using namespace std::string_literals;  // NOLINT
  const auto status_of = [&](const std::string& key) {
    Content content = {Partition("k")};
    ContentRow& row = content[0].rows.emplace_back();
    row.clustering = key;
    row.has_marker = true;
    row.marker_timestamp = 1;
    ScanSpec spec;
    spec.projection = &table.projection;
    const auto source = NewVectorSource(content, spec);
    const auto built = BuildBlocks(source.get(), table.layout, table.projection);
    if (!built.ok()) return built.status();
    const auto blocks = OpenBlocks(*built, table.layout);
    CHECK(Dump(ValueOf(ReadBlocks(blocks, table.layout, table.projection, BlockReader::Direction::kForward, 0,
                                  1))) == Dump(content));
    return absl::OkStatus();
  };
  for (const std::string& key :
       {"\x40\x81\x40z\0\x40z\xff\x38"s, "\x10"s, "\x3f\x40z\0\x40z\xff\x38"s, "\x41\x40z\0\x40z\xff\x38"s,
        "\x3f\x3f\x41\x38"s, "\x40\x81\x3f\x41\x38"s, "\x40\x81\x40z\0\x41\x38"s}) {
    INFO(HexDump(key));
    CHECK(status_of(key).ok());
  }
  for (const std::string& key :
       {""s, "\x38"s, "\x20"s, "\x60"s, "\x10\x38"s, "\x11"s,       // nothing; bounds; almost a static row
        "\x40\x81\x40z\0\x40z\xff\x38\x38"s,                        // a byte too many
        "\x3f\x3f\x41\x41\x38"s, "\x3f\x3f\x38"s,                   // a component too many, too few
        "\x3f\x41\x41\x38"s, "\x3f\x3f\x3f\x38"s,                   // the marker of the other order
        "\x3e\x3f\x41\x38"s, "\x3f\x3f\x41"s, "\x3f\x3f\x41\x60"s,  // another marker, another end
        "\x3f\x81\x3f\x41\x38"s, "\x40\x3f\x41\x38"s,             // bytes of an empty value; none of another
        "\x3f\x40z\x40z\xff\x38"s, "\x3f\x40z\0\x40z\0\x38"s}) {  // without terminator, with another
    INFO(HexDump(key));
    CHECK(absl::IsDataLoss(status_of(key)));
  }
}

// Goal: components whose end a block cannot see are kept as one string with all that follow. Method:
// composite key columns between others.
TEST_CASE("block layout: composite components are the rest of the key") {
  const DataType tuple = DataType::Tuple({TypeKind::kInt, TypeKind::kText});
  for (const DataType& type :
       {tuple, DataType::List(TypeKind::kInt).Frozen(), DataType::Set(TypeKind::kText).Frozen(),
        DataType::Vector(TypeKind::kFloat, 2), DataType::Map(TypeKind::kInt, TypeKind::kInt).Frozen(),
        DataType::UserType("u", {{"a", TypeKind::kInt}}).Frozen()}) {
    const BlockLayout layout =
        BlockLayout::Of(ValueOf(TableSchema::Builder("t")
                                    .PartitionKey("p", type)
                                    .Clustering("a", TypeKind::kInt)
                                    .Clustering("b", type, ClusteringOrder::kDescending)
                                    .Clustering("c", TypeKind::kText)
                                    .Build()));
    using Shape = ClusteringComponent::Shape;
    REQUIRE(layout.clustering.size() == 2);
    CHECK(layout.clustering[0] == ClusteringComponent{Shape::kFixed, 4});
    CHECK(layout.clustering[1] == ClusteringComponent{Shape::kRest, 0});
  }
}

// Goal: a layout survives its encoding; damaged ones are refused. Method: layouts of random schemas, cut off
// and changed.
TEST_CASE("block layout: encoding") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RowGenerator generator(seed);
    const BlockLayout layout = BlockLayout::Of(generator.schema());
    std::string bytes;
    layout.Encode(&bytes);
    CHECK(ValueOf(BlockLayout::Decode(bytes)) == layout);
    for (size_t size = 0; size < bytes.size(); ++size) {
      CHECK(absl::IsDataLoss(BlockLayout::Decode(bytes.substr(0, size)).status()));
    }
    CHECK(absl::IsDataLoss(BlockLayout::Decode(bytes + '\0').status()));
  }
  CHECK(absl::IsDataLoss(BlockLayout::Decode(std::string("\1\4\0\0", 4)).status()));
}

}  // namespace
}  // namespace stoa
