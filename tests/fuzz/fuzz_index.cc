// Pages of the block index: the root, and those of extents with the directory behind them. Whatever parses
// can be looked through everywhere.
#include "fuzz/fuzz_target.h"
#include "fuzz/memory_file.h"
#include "fuzz/small_database.h"
#include "sstable/extent.h"

namespace stoa {
namespace {

void LookThrough(const IndexPage& page) {
  const auto entries = static_cast<int64_t>(page.entry_count());
  Position place;
  const auto find = [&] {
    const int64_t found = page.FindLast(place);
    STOA_FUZZ_CHECK(found >= -1 && found < entries);
  };
  find();
  bool ascending = true;
  for (uint32_t entry = 0; entry < page.entry_count(); ++entry) {
    const PositionView separator = page.Separator(entry);
    ascending = ascending && (entry == 0 || place < separator);
    place = Position(separator);
    find();
    if (ascending && entry == 0) STOA_FUZZ_CHECK(page.FindLast(separator) >= 0);
    place.key += '\0';
    find();
    place = Position(separator);
    BlockIndexEntry total;
    total.AddTotals(page.Entry(entry));
    STOA_FUZZ_CHECK(total.flags == page.Entry(entry).flags);
    (void)page.OpenAt(entry).live();
  }
  (void)page.OpenAt(page.entry_count()).live();
  if (!ascending) return;
  for (uint32_t entry = 0; entry < page.entry_count(); ++entry) {
    STOA_FUZZ_CHECK(page.FindLast(page.Separator(entry)) == int64_t{entry});
  }
}

}  // namespace
}  // namespace stoa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  stoa::IndexPage root;
  std::string_view rest = payload;
  const absl::Status parsed = root.Parse(&rest);
  STOA_FUZZ_CHECK(parsed.ok() || absl::IsDataLoss(parsed));
  if (parsed.ok()) stoa::LookThrough(root);

  static stoa::BlockCache cache(1 << 20);
  const stoa::fuzz::SectionFile section(stoa::SectionKind::kIndexPage, payload);
  const auto extent = stoa::Extent::Load(section.file(), section.range(), &cache, nullptr);
  STOA_FUZZ_CHECK(extent.ok() ? parsed.ok() : absl::IsDataLoss(extent.status()));
  if (!extent.ok()) return 0;
  for (uint32_t i = 0; i < (*extent)->zone_count(); ++i) {
    STOA_FUZZ_CHECK((*extent)->FindZones((*extent)->ZoneColumn(i)) == (*extent)->ZoneRangeOf(i));
  }
  // There is no filter in the file; a range of no bytes is none.
  const auto may_contain = (*extent)->MayContain(1, section.file(), &cache, nullptr);
  STOA_FUZZ_CHECK(may_contain.ok() ? *may_contain : absl::IsDataLoss(may_contain.status()));
  return 0;
}

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  const stoa::fuzz::SampleTables tables;
  for (const auto& table : tables.samples()) {
    const stoa::TableReader& reader = *table.reader;
    seeds.push_back(table.Payload(reader.root_range(), stoa::SectionKind::kIndexRoot));
    for (uint32_t i = 0; i < reader.root().entry_count(); ++i) {
      seeds.push_back(table.Payload(reader.root().Range(i), stoa::SectionKind::kIndexPage));
    }
  }
  // A page of several groups, with open deletions; the small tables have one block each.
  stoa::IndexPageBuilder builder;
  for (uint64_t i = 0; i < 24; ++i) {
    const std::string clustering = i % 8 == 0 ? "" : std::string(1, static_cast<char>('0' + i % 8));
    stoa::BlockIndexEntry entry;
    entry.range = {64 + 100 * i, 100};
    entry.rows = 5;
    entry.flags = stoa::index_flags::kTombstones;
    builder.Add({i / 4 * 1000, i / 2 % 2 == 0 ? "k" : "l", clustering}, entry,
                i % 5 == 1 ? stoa::DeletionTime{3, 4} : stoa::DeletionTime{});
  }
  builder.Finish({}, &seeds.emplace_back());
  return seeds;
}
