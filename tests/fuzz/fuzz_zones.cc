// Zone pages of word types and of others: what parses can be asked for every block, and an empty zone matches
// nothing.
#include "fuzz/fuzz_target.h"
#include "fuzz/memory_file.h"
#include "sstable/zone_map.h"

namespace stoa {
namespace {

constexpr TypeKind kKinds[] = {TypeKind::kBigint, TypeKind::kInt,  TypeKind::kDouble,
                               TypeKind::kFloat,  TypeKind::kText, TypeKind::kUuid};

void Ask(TypeKind kind, const ZonePage& page) {
  ColumnBounds everything, one;
  everything.is_word = one.is_word = page.is_word();
  one.word_low = one.word_high = 1;
  one.bytes_low = "m";
  one.bytes_high = "m";
  ZoneRange sum;
  for (uint32_t entry = 0; entry < page.entry_count(); ++entry) {
    const ZoneView zone = page.Zone(entry);
    const bool matches = MayMatch(kind, zone, everything);
    STOA_FUZZ_CHECK(zone.state != ZoneState::kNothing || !matches);
    (void)MayMatch(kind, zone, one);
    (void)page.NullCount(entry);
    sum.Add(kind, zone);
  }
  std::string encoded;
  sum.Encode(page.is_word(), &encoded);
  Decoder decoder(encoded);
  ZoneView decoded;
  STOA_FUZZ_CHECK(ReadZone(&decoder, page.is_word(), &decoded) && decoder.Done());
  STOA_FUZZ_CHECK(decoded.state == sum.state && decoded.word_min == sum.word_min &&
                  decoded.word_max == sum.word_max && decoded.bytes_min == sum.bytes_min &&
                  decoded.bytes_max == sum.bytes_max);
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  stoa::fuzz::Input input(data, size);
  const stoa::TypeKind kind = stoa::kKinds[input.Byte() % std::size(stoa::kKinds)];
  const stoa::fuzz::SectionFile section(stoa::SectionKind::kZones, input.rest());
  static stoa::DecompressorPool decompressors;
  const auto page = stoa::ZonePage::Load(section.file(), section.range(), kind, decompressors, nullptr);
  STOA_FUZZ_CHECK(page.ok() || absl::IsDataLoss(page.status()));
  if (page.ok()) stoa::Ask(kind, **page);
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (size_t i = 0; i < std::size(stoa::kKinds); ++i) {
    const stoa::TypeKind kind = stoa::kKinds[i];
    stoa::ColumnZones column;
    for (uint32_t entry = 0; entry < 6; entry += 2) {
      stoa::ColumnZones::Zone& zone = column.zones.emplace_back();
      zone.entry = entry;
      zone.null_count = entry;
      zone.range.state = entry == 4 ? stoa::ZoneState::kAnything : stoa::ZoneState::kRange;
      zone.range.word_min = entry;
      zone.range.word_max = entry + 1;
      if (!stoa::DataType(kind).is_word()) {
        zone.range.bytes_min = "a" + std::to_string(entry);
        zone.range.bytes_max = "b" + std::to_string(entry);
      }
    }
    seeds.push_back(std::string(1, static_cast<char>(i)) +
                    stoa::EncodeZones(kind, column, {9, 9, 9, 9, 9, 9}));
    column.zones.pop_back();
    seeds.push_back(std::string(1, static_cast<char>(i)) + stoa::EncodeZones(kind, column, {9, 9, 9}));
  }
  return seeds;
}
