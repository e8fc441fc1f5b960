// The distinct values of a sequence, for dictionaries.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace stoa {

/// Reused for sequence after sequence. `Value` is uint64_t or std::string_view.
template <typename Value>
class DistinctValues {
 public:
  /// Collects the distinct ones among `values`. False when there are more than `distinct_max`, or when the
  /// first values promise nothing.
  bool Collect(std::span<const Value> values, size_t distinct_max) {
    const auto bits = static_cast<unsigned>(std::bit_width(std::min(values.size(), distinct_max))) + 1;
    slots_.assign(size_t{1} << bits, 0);
    values_.clear();
    codes_.clear();
    for (const Value& value : values) {
      const uint64_t code = FindOrAdd(value, Hash(value) >> (64 - bits));
      if (values_.size() > distinct_max || (codes_.size() == kTried && values_.size() > kTried - kTried / 8))
        return false;
      codes_.push_back(code);
    }
    return true;
  }

  /// In the order of their first appearance.
  const std::vector<Value>& values() const { return values_; }
  /// For each value collected its place in values().
  const std::vector<uint64_t>& codes() const { return codes_; }

 private:
  static constexpr size_t kTried = 256;

  static uint64_t Hash(uint64_t value) { return value * 0x9e3779b97f4a7c15ULL; }
  static uint64_t Hash(std::string_view value) { return Hash64(value); }

  uint64_t FindOrAdd(const Value& value, size_t slot) {
    while (slots_[slot] != 0) {
      if (values_[slots_[slot] - 1] == value) return slots_[slot] - 1;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    values_.push_back(value);
    slots_[slot] = static_cast<uint32_t>(values_.size());
    return slots_[slot] - 1;
  }

  std::vector<Value> values_;
  std::vector<uint64_t> codes_;
  std::vector<uint32_t> slots_;  // open addressing: place in values_ plus one
};

}  // namespace stoa
