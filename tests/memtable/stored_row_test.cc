#include "memtable/stored_row.h"

#include <string>

#include "support/catch.h"

namespace stoa {
namespace {

std::string OneCell(ColumnId column, uint64_t word) {
  std::string fragment(1, static_cast<char>(fragment_flags::kMarker));
  AppendVarint(&fragment, 1u);
  AppendWordCell(&fragment, column, word, 8);
  return fragment;
}

RowWrite Write(const std::string& fragment, uint64_t sequence) {
  return RowWrite{fragment, FragmentContext{static_cast<int64_t>(sequence), 1000}, sequence};
}

/// The value of column 0 as of a sequence; `*parts`: what it was read through.
uint64_t ValueAt(const StoredRow& row, uint64_t sequence, size_t* parts) {
  const Projection projection = {{0, 8}};
  RowMerger merger(&projection);
  *parts = row.MergeInto({0, sequence}, &merger);
  BatchBuilder builder(&projection);
  builder.StartRun(0, "key", DeletionTime{}, true);
  REQUIRE(merger.EmitLive("", 1000, &builder));
  return builder.Finish().columns[0].words[0];
}

TEST_CASE("stored row: one that is overwritten is read through a few fragments", "[memtable]") {
  Arena arena;
  constexpr uint64_t kWrites = 20000;
  StoredRow* row = StoredRow::Create(&arena, "r", Write(OneCell(0, 1), 1));
  for (uint64_t i = 2; i <= kWrites; ++i) row->Push(&arena, Write(OneCell(0, i), i));
  size_t parts = 0;
  CHECK(ValueAt(*row, kWrites, &parts) == kWrites);
  CHECK(parts <= StoredRow::kFoldedFragments);
  // As of any sequence, also one in the middle of a fold.
  for (uint64_t i = 1; i <= kWrites; i += 997) CHECK(ValueAt(*row, i, &parts) == i);
  const Projection projection = {{0, 8}};
  RowMerger merger(&projection);
  CHECK(row->MergeInto({0, 0}, &merger) == 0);
}

TEST_CASE("stored row: one that grows cell by cell is folded by halves", "[memtable]") {
  Arena arena;
  constexpr uint64_t kCells = 10000;
  StoredRow* row = StoredRow::Create(&arena, "r", Write(OneCell(0, 1), 1));
  for (uint64_t i = 2; i <= kCells; ++i) row->Push(&arena, Write(OneCell(static_cast<ColumnId>(i), i), i));
  size_t parts = 0;
  CHECK(ValueAt(*row, kCells, &parts) == 1);
  CHECK(parts <= StoredRow::kFoldedFragments + 14);                   // log2(kCells)
  CHECK(arena.allocated_bytes() < kCells * (80 + 14 * 16) + 100000);  // a cell is in so many folds at most
}

TEST_CASE("stored row: commits applied out of order fold alike", "[memtable]") {
  // Goal: a fold is passed by as of any sequence below the greatest in it. Method: neighbours swapped.
  Arena arena;
  StoredRow* row = StoredRow::Create(&arena, "r", Write(OneCell(0, 2), 2));
  row->Push(&arena, Write(OneCell(0, 1), 1));
  for (uint64_t i = 3; i < 103; i += 2) {
    row->Push(&arena, Write(OneCell(0, i + 1), i + 1));
    row->Push(&arena, Write(OneCell(0, i), i));
  }
  size_t parts = 0;
  for (uint64_t i = 1; i < 103; ++i) CHECK(ValueAt(*row, i, &parts) == i);
}

}  // namespace
}  // namespace stoa
