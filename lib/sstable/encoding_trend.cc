#include "sstable/encoding_trend.h"

#include <algorithm>
#include <limits>

#include "sstable/encoding.h"

namespace stoa {
namespace {

/// The multiple of `unit` nearest to `value`, by `unit`.
int64_t RoundedQuotient(int64_t value, int64_t unit) {
  return (value + (value < 0 ? -unit : unit) / 2) / unit;
}

}  // namespace

bool Trend::Fit(std::span<const uint64_t> values, uint64_t divisor) {
  const size_t count = values.size();
  rises_.clear();
  for (size_t i = kDeltaStride; i < count; i += kDeltaStride) {
    rises_.push_back(static_cast<int64_t>(values[i] - values[i - kDeltaStride]));
  }
  if (rises_.empty()) return false;
  const auto median = rises_.begin() + static_cast<ptrdiff_t>(rises_.size() / 2);
  std::nth_element(rises_.begin(), median, rises_.end());
  const auto unit = static_cast<int64_t>(divisor);
  slope_ = static_cast<uint64_t>(RoundedQuotient(*median, unit * kDeltaStride) * unit);
  if (slope_ == 0) return false;

  // First how far values are off the line through the first one, and the least of each stride, with a sign.
  off_.resize(count);
  table_.clear();
  int64_t least = 0;
  for (size_t begin = 0; begin < count; begin += kDeltaStride) {
    const size_t end = std::min(count, begin + kDeltaStride);
    int64_t low = std::numeric_limits<int64_t>::max();
    for (size_t i = begin; i < end; ++i) {
      off_[i] = values[i] - values[0] - i * slope_;
      low = std::min(low, static_cast<int64_t>(off_[i]));
    }
    for (size_t i = begin; i < end; ++i) off_[i] -= static_cast<uint64_t>(low);
    table_.push_back(static_cast<uint64_t>(low));
    least = std::min(least, low);
  }
  base_ = values[0] + static_cast<uint64_t>(least);
  for (uint64_t& entry : table_) entry -= static_cast<uint64_t>(least);
  return true;
}

}  // namespace stoa
