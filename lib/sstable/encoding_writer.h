// Chooses encodings of word sequences and writes them.
//
// What is to become small is the section after zstd, so the candidates are compared by an estimate of that:
// the entropy of each of their byte planes, from a sample. Bytes before compression count a little (they fill
// the cache), and delta must be better by an eighth, for it is slower to look into. The choice depends on the
// values alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sstable/encoding.h"
#include "sstable/encoding_distinct.h"
#include "sstable/encoding_trend.h"

namespace stoa {

/// A section being built. A cut is a place where statistics change (another byte plane): the entropy coder
/// starts afresh there.
struct SectionBuffer {
  std::string bytes;
  std::vector<uint32_t> cuts;

  void Clear() {
    bytes.clear();
    cuts.clear();
  }
};

/// Writes one sequence; reused for sequence after sequence. Not thread-safe.
class WordWriter {
 public:
  /// Chooses how to encode `values`. `numbers`: what they are; a float has its bits in the low half.
  void Plan(std::span<const uint64_t> values, NumberKind numbers = NumberKind::kInteger);

  const WordSequence& sequence() const { return sequence_; }
  void AppendDescriptor(std::string* out) const;
  void AppendPayload(SectionBuffer* out) const;

 private:
  struct Statistics;
  struct Exception {
    uint16_t at;
    uint64_t bits;
  };

  std::span<const uint64_t> PlanDecimals(std::span<const uint64_t> values, NumberKind numbers);
  bool FillDecimals(std::span<const uint64_t> values, NumberKind numbers, uint8_t exponent);
  void PlanIntegers(std::span<const uint64_t> values);
  void UseOffset(std::span<const uint64_t> values, const Statistics& statistics);
  void UseDelta(std::span<const uint64_t> values, const Statistics& statistics);
  void UseDictionary(const Statistics& statistics);
  void UseTrend(const Statistics& statistics);

  WordSequence sequence_;
  std::vector<uint64_t> packed_;
  std::vector<uint64_t> table_;
  Trend trend_;
  std::vector<Exception> exceptions_;
  std::vector<uint64_t> decimals_;  // the integers that stand for decimal fractions
  DistinctValues<uint64_t> distinct_;
};

/// Bytes that hold an integer, at least 1.
uint8_t BytesFor(uint64_t value);

}  // namespace stoa
