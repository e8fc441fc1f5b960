// The line that a sequence follows which ascends or descends evenly.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace stoa {

/// value i = base + i * slope + table[i / kDeltaStride] + off[i]. Reused for sequence after sequence.
class Trend {
 public:
  /// Looks for the line, whose slope is a multiple of `divisor`, as all differences of the values are: the
  /// slope is that of the median stride, so that a gap, which moves all behind it, does not tilt the line.
  /// False when there are no two strides, or when the line is level.
  /// REQUIRES: values, as signed or unsigned integers, differ by less than 2^kRangeBits.
  bool Fit(std::span<const uint64_t> values, uint64_t divisor);
  static constexpr unsigned kRangeBits = 52;  ///< no product overflows, whatever the slope of one stride

  uint64_t base() const { return base_; }
  uint64_t slope() const { return slope_; }
  /// Multiples of the divisor, as small as can be.
  std::vector<uint64_t>& off() { return off_; }
  std::vector<uint64_t>& table() { return table_; }

 private:
  uint64_t base_ = 0;
  uint64_t slope_ = 0;
  std::vector<uint64_t> off_;
  std::vector<uint64_t> table_;
  std::vector<int64_t> rises_;  // of each stride
};

}  // namespace stoa
