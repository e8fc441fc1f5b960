// Checks a row stream against the guarantees of row_batch.h.
#pragma once

#include <memory>

#include "data/row_batch.h"

namespace stoa {

/// Internal when what a batch with rows, all of them loaded, says of them as a whole is wrong: first and last
/// key, bounds of timestamps, clean, the order of columns.
absl::Status CheckBatchSummary(const RowBatch& batch, const Projection& projection);

/// Passes the stream of `source` through and returns Internal, naming the guarantee, when it is broken. Tests
/// wrap every source in it.
std::unique_ptr<RowSource> NewStreamValidator(std::unique_ptr<RowSource> source, const ScanSpec& spec);

}  // namespace stoa
