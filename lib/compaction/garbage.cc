#include "compaction/garbage.h"

#include <algorithm>

namespace stoa {

double DensestRun(const Files& files) {
  const std::vector<double> densities = Densities(files);
  return *std::max_element(densities.begin(), densities.end());
}

double GarbageRows(const SSTableMetadata& file, int64_t now_seconds, int64_t purge_before) {
  const TimeBounds& times = file.bounds.times;
  if (times.min_local_time >= purge_before) return 0;
  // Between the first death and the last, deaths are taken for even. The last is known unless there are
  // rows that never die: then it may be now.
  const int64_t last = times.max_local_time == kNoExpiry ? now_seconds : times.max_local_time;
  const double share = static_cast<double>(purge_before - times.min_local_time) /
                       static_cast<double>(std::max(last - times.min_local_time, int64_t{1}));
  const uint64_t rows = std::max(file.row_count, uint64_t{1});
  const bool all_die = times.max_local_time != kNoExpiry && times.has_expiring;
  const uint64_t dying = all_die ? rows : std::min(file.tombstone_count, rows);
  return static_cast<double>(dying) * std::min(share, 1.0);
}

}  // namespace stoa
