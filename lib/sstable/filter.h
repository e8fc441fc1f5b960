// The filter: whether a partition may have something in a part of a file.
//
//     filter := line[line_count](64 bytes each) line_count:u32 probes:u32
//
// A Bloom filter in which all bits of a partition lie in one cache line, so that a question costs one memory
// access. A token is a hash already, but it also orders the file: within a part of a file its high bits
// hardly vary. It is therefore mixed once more; the upper half of the result picks the line, and the lower
// bits, multiplied again, the bits in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "sstable/table_file.h"

namespace stoa {

/// Not thread-safe; reused.
class FilterBuilder {
 public:
  explicit FilterBuilder(int bits_per_partition) : bits_(bits_per_partition) {}

  /// In any order, repeatedly; cheapest ascending.
  void Add(uint64_t token) {
    if (tokens_.empty() || token != tokens_.back()) tokens_.push_back(token);
  }
  size_t token_count() const { return tokens_.size(); }
  /// The filter of all tokens, empty when there are no tokens or no bits; forgets the tokens.
  std::string Finish();

 private:
  const int bits_;
  std::vector<uint64_t> tokens_;
};

/// Immutable after Parse; thread-safe.
class Filter {
 public:
  /// DataLoss when the payload is not a filter.
  absl::Status Parse(SectionPayload payload);

  /// False: no partition with this token was added.
  bool MayContain(uint64_t token) const;
  size_t byte_count() const { return payload_.view().size(); }

 private:
  SectionPayload payload_;
  uint32_t line_count_ = 0;
  uint32_t probes_ = 0;
};

}  // namespace stoa
