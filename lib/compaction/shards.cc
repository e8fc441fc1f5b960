#include "compaction/shards.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace stoa {
namespace {

/// Files are opened one by one.
constexpr double kShardsMax = 1 << 16;

uint64_t ShardStart(uint32_t shard_count, uint32_t shard) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(shard) << 64) / shard_count);
}

}  // namespace

uint32_t ShardCount(const CompactionOptions& options, double density) {
  const auto base = static_cast<double>(options.base_shard_count);
  const double small = density / static_cast<double>(std::max<uint64_t>(options.min_sstable_bytes, 1));
  if (small < base) return std::bit_floor(static_cast<uint32_t>(std::max(small, 1.0)));
  const double ratio = density / (static_cast<double>(options.target_sstable_bytes) * base);
  const double doublings = std::round(std::log2(std::max(ratio, 1.0)) * (1 - options.sstable_growth));
  return static_cast<uint32_t>(std::min(base * std::exp2(doublings), kShardsMax));
}

std::vector<uint64_t> ShardStarts(uint32_t shard_count) {
  std::vector<uint64_t> starts;
  starts.reserve(shard_count);
  for (uint32_t i = 0; i < shard_count; ++i) starts.push_back(ShardStart(shard_count, i));
  return starts;
}

uint32_t ShardOf(uint32_t shard_count, uint64_t token) {
  const auto shard = static_cast<uint32_t>((static_cast<unsigned __int128>(token) * shard_count) >> 64);
  // Starts are rounded down, so the next one may have begun.
  const bool is_next = shard + 1 < shard_count && token >= ShardStart(shard_count, shard + 1);
  return is_next ? shard + 1 : shard;
}

}  // namespace stoa
