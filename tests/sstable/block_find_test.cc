#include <algorithm>
#include <string>
#include <vector>

#include "data/batch_builder.h"
#include "data/row_merger.h"
#include "io/random.h"
#include "schema/keys.h"
#include "sstable/block_test_support.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/status.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

using namespace stoa::testing;  // NOLINT
using Direction = BlockReader::Direction;

/// The rows of a block as positions, by way of a batch.
std::vector<Position> RowPositions(MemoryBlock* block, const Table& table) {
  BlockReader reader(&table.layout, &table.projection);
  RowBatch batch;
  REQUIRE_OK(reader.Open(&block->header, block));
  REQUIRE_OK(reader.Batch(0, block->header.row_count, Direction::kForward, &batch));
  REQUIRE_OK(batch.EnsureKeys());
  std::vector<Position> positions;
  for (uint32_t row = 0; row < batch.end; ++row) {
    const PartitionRun& run = batch.runs[batch.RunOf(row)];
    positions.emplace_back(PositionView{run.token, run.key, batch.clustering[row]});
  }
  return positions;
}

/// Near a row: at it, cut short, with a byte changed or added; in its partition or one near it.
Position NearRow(const Position& row, Random* random) {
  Position near = row;
  const auto size = near.clustering.size();
  switch (random->Uniform(6)) {
    case 0:
      near.clustering.resize(random->Uniform(size + 1));
      break;
    case 1:
      near.clustering.resize(random->Uniform(size + 1));
      near.clustering.push_back(random->OneIn(2) ? '\x20' : '\x60');
      break;
    case 2:
      near.clustering[random->Uniform(size)] = static_cast<char>(random->Next());
      break;
    case 3:
      near.clustering.insert(random->Uniform(size + 1), 1, static_cast<char>(random->OneIn(2) ? 0 : 0xff));
      break;
    default:
      break;
  }
  if (random->OneIn(10)) near.key.push_back('\0');
  if (random->OneIn(10)) near = Position(PositionView{near.token + random->Uniform(3) - 1, {}, {}});
  if (random->OneIn(20)) near = Position(PositionView{random->Next(), {}, {}});
  return near;
}

Value RandomKeyValue(const DataType& type, Random* random, std::string* storage) {
  const auto small = static_cast<int64_t>(random->Uniform(20));
  switch (type.kind()) {
    case TypeKind::kText:
      *storage =
          random->OneIn(2) ? "common/prefix/" + std::to_string(small) : std::string(random->Uniform(4), 'a');
      return Value(std::string_view(*storage));
    case TypeKind::kBlob:
      storage->clear();
      for (uint64_t i = random->Uniform(5); i > 0; --i)
        storage->push_back(static_cast<char>(random->OneIn(2) ? 0 : 0xff));
      return Value::Bytes(*storage);
    case TypeKind::kVarint:
      *storage = RandomBytes(random, 1 + random->Uniform(3));
      return Value::Bytes(*storage);
    case TypeKind::kUuid: {
      Uuid uuid{};
      uuid.bytes[0] = static_cast<uint8_t>(small % 3);
      uuid.bytes[15] = static_cast<uint8_t>(random->Next());
      return Value(uuid);
    }
    case TypeKind::kTimestamp:
      return Value(
          Timestamp{1'000'000'000'000 + small * 60'000 * static_cast<int64_t>(1 + random->Uniform(50))});
    case TypeKind::kDouble:
      return Value(static_cast<double>(small) / 4);
    default:
      return Value(small);
  }
}

/// A key that does not consist of the components of the table: of a static row, or with empty components
/// in the place of some of `regular`.
std::string IrregularKey(const Table& table, const Values& regular, Random* random) {
  if (random->OneIn(3)) return std::string(1, kStaticRowKey);
  const std::vector<Column>& columns = table.schema.clustering();
  std::string key;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i == 0 || random->OneIn(2)) {
      key.push_back(EmptyMarker(columns[i].order));
      continue;
    }
    key.push_back(kComponentMarker);
    REQUIRE_OK(AppendComparable(columns[i].type, columns[i].order, regular[i], &key));
  }
  return key + kRowEnd;
}

Content RandomRows(const Table& table, int partitions, uint64_t rows, bool irregular, Random* random) {
  Content content;
  for (int p = 0; p < partitions; ++p) {
    content.push_back(Partition("partition " + std::to_string(p)));
    for (uint64_t i = random->Uniform(rows); i > 0 || content.back().rows.empty(); i -= i > 0 ? 1 : 0) {
      std::vector<Value> values;
      std::vector<std::string> storage(table.schema.clustering().size());
      for (size_t c = 0; c < storage.size(); ++c) {
        values.push_back(RandomKeyValue(table.schema.clustering()[c].type, random, &storage[c]));
      }
      content.back().rows.push_back(table.Row(values, 5));
      if (irregular && random->OneIn(6))
        content.back().rows.back().clustering = IrregularKey(table, values, random);
    }
  }
  SortPartitions(&content);
  return Normalized(content);
}

// Goal: Find gives what a linear search gives, for keys of all shapes and for any bytes as a position.
// Method: tables whose clustering columns go through all shapes and orders; positions at, between, before and
// after the rows, and damaged ones.
TEST_CASE("block find: as a linear search") {
  constexpr auto kUp = ClusteringOrder::kAscending;
  constexpr auto kDown = ClusteringOrder::kDescending;
  using Key = std::vector<std::pair<TypeKind, ClusteringOrder>>;
  const std::vector<Key> keys = {
      {{TypeKind::kTimestamp, kDown}, {TypeKind::kText, kUp}, {TypeKind::kInt, kUp}},
      {{TypeKind::kText, kDown}, {TypeKind::kTimestamp, kDown}},
      {{TypeKind::kBlob, kUp}, {TypeKind::kBlob, kDown}, {TypeKind::kTinyint, kUp}},
      {{TypeKind::kUuid, kUp}, {TypeKind::kSmallint, kDown}},
      {{TypeKind::kVarint, kUp}},
      {{TypeKind::kInt, kUp}, {TypeKind::kVarint, kDown}, {TypeKind::kText, kUp}},
      {{TypeKind::kDouble, kDown}, {TypeKind::kUuid, kDown}},
      {{TypeKind::kInt, kUp}},
      {}};
  for (size_t k = 0; k < keys.size(); ++k) {
    TableSchema::Builder builder("t");
    builder.PartitionKey("p", TypeKind::kText).Regular("v", TypeKind::kInt);
    for (size_t c = 0; c < keys[k].size(); ++c) {
      builder.Clustering("c" + std::to_string(c), keys[k][c].first, keys[k][c].second);
    }
    const Table table(builder);
    for (uint64_t seed = 1; seed <= 18; ++seed) {
      INFO("key " << k << " seed " << seed);
      Random random(seed);
      const int partitions = static_cast<int>(1 + random.Uniform(seed % 3 == 0 ? 60 : 3));
      const bool irregular = seed > 8;
      const Content content = RandomRows(table, partitions, seed % 4 == 0 ? 2000 : 30, irregular, &random);
      const auto blocks =
          OpenBlocks(BlocksOf(content, table.layout, table.projection, 0, 4096), table.layout);
      for (const auto& block : blocks) {
        const std::vector<Position> rows = RowPositions(block.get(), table);
        BlockReader reader(&table.layout, &table.projection);
        REQUIRE_OK(reader.Open(&block->header, block.get()));
        for (int probe = 0; probe < 300; ++probe) {
          const Position position = NearRow(rows[random.Uniform(rows.size())], &random);
          const auto expected = std::find_if(
              rows.begin(), rows.end(), [&](const Position& row) { return row.view() >= position.view(); });
          const auto found = ValueOf(reader.Find(position));
          REQUIRE(found.row == static_cast<uint32_t>(expected - rows.begin()));
          REQUIRE(found.exact == (expected != rows.end() && expected->view() == position.view()));
          const bool in_block = std::any_of(rows.begin(), rows.end(), [&](const Position& row) {
            return row.view().SamePartition(position.view());
          });
          REQUIRE((found.run >= 0) == in_block);
          REQUIRE(ValueOf(reader.FindRun(position.token, position.key)) == found.run);
        }
      }
    }
  }
}

std::string EmitRow(RowMerger& merger, std::string_view clustering, BatchBuilder* builder) {
  builder->Clear();
  builder->StartRun(1, "k", {}, true);
  merger.Emit(clustering, builder);
  const Projection& projection = merger.projection();
  ScanSpec spec;
  spec.projection = &projection;
  ContentCollector collector(spec);
  REQUIRE_OK(collector.Add(builder->Finish()));
  return Dump(collector.Finish());
}

// Goal: a point read finds what a scan finds, and the deletions that cover a place, with a row there or not.
// Method: random streams with deletions; each row through AddRow and through its batch; OpenDeletionAt
// against the list of ranges.
TEST_CASE("block point read: as a scan") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions options;
    options.rows_per_partition = seed % 2 == 0 ? 100 : 10;
    options.partitions = 6;
    RowGenerator generator(seed, options);
    const BlockLayout layout = BlockLayout::Of(generator.schema());
    const Content content = generator.NextContent(600);
    const auto blocks = OpenBlocks(BlocksOf(content, layout, generator.projection(), seed, 20), layout);
    REQUIRE(blocks.size() == 1);
    const Projection projection = RandomProjection(generator.schema(), &generator.random());
    RowMerger from_row(&projection);
    RowMerger from_batch(&projection);
    BatchBuilder builder(&projection);
    BlockReader reader(&layout, &projection);
    BlockReader scan(&layout, &projection);
    for (const auto& block : blocks) {
      REQUIRE_OK(reader.Open(&block->header, block.get()));
      REQUIRE_OK(scan.Open(&block->header, block.get()));
      RowBatch batch;
      REQUIRE_OK(scan.Batch(0, block->header.row_count, Direction::kForward, &batch));
      if (batch.end > 0) REQUIRE_OK(batch.EnsureAll());
      for (uint32_t row = 0; row < batch.end; ++row) {
        const auto run = static_cast<int>(batch.RunOf(row));
        from_row.Start();
        from_batch.Start();
        REQUIRE_OK(reader.AddRow(row, &from_row));
        from_batch.AddRow(batch, row);
        REQUIRE(EmitRow(from_row, "k", &builder) == EmitRow(from_batch, "k", &builder));
        const auto range = ValueOf(reader.RunRows(run));
        REQUIRE((range.begin <= row && row < range.end));
      }
      for (int probe = 0; probe < 50; ++probe) {
        const Position place = RandomPosition(generator.schema(), content, &generator.random());
        const int run = ValueOf(reader.FindRun(place.token, place.key));
        if (run < 0 || place.clustering.empty()) continue;
        const ContentPartition& partition = *std::find_if(
            content.begin(), content.end(), [&](const ContentPartition& p) { return p.key == place.key; });
        DeletionTime expected;
        for (const ContentRange& range : partition.ranges) {
          if (range.start <= place.clustering && place.clustering < range.end) expected = range.deletion;
        }
        REQUIRE(ValueOf(reader.OpenDeletionAt(run, place.clustering)) == expected);
        const auto timestamp = static_cast<int64_t>(generator.random().Uniform(35));
        from_row.Start();
        from_row.AddMarker(timestamp, kNoExpiry);
        REQUIRE_OK(reader.AddCoveringDeletions(run, place.clustering, &from_row));
        REQUIRE(from_row.HasContent() ==
                (!partition.deletion.Shadows(timestamp) && !expected.Shadows(timestamp)));
      }
    }
  }
}

}  // namespace
}  // namespace stoa
