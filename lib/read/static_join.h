// Gives the values of static columns to the rows of their partition.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <absl/status/status.h>

#include "data/batch_builder.h"
#include "data/row_batch.h"

namespace stoa {

struct StaticJoinRules {
  /// By place in the projection: whether the column is static.
  std::vector<bool> is_static;
  /// A partition of which nothing but static content is alive has one row: the static row itself.
  bool rows_of_statics = true;
  /// Where static rows come from: with the stream, each as the first row of its partition (forward only); or,
  /// none being in the stream, from `read`.
  bool in_stream = true;
  /// Adds the live static row of a partition, if there is one, to an empty builder. Asked, whatever
  /// `in_stream` says, for a partition that the stream enters behind its static row.
  std::function<absl::Status(const PositionView& partition, BatchBuilder* builder)> read;
};

/// The live rows of `live`, each with the cells of its partition's static row as cells of its own; static
/// rows themselves are taken out. Batches are of one partition each, and are not copied. A `spec` that
/// begins, in the direction of reading, within a partition (or is skipped into one) leaves it to others to
/// say that it has no rows.
std::unique_ptr<RowSource> NewStaticJoin(std::unique_ptr<RowSource> live, const ScanSpec& spec,
                                         StaticJoinRules rules);

}  // namespace stoa
