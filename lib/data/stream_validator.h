// Checks a row stream against the guarantees of row_batch.h.
#pragma once

#include <memory>

#include "data/row_batch.h"

namespace stoa {

/// Passes the stream of `source` through and returns Internal, naming the guarantee, when it is broken. Tests
/// wrap every source in it; `stoa verify` does too.
std::unique_ptr<RowSource> NewStreamValidator(std::unique_ptr<RowSource> source, const ScanSpec& spec);

}  // namespace stoa
