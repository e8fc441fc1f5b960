#include "compaction/picker.h"

#include <bit>
#include <map>

namespace stoa {

std::vector<uint64_t> PickMerge(const std::vector<SSTableMetadata>& files) {
  std::map<int, std::vector<uint64_t>> tiers;
  for (const SSTableMetadata& file : files) {
    tiers[std::bit_width(file.file_bytes) / 2].push_back(file.number);
  }
  for (const auto& [tier, numbers] : tiers) {
    if (numbers.size() >= kTierFiles) return numbers;
  }
  return {};
}

}  // namespace stoa
