#include "sstable/zone_map.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "sstable/sstable_fixture.h"
#include "support/catch.h"
#include "types/value_codec.h"

namespace stoa::testing {
namespace {

ZoneView WordZone(int64_t min, int64_t max) { return ZoneView{ZoneState::kRange, min, max, {}, {}}; }
ZoneView DoubleZone(double min, double max) {
  return WordZone(std::bit_cast<int64_t>(min), std::bit_cast<int64_t>(max));
}
int64_t FloatWord(float value) { return int64_t{std::bit_cast<uint32_t>(value)}; }
ColumnBounds WordBounds(int64_t low, int64_t high) {
  ColumnBounds bounds;
  bounds.word_low = low;
  bounds.word_high = high;
  return bounds;
}
ColumnBounds DoubleBounds(double low, double high) {
  return WordBounds(std::bit_cast<int64_t>(low), std::bit_cast<int64_t>(high));
}
ColumnBounds BytesBounds(std::string_view low, std::optional<std::string_view> high) {
  ColumnBounds bounds;
  bounds.is_word = false;
  bounds.bytes_low = low;
  bounds.bytes_high = high;
  return bounds;
}

TEST_CASE("a zone matches what it may hold") {
  // Goal: the order of each kind of type, at its edges. Method: literal cases.
  const TypeKind kInt = TypeKind::kInt;
  CHECK(MayMatch(kInt, WordZone(-5, 5), WordBounds(5, 9)));
  CHECK(MayMatch(kInt, WordZone(-5, 5), WordBounds(-9, -5)));
  CHECK(!MayMatch(kInt, WordZone(-5, 5), WordBounds(6, 9)));
  CHECK(!MayMatch(kInt, WordZone(-5, 5), WordBounds(-9, -6)));
  CHECK(!MayMatch(kInt, ZoneView{}, WordBounds(0, 0)));
  CHECK(MayMatch(kInt, ZoneView{ZoneState::kAnything, 0, 0, {}, {}}, WordBounds(77, 77)));

  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(MayMatch(TypeKind::kDouble, DoubleZone(-2, -1), DoubleBounds(-1.5, infinity)));
  CHECK(!MayMatch(TypeKind::kDouble, DoubleZone(-2, -1), DoubleBounds(-0.5, infinity)));
  CHECK(!MayMatch(TypeKind::kDouble, DoubleZone(-2, -1), DoubleBounds(-infinity, -3)));
  CHECK(MayMatch(TypeKind::kDouble, DoubleZone(-0.0, -0.0), DoubleBounds(0.0, 0.0)));
  CHECK(MayMatch(TypeKind::kDouble, DoubleZone(0.0, 0.0), DoubleBounds(-0.0, -0.0)));
  CHECK(MayMatch(TypeKind::kFloat, WordZone(FloatWord(-2), FloatWord(3)),
                 WordBounds(FloatWord(-1), FloatWord(0))));
  CHECK(!MayMatch(TypeKind::kFloat, WordZone(FloatWord(-2), FloatWord(3)),
                  WordBounds(FloatWord(4), FloatWord(5))));

  const ZoneView text{ZoneState::kRange, 0, 0, "b", "d"};
  CHECK(MayMatch(TypeKind::kText, text, BytesBounds("c", "c")));
  CHECK(MayMatch(TypeKind::kText, text, BytesBounds("", "b")));
  CHECK(!MayMatch(TypeKind::kText, text, BytesBounds("", "a")));
  CHECK(!MayMatch(TypeKind::kText, text, BytesBounds("da", std::nullopt)));
  CHECK(MayMatch(TypeKind::kText, text, WordBounds(0, 0)));  // cannot tell
}

TEST_CASE("zone pages give the zones that went in") {
  // Goal: encoding and decoding change no zone. Method: random zones of blocks, of which some have none; each
  // must come out as it was, and each value that went in match.
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    const TypeKind kind =
        std::vector{TypeKind::kBigint, TypeKind::kDouble, TypeKind::kText}[random.Uniform(3)];
    const bool is_word = kind != TypeKind::kText;
    const auto value = [&] {
      const int64_t number = static_cast<int64_t>(random.Uniform(1000)) - 500;
      return kind == TypeKind::kDouble ? std::bit_cast<int64_t>(static_cast<double>(number)) : number;
    };
    std::vector<uint32_t> rows;
    std::vector<ColumnBounds> inside;
    std::vector<std::string> texts(200);
    ColumnZones zones;
    const uint32_t entries = 1 + static_cast<uint32_t>(random.Uniform(50));
    for (uint32_t entry = 0; entry < entries; ++entry) {
      rows.push_back(10);
      inside.push_back({});
      if (random.OneIn(4)) continue;
      ColumnZones::Zone zone{entry, static_cast<uint32_t>(random.Uniform(5)), {}};
      if (is_word) {
        inside.back() = WordBounds(value(), value());
        inside.back().word_high = inside.back().word_low;
        zone.range.Add(kind, WordZone(inside.back().word_low, inside.back().word_low));
        const int64_t other = value();
        zone.range.Add(kind, WordZone(other, other));
      } else {
        texts[entry] = std::to_string(random.Uniform(100000));
        inside.back() = BytesBounds(texts[entry], texts[entry]);
        zone.range.Add(kind, ZoneView{ZoneState::kRange, 0, 0, texts[entry], texts[entry]});
        zone.range.Add(kind, ZoneView{ZoneState::kRange, 0, 0, "3", "3"});
      }
      if (random.OneIn(10)) zone.range.Add(kind, ZoneView{ZoneState::kAnything, 0, 0, {}, {}});
      zones.zones.push_back(zone);
    }
    const std::string payload = EncodeZones(kind, zones, rows);
    SSTableFixture fixture;
    auto writer = ValueOf(TableFileWriter::Create(fixture.directory(), "z", 1, 1, {}));
    const FileRange range = ValueOf(
        writer->AppendSection(SectionKind::kZones, payload, TableFileWriter::Compression::kIfSmaller));
    REQUIRE_OK(writer->Finish(range, range));
    const TableFile file(ValueOf(fixture.directory().OpenRead("z", {})), "z", 1, range.end() + kFooterBytes);
    DecompressorPool pool;
    const auto page = ValueOf(ZonePage::Load(file, range, kind, pool, nullptr));
    REQUIRE(page->entry_count() == entries);
    size_t next = 0;
    for (uint32_t entry = 0; entry < entries; ++entry) {
      const bool listed = next < zones.zones.size() && zones.zones[next].entry == entry;
      CHECK(page->NullCount(entry) == (listed ? zones.zones[next].null_count : 10));
      if (!listed) {
        CHECK(page->Zone(entry).state == ZoneState::kNothing);
        continue;
      }
      const ZoneView zone = page->Zone(entry);
      const ZoneView expected = zones.zones[next++].range.view();
      CHECK(page->IsExact(entry));
      CHECK(zone.state == expected.state);
      if (zone.state == ZoneState::kRange) {
        CHECK(zone.word_min == expected.word_min);
        CHECK(zone.word_max == expected.word_max);
        CHECK(zone.bytes_min == expected.bytes_min);
        CHECK(zone.bytes_max == expected.bytes_max);
      }
      CHECK(MayMatch(kind, zone, inside[entry]));
      CHECK(MayMatch(kind, page->range(), inside[entry]));
    }
  }
}

TEST_CASE("a zone that was not kept is known to be none", "[rule]") {
  // Goal: who wants the zone of a block for another file is told that the page has only a wider one, as pages
  // of earlier versions do. Method: such a page.
  ColumnZones zones;
  for (const uint32_t entry : {0, 1}) {
    zones.zones.push_back({entry, 0, {}});
    zones.zones.back().range.Add(TypeKind::kInt, WordZone(0, 10 - static_cast<int64_t>(entry)));
  }
  std::string payload = EncodeZones(TypeKind::kInt, zones, {5, 5});
  constexpr size_t kStatesAt = 4 + 1 + 8 + 8;
  REQUIRE(payload[kStatesAt + 1] == static_cast<char>(ZoneState::kRange));
  payload[kStatesAt + 1] = static_cast<char>(ZoneState::kAnything);
  SSTableFixture fixture;
  auto writer = ValueOf(TableFileWriter::Create(fixture.directory(), "z", 1, 1, {}));
  const FileRange range =
      ValueOf(writer->AppendSection(SectionKind::kZones, payload, TableFileWriter::Compression::kNone));
  REQUIRE_OK(writer->Finish(range, range));
  const TableFile file(ValueOf(fixture.directory().OpenRead("z", {})), "z", 1, range.end() + kFooterBytes);
  DecompressorPool pool;
  const auto page = ValueOf(ZonePage::Load(file, range, TypeKind::kInt, pool, nullptr));
  CHECK(page->IsExact(0));
  CHECK(!page->IsExact(1));
  CHECK(page->Zone(1).word_max == 10);
}

TEST_CASE("NextPossibleMatch skips blocks and never a match") {
  // Goal: skipping by zones loses nothing, and does skip. Method: a file whose values grow with the position,
  // and one of random content; every answer is compared with a search through all rows.
  const TableSchema schema = SimpleSchema();
  const Projection projection = FullProjection(schema);
  const Content content = SimpleContent(40, 25);
  SSTableFixture fixture;
  const std::shared_ptr<SSTable> sstable = fixture.Make(schema, content, SmallBlocks(1, 600, 400));
  ScanSpec spec;
  spec.projection = &projection;
  const std::unique_ptr<RowSource> source = sstable->NewSource(spec, nullptr);
  const ColumnId value_id = schema.FindColumn("value")->id;
  for (size_t index = 0; index < projection.size(); ++index) {
    for (int64_t wanted = -5; wanted < 1010; wanted += 7) {
      ColumnBounds bounds = WordBounds(wanted, wanted + 1);
      const std::string text = "text " + std::to_string(wanted);
      if (projection[index].id != value_id) bounds = BytesBounds(text, text);
      bounds.index = static_cast<uint32_t>(index);
      for (const size_t from : {size_t{0}, size_t{7}, size_t{30}}) {
        const Position start(PositionView{content[from].token, content[from].key, {}});
        const std::optional<Position> found = ValueOf(source->NextPossibleMatch(bounds, start));
        if (found.has_value()) REQUIRE(*found >= start);
        std::optional<Position> first_match;
        int64_t value = static_cast<int64_t>(from) * 25;
        for (size_t p = from; p < content.size() && !first_match; ++p) {
          for (const ContentRow& row : content[p].rows) {
            const bool matches =
                projection[index].id == value_id ? value == wanted || value == wanted + 1 : value == wanted;
            if (matches)
              first_match = Position(PositionView{content[p].token, content[p].key, row.clustering});
            if (matches) break;
            ++value;
          }
        }
        if (first_match.has_value()) {
          REQUIRE(found.has_value());
          REQUIRE(*found <= *first_match);
          // Values ascend, so that skipping leads to the block of the match.
          if (projection[index].id == value_id && wanted > static_cast<int64_t>(from) * 25 + 300)
            REQUIRE(*found > start);
        } else if (projection[index].id == value_id &&
                   (wanted + 1 < 0 || wanted > 999 || wanted + 1 < static_cast<int64_t>(from) * 25 - 300)) {
          // Nearer to the start, the block where it lies may hold such a value before it.
          REQUIRE(!found.has_value());
        }
      }
    }
  }
  // A column that the file does not have, as one that was added later, matches nothing.
  const Projection unknown = {ProjectedColumn{77, 8}};
  spec.projection = &unknown;
  const std::unique_ptr<RowSource> other = sstable->NewSource(spec, nullptr);
  CHECK(!ValueOf(other->NextPossibleMatch(WordBounds(0, 5), PositionView{})).has_value());
}

}  // namespace
}  // namespace stoa::testing
