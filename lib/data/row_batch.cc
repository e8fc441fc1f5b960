#include "data/row_batch.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace stoa {

absl::Status RowBatch::EnsureAll() {
  STOA_RETURN_IF_ERROR(EnsureKeys());
  STOA_RETURN_IF_ERROR(EnsureLiveness());
  return EnsureColumns();
}

uint32_t RowBatch::RunOf(uint32_t row) const {
  STOA_DCHECK(row >= begin && row < end);
  const auto after =
      std::upper_bound(runs.begin(), runs.end(), row,
                       [](uint32_t wanted, const PartitionRun& run) { return wanted < run.first_row; });
  STOA_DCHECK(after != runs.begin());
  return static_cast<uint32_t>(after - runs.begin()) - 1;
}

}  // namespace stoa
