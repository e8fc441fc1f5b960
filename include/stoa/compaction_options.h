// How the SSTables of a table are merged.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

namespace stoa {

/// The unified strategy of Cassandra 5 (CEP-26): SSTables stand on levels by their density, which is how
/// large a table would be that is everywhere as full as the file is where it is; a level whose files overlap
/// too often is merged. How often, and how far apart the levels are, is the level's scaling parameter. All of
/// it may be changed while the table is in use: nothing is rewritten because of it, later merges follow.
struct CompactionOptions {
  /// One parameter for each level from the lowest, the last one for all above, separated by commas:
  ///
  ///   Tn (2 <= n)  tiered: n files over each other are merged; each level has files n times as dense as
  ///   those
  ///                of the level below. Every byte is written once a level, reads meet up to n - 1 files on
  ///                each.
  ///   Ln (2 <= n)  leveled: two files over each other are merged; reads meet one file on each level, a byte
  ///   is
  ///                written up to n times.
  ///   N            between the two: the same as T2 and L2.
  ///
  /// Or, as in Cassandra, a number w: T(w + 2) above 0, N at 0, L(2 - w) below. n is at most 256.
  std::string scaling_parameters = "T4";

  /// Files are made about this large, 1 MiB to 1 TiB, and tables that outgrow it get more of them, cut by
  /// token so that they can be merged independently: `base_shard_count` of them when a file would be smaller
  /// otherwise than `min_sstable_bytes`, then more with the square root of the density or so: with the power
  /// of 1 - sstable_growth, the files growing with the power of sstable_growth (0 to 1).
  uint64_t target_sstable_bytes = uint64_t{1} << 30;
  uint64_t min_sstable_bytes = uint64_t{100} << 20;
  uint32_t base_shard_count = 4;
  double sstable_growth = 1.0 / 3;

  /// For time series that expire: if not 0, SSTables whose greatest timestamps lie in different windows of so
  /// many seconds are not merged, a window that is over is merged into one run, and goes whole when all in it
  /// has expired. At most ten years.
  int64_t window_seconds = 0;

  /// Merges begin regardless of levels where more files than this lie over each other, 2 to 1,000; and where
  /// all files together are larger than this many times the rows that would be left of them, as far as is
  /// known: the densest run (1.1 to 100).
  uint32_t files_per_read_max = 32;
  double space_amplification_max = 4;

  /// A merge begins when this share of the rows that it would read are tombstones or have expired, and can be
  /// forgotten; 0.01 to 1.
  double tombstone_threshold = 0.2;

  /// From the map of a CQL table's `compaction` option. Besides 'UnifiedCompactionStrategy' it understands
  /// the older strategies and says the same in terms of the unified one: 'SizeTieredCompactionStrategy' is T
  /// by its min_threshold, 'LeveledCompactionStrategy' L by its fanout_size, 'TimeWindowCompactionStrategy' T
  /// by its min_threshold with windows. Options of Cassandra that mean nothing here (they tune what Stoa
  /// derives) are accepted and ignored. InvalidArgument naming an option or a class that Cassandra does not
  /// know, or the value and the allowed range.
  static absl::StatusOr<CompactionOptions> FromCql(const std::map<std::string, std::string>& options);
  /// As a CQL map: {'class': 'UnifiedCompactionStrategy', ...}, with what differs from the defaults.
  std::string ToString() const;

  friend bool operator==(const CompactionOptions&, const CompactionOptions&) = default;
};

/// The numbers w of scaling parameters (CompactionOptions), one at least. InvalidArgument naming the one that
/// is none.
absl::StatusOr<std::vector<int32_t>> ParseScalingParameters(std::string_view text);

}  // namespace stoa
