#include "sstable/zone_map.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <utility>
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
  // Goal: encoding and decoding change no zone, but for those of byte strings which are about as wide as all
  // of them together and come out as that. Method: random zones of blocks, of which some have none; each must
  // come out as it was or, of byte strings, as the range, and each value that went in match.
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
      ZoneView expected = zones.zones[next++].range.view();
      if (!is_word && zone.bytes_min == page->range().bytes_min && zone.bytes_max == page->range().bytes_max)
        expected = page->range();
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

TEST_CASE("a zone about as wide as the range is not kept", "[rule]") {
  // Goal: zones that would save nobody anything take no room, and are read as the range. Method: zones of
  // which one is the range but for little, one that but for a quarter, and one small; the bytes of the page
  // hold the ends of the last two alone.
  ColumnZones zones;
  const std::vector<std::pair<std::string, std::string>> ends = {
      {"key\x01", "key\xfe"}, {"key\x40", "key\xff"}, {"key\x30", "key\x31"}, {"key\x01", "key\xff"}};
  for (const auto& [min, max] : ends) {
    zones.zones.push_back({static_cast<uint32_t>(zones.zones.size()), 0, {}});
    zones.zones.back().range.Add(TypeKind::kText, ZoneView{ZoneState::kRange, 0, 0, min, max});
  }
  const std::string payload = EncodeZones(TypeKind::kText, zones, {5, 5, 5, 5});
  SSTableFixture fixture;
  auto writer = ValueOf(TableFileWriter::Create(fixture.directory(), "z", 1, 1, {}));
  const FileRange range =
      ValueOf(writer->AppendSection(SectionKind::kZones, payload, TableFileWriter::Compression::kNone));
  REQUIRE_OK(writer->Finish(range, range));
  const TableFile file(ValueOf(fixture.directory().OpenRead("z", {})), "z", 1, range.end() + kFooterBytes);
  DecompressorPool pool;
  const auto page = ValueOf(ZonePage::Load(file, range, TypeKind::kText, pool, nullptr));
  CHECK(payload.ends_with("key\x40key\xffkey\x30key\x31"));
  for (const uint32_t entry : {0, 3}) {
    CHECK(page->Zone(entry).state == ZoneState::kRange);
    CHECK(page->Zone(entry).bytes_min == "key\x01");
    CHECK(page->Zone(entry).bytes_max == "key\xff");
  }
  CHECK(page->Zone(1).bytes_min == "key\x40");
  CHECK(page->Zone(2).bytes_max == "key\x31");
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
