#include <stoa/options.h>

#include <string>

#include <stoa/schema.h>

#include "base/strings.h"

namespace stoa {
namespace {

void CheckRange(std::string_view name, int64_t value, int64_t least, int64_t most, std::string* faults) {
  if (value >= least && value <= most) return;
  if (!faults->empty()) *faults += "; ";
  *faults += StrCat(name, " is ", value, ", allowed are ", least, " to ", most);
}

}  // namespace

absl::Status Options::Validate() const {
  constexpr int64_t kMemoryMax = int64_t{1} << 46;
  std::string faults;
  CheckRange("memory_budget_bytes", static_cast<int64_t>(memory_budget_bytes & INT64_MAX), 64 << 10,
             kMemoryMax, &faults);
  CheckRange("background_threads", background_threads, 1, 64, &faults);
  CheckRange("sync_interval_ms", sync_interval_ms, 1, 3'600'000, &faults);
  CheckRange("wal_segment_bytes", static_cast<int64_t>(wal_segment_bytes & INT64_MAX), 4 << 10, 1 << 30,
             &faults);
  CheckRange("wal_bytes_max", static_cast<int64_t>(wal_bytes_max & INT64_MAX),
             static_cast<int64_t>(2 * wal_segment_bytes & INT64_MAX), kMemoryMax, &faults);
  CheckRange("inline_value_bytes_max", static_cast<int64_t>(inline_value_bytes_max & INT64_MAX), 16,
             kCellBytesMax, &faults);
  if (compaction_bytes_per_second != 0) {
    CheckRange("compaction_bytes_per_second, if not 0,",
               static_cast<int64_t>(compaction_bytes_per_second & INT64_MAX), 4 << 10, int64_t{1} << 40,
               &faults);
  }
  return faults.empty() ? absl::OkStatus() : InvalidArgument("options: ", faults);
}

}  // namespace stoa
