#include "engine/partition_latches.h"

#include <algorithm>

namespace stoa {

PartitionLatches::Hold::Hold(PartitionLatches* latches, std::span<const uint64_t> tokens)
    : latches_(latches) {
  // By the low bits: the high ones may be alike where a database holds a narrow range of tokens.
  for (const uint64_t token : tokens) stripes_.push_back(token % kStripes);
  std::sort(stripes_.begin(), stripes_.end());
  stripes_.erase(std::unique(stripes_.begin(), stripes_.end()), stripes_.end());
  for (const size_t stripe : stripes_) latches_->stripes_[stripe].latch.Lock();
}

PartitionLatches::Hold::~Hold() {
  for (const size_t stripe : stripes_) latches_->stripes_[stripe].latch.Unlock();
}

}  // namespace stoa
