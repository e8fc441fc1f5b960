#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "sstable/block_test_support.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/status.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

using namespace stoa::testing;  // NOLINT

const ColumnZone* ZoneOf(const BuiltBlock& block, ColumnId id) {
  for (const ColumnZone& zone : block.zones) {
    if (zone.id == id) return &zone;
  }
  return nullptr;
}

double Number(TypeKind kind, int64_t bits) {
  return kind == TypeKind::kDouble ? std::bit_cast<double>(bits)
                                   : static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
}

/// Byte strings are kept as far as the least and the greatest begin alike and four bytes more, at most 32.
void CheckBytesEnds(const ColumnZone& zone, const std::string& low, const std::string& high) {
  const auto alike = std::mismatch(low.begin(), low.end(), high.begin(), high.end()).first - low.begin();
  const size_t bytes = std::min<size_t>(static_cast<size_t>(alike) + 4, 32);
  CHECK(zone.bytes_min == low.substr(0, bytes));
  if (high.size() <= bytes) {
    CHECK(zone.bytes_max == high);
    return;
  }
  CHECK(zone.bytes_max.size() <= 32);
  std::string before = zone.bytes_max;
  REQUIRE_FALSE(before.empty());
  --before.back();
  CHECK(high.starts_with(before));
}

/// Every live value of the column lies in the zone, the nulls are counted, and the zone is as narrow as it
/// may be.
void CheckZone(const ColumnZone* zone, TypeKind kind, const std::vector<const ContentCell*>& cells,
               size_t rows) {
  std::vector<const ContentCell*> live;
  for (const ContentCell* cell : cells) {
    if (!cell->tombstone) live.push_back(cell);
  }
  if (cells.empty()) {
    REQUIRE(zone == nullptr);
    return;
  }
  REQUIRE(zone != nullptr);
  CHECK(zone->null_count == rows - live.size());
  if (live.empty()) return;
  const bool is_word = DataType(kind).is_word();
  const bool number = kind == TypeKind::kDouble || kind == TypeKind::kFloat;
  bool known = true;
  bool low_met = false;
  bool high_met = false;
  std::string low;
  std::string high;
  for (const ContentCell* cell : live) {
    const auto ordered = WordToOrdered(kind, cell->word);
    if (is_word && (cell->empty || (number && std::isnan(Number(kind, ordered))))) known = false;
    if (is_word && number) {
      CHECK((!zone->known || Number(kind, zone->word_min) <= Number(kind, ordered)));
      CHECK((!zone->known || Number(kind, zone->word_max) >= Number(kind, ordered)));
      low_met |= Number(kind, zone->word_min) == Number(kind, ordered);
      high_met |= Number(kind, zone->word_max) == Number(kind, ordered);
    } else if (is_word) {
      CHECK((!zone->known || zone->word_min <= ordered));
      CHECK((!zone->known || zone->word_max >= ordered));
      low_met |= zone->word_min == ordered;
      high_met |= zone->word_max == ordered;
    } else {
      const std::string value = cell->known_bytes();
      CHECK((!zone->known || zone->bytes_min <= value));
      CHECK((!zone->known || zone->bytes_max >= value));
      if (!low_met || value < low) low = value;
      if (!high_met || value > high) high = value;
      low_met = high_met = true;
    }
  }
  if (is_word) {
    CHECK(zone->known == known);
  } else if (zone->known) {
    CheckBytesEnds(*zone, low, high);
  }
  if (!zone->known) return;
  CHECK(low_met);
  CHECK(high_met);
}

// Goal: zones are the bounds of what rows hold. Method: random streams in one block; brute force over their
// content.
TEST_CASE("block zones: as brute force") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    RowGenerator generator(seed);
    const Content content = generator.NextContent(static_cast<uint32_t>(1 + seed * 3));
    const BlockLayout layout = BlockLayout::Of(generator.schema());
    const std::vector<BuiltBlock> built = BlocksOf(content, layout, generator.projection(), seed, 10);
    REQUIRE(built.size() <= 1);
    for (const Column& column : generator.schema().regular()) {
      std::vector<const ContentCell*> cells;
      for (const ContentPartition& partition : content) {
        for (const ContentRow& row : partition.rows) {
          const auto cell = row.cells.find(column.id);
          if (cell != row.cells.end()) cells.push_back(&cell->second);
        }
      }
      if (!built.empty())
        CheckZone(ZoneOf(built[0], column.id), column.type.kind(), cells, RowCount(content));
    }
  }
}

/// The zone of one column of `kind` with these cells.
ColumnZone ZoneOfCells(TypeKind kind, const std::vector<ContentCell>& cells) {
  const Table table(TableSchema::Builder("t")
                        .PartitionKey("p", TypeKind::kInt)
                        .Clustering("c", TypeKind::kInt)
                        .Regular("v", kind));
  Content content = {Partition("k")};
  std::vector<const ContentCell*> pointers;
  for (size_t i = 0; i < cells.size(); ++i) {
    ContentRow row = table.Row({static_cast<int64_t>(i)}, 1);
    row.cells[table.Id("v")] = cells[i];
    content[0].rows.push_back(row);
    pointers.push_back(&cells[i]);
  }
  const std::vector<BuiltBlock> built = BlocksOf(content, table.layout, table.projection, 0, 100);
  REQUIRE(built.size() == 1);
  CheckZone(ZoneOf(built[0], table.Id("v")), kind, pointers, cells.size());
  return *ZoneOf(built[0], table.Id("v"));
}

uint64_t Bits(double number) { return std::bit_cast<uint64_t>(number); }

// Goal: what numbers and strings make difficult. Method: NaN, both zeros, infinities, negative integers,
// dates before 1970, long strings of FF, empty values.
TEST_CASE("block zones: difficult values") {
  CHECK_FALSE(ZoneOfCells(TypeKind::kDouble, {WordCell(Bits(1), 1), WordCell(Bits(std::nan("")), 1)}).known);
  const ColumnZone zero = ZoneOfCells(TypeKind::kDouble, {WordCell(Bits(0.0), 1)});
  CHECK(std::signbit(Number(TypeKind::kDouble, zero.word_min)));
  CHECK_FALSE(std::signbit(Number(TypeKind::kDouble, zero.word_max)));
  const ColumnZone minus_zero =
      ZoneOfCells(TypeKind::kDouble, {WordCell(Bits(-3), 1), WordCell(Bits(-0.0), 1)});
  CHECK(Number(TypeKind::kDouble, minus_zero.word_min) == -3);
  CHECK_FALSE(std::signbit(Number(TypeKind::kDouble, minus_zero.word_max)));
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(Number(TypeKind::kDouble, ZoneOfCells(TypeKind::kDouble, {WordCell(Bits(-infinity), 1)}).word_max) ==
        -infinity);
  const ColumnZone floats = ZoneOfCells(TypeKind::kFloat, {WordCell(std::bit_cast<uint32_t>(-1.5f), 1),
                                                           WordCell(std::bit_cast<uint32_t>(2.5f), 1)});
  CHECK(Number(TypeKind::kFloat, floats.word_min) == -1.5);
  CHECK(Number(TypeKind::kFloat, floats.word_max) == 2.5);

  const ColumnZone integers = ZoneOfCells(TypeKind::kInt, {WordCell(0xffffffff, 1), WordCell(5, 1)});
  CHECK(integers.word_min == -1);
  CHECK(integers.word_max == 5);
  const ColumnZone dates = ZoneOfCells(TypeKind::kDate, {WordCell(0x7fffffff, 1), WordCell(0x80000001, 1)});
  CHECK(dates.word_min == -1);
  CHECK(dates.word_max == 1);
  ContentCell empty_word;
  empty_word.empty = true;
  CHECK_FALSE(ZoneOfCells(TypeKind::kInt, {empty_word, WordCell(5, 1)}).known);

  const ColumnZone text =
      ZoneOfCells(TypeKind::kText, {BytesCell("", 1), BytesCell(std::string(40, 'z'), 1)});
  CHECK(text.bytes_min.empty());
  CHECK(text.bytes_max == "zzz{");
  const ColumnZone alike =
      ZoneOfCells(TypeKind::kText, {BytesCell(std::string(40, 'z'), 1), BytesCell(std::string(41, 'z'), 1)});
  CHECK(alike.bytes_min == std::string(32, 'z'));
  CHECK(alike.bytes_max == std::string(31, 'z') + '{');
  const ColumnZone apart =
      ZoneOfCells(TypeKind::kText, {BytesCell("flight 17 to Ely", 1), BytesCell("flight 230 to Ely", 1)});
  CHECK(apart.bytes_min == "flight 17 t");
  CHECK(apart.bytes_max == "flight 230!");
  const ColumnZone ends =
      ZoneOfCells(TypeKind::kBlob,
                  {BytesCell("a", 1), BytesCell(std::string(8, '\xff') + "b" + std::string(40, 'c'), 1)});
  CHECK(ends.bytes_max == std::string(8, '\xff') + "b" + std::string(22, 'c') + "d");
  const ColumnZone rounded = ZoneOfCells(TypeKind::kBlob, {BytesCell("a" + std::string(40, '\xff'), 1)});
  CHECK(rounded.bytes_min == "a" + std::string(31, '\xff'));
  CHECK(rounded.bytes_max == "b");
  CHECK_FALSE(ZoneOfCells(TypeKind::kBlob, {BytesCell(std::string(40, '\xff'), 1)}).known);
  CHECK(ZoneOfCells(TypeKind::kBlob, {BytesCell(std::string(32, '\xff'), 1)}).known);

  ContentCell tombstone;
  tombstone.tombstone = true;
  tombstone.expiry = 7;
  CHECK(ZoneOfCells(TypeKind::kInt, {tombstone, tombstone}).null_count == 2);
  CHECK(ZoneOfCells(TypeKind::kInt, {tombstone, WordCell(9, 1), tombstone}).word_min == 9);
}

void AddTimes(const ContentCell& cell, TimeBounds* times) {
  const auto add = [&](const auto& part) {
    if (part.tombstone) {
      times->AddDeletion({part.timestamp, part.expiry});
    } else {
      times->AddWrite(part.timestamp, part.expiry);
    }
  };
  if (!cell.complex) return add(cell);
  times->AddDeletion(cell.inside.deletion);
  for (const auto& [path, element] : cell.inside.elements) add(element);
  for (const ContentDelta& delta : cell.inside.deltas) {
    times->AddWrite(delta.min_timestamp, kNoExpiry);
    times->AddWrite(delta.max_timestamp, kNoExpiry);
  }
}

// Goal: time bounds cover every timestamp and local time in the block, and flags say what is there. Method:
// random streams; bounds added up from their content.
TEST_CASE("block times: as brute force") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    GeneratorOptions options;
    options.deletion_percent = seed % 3 == 0 ? 0 : 25;
    options.ttl_percent = seed % 2 == 0 ? 0 : 15;
    RowGenerator generator(seed, options);
    const Content content = generator.NextContent(static_cast<uint32_t>(1 + seed));
    const BlockLayout layout = BlockLayout::Of(generator.schema());
    const std::vector<BuiltBlock> built = BlocksOf(content, layout, generator.projection(), seed, 10);
    if (built.empty()) continue;
    TimeBounds expected;
    for (const ContentPartition& partition : content) {
      expected.AddDeletion(partition.deletion);
      for (const ContentRange& range : partition.ranges) expected.AddDeletion(range.deletion);
      for (const ContentRow& row : partition.rows) {
        expected.AddDeletion(row.deletion);
        if (row.has_marker) expected.AddWrite(row.marker_timestamp, row.marker_expiry);
        for (const auto& [id, cell] : row.cells) AddTimes(cell, &expected);
      }
    }
    const TimeBounds& times = built[0].times;
    CHECK(times.min_timestamp == expected.min_timestamp);
    CHECK(times.max_timestamp == expected.max_timestamp);
    CHECK(times.min_local_time == expected.min_local_time);
    CHECK(times.max_local_time >= expected.max_local_time);
    CHECK(times.has_tombstones == expected.has_tombstones);
    CHECK(times.has_expiring == expected.has_expiring);
  }
}

}  // namespace
}  // namespace stoa
