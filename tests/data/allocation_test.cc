#include <string>
#include <vector>

#include "data/batch_builder.h"
#include "data/row_merger.h"
#include "support/catch.h"
#include "support/counted_new.h"

// Goal: merging and building take nothing from the heap for a row once they are warm. Method: this program
// counts every allocation; the same work is done twice.

namespace stoa {
namespace {

/// Two versions of 1,000 rows with a few of 2,000 columns, merged, built and copied on.
void Work(RowMerger* merger, BatchBuilder* builder, BatchBuilder* copy) {
  builder->Clear();
  copy->Clear();
  builder->StartRun(1, "partition", {}, true);
  copy->StartRun(1, "partition", {}, true);
  char key[] = "row 0000";
  for (uint32_t row = 0; row < 1000; ++row) {
    key[4] = static_cast<char>('a' + row / 100);
    key[5] = static_cast<char>('a' + row / 10 % 10);
    key[6] = static_cast<char>('a' + row % 10);
    merger->Start();
    for (int64_t version = 0; version < 2; ++version) {
      merger->AddMarker(version, kNoExpiry);
      for (uint32_t i = 0; i < 4; ++i) {
        const uint32_t column = (i * 500 + row % 7) % 2000;
        merger->AddCell(column, Cell{version, i == 0 ? 100 + version : kNoExpiry, i == 1, false, false, false,
                                     row, "value"});
      }
    }
    merger->Emit(key, builder);
  }
  RowBatch batch = builder->Finish();
  for (uint32_t row = 0; row < 1000; row += 125) {
    if (!copy->AppendRows(batch, row, row + 125).ok()) std::abort();
  }
  copy->Finish();
}

TEST_CASE("Merging and building do not allocate once warm") {
  Projection projection;
  for (ColumnId id = 1; id <= 2000; ++id) {
    projection.push_back(ProjectedColumn{id, static_cast<uint8_t>(id % 2 == 0 ? 8 : 0)});
  }
  RowMerger merger(&projection);
  BatchBuilder builder(&projection);
  BatchBuilder copy(&projection);
  Work(&merger, &builder, &copy);
  Work(&merger, &builder, &copy);
  const size_t before = testing::allocations;
  Work(&merger, &builder, &copy);
  const size_t after = testing::allocations;
  // The arenas keep one chunk each; what does not fit into it is taken again for a batch, not for a row.
  CHECK(after - before < 10);
}

}  // namespace
}  // namespace stoa
