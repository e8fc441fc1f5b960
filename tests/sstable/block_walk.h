// Reads blocks that may be damaged, in every way there is.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "data/row_merger.h"
#include "sstable/block.h"
#include "support/batch_touch.h"

namespace stoa::testing {

/// Returns the errors met; an Internal one is none that damage explains. `places` are looked for.
inline std::vector<absl::Status> WalkBlock(const BlockHeader& header, SectionSource* sections,
                                           const BlockLayout& layout, const Projection& projection,
                                           const std::vector<Position>& places) {
  std::vector<absl::Status> errors;
  const auto check = [&errors](const absl::Status& status) {
    if (!status.ok()) errors.push_back(status);
    return status.ok();
  };
  BlockReader reader(&layout, &projection);
  if (!check(reader.Open(&header, sections))) return errors;
  const uint32_t rows = header.row_count;
  uint64_t hash = 0;
  for (const auto direction : {BlockReader::Direction::kForward, BlockReader::Direction::kReverse}) {
    for (const auto& [begin, end] : {std::pair{0u, rows}, std::pair{rows / 3, rows - rows / 3}}) {
      RowBatch batch;
      if (!check(reader.Batch(begin, end, direction, &batch))) continue;
      const bool keys = check(batch.EnsureKeys());
      const bool liveness = check(batch.EnsureLiveness());
      const bool columns = check(batch.EnsureColumns());
      if (keys && liveness && columns) hash = TouchBatch(batch, hash);
    }
  }
  RowMerger merger(&projection);
  for (uint32_t row = 0; row < rows; row += 1 + rows / 10) {
    merger.Start();
    check(reader.AddRow(row, &merger));
  }
  for (const Position& place : places) {
    const absl::StatusOr<BlockReader::Found> found = reader.Find(place);
    if (!check(found.status())) continue;
    if (found->row > rows) check(absl::InternalError("found a row outside of the block"));
    const int run = static_cast<int>(hash % header.run_count);
    check(reader.OpenDeletionAt(run, place.clustering).status());
    merger.Start();
    check(reader.AddCoveringDeletions(run, place.clustering, &merger));
    const absl::StatusOr<BlockReader::RowRange> range = reader.RunRows(run);
    if (!check(range.status())) continue;
    RowBatch batch;
    check(reader.Batch(range->begin, range->end, BlockReader::Direction::kForward, &batch, run));
  }
  return errors;
}

}  // namespace stoa::testing
