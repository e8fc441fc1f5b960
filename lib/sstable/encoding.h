// Sequences of words with random access, as they stand in the sections of a block.
//
// A sequence is a descriptor (what the numbers below are) and a payload of packed integers, both described in
// FORMAT.md. Values are 64-bit words; all arithmetic wraps, so that signed and unsigned numbers need not be
// told apart.
//
//     constant     value = base
//     linear       value = base + i * multiplier
//     offset       value = base + multiplier * packed[i]
//     delta        value = the value before + delta_base + multiplier * packed[i]; every 64th value also
//     stands in
//                  a table (base + multiplier * entry), so that one value costs at most 63 additions
//     dictionary   value = base + multiplier * table[packed[i]]
//     trend        value = base + i * delta_base + multiplier * (table[i / 64] + packed[i]): what ascends or
//                  descends evenly, like the times of a sensor; the table says how far 64 values are off the
//                  line. Half of what deltas vary by, and no additions to look one up.
//
// Any of them may hold decimal fractions instead of integers: the value is then the float or double nearest
// to integer / 10^exponent, and the numbers for which that is not exact to the bit (-0.0, NaN, ...) are
// listed apart.
//
// Packed integers are byte planes: the lowest bytes of all, then the second bytes of all, and so on. Bits
// packed tightly look like noise to zstd; a plane is a sequence of symbols, which its entropy coder takes to
// near the entropy. (Write timestamps, delays, distances of three million flights, 4096 rows to a block: 24
// to 45 % smaller than bit-packing, with or without zstd after it.) And unpacking planes needs no shifts by
// variable amounts, so that compilers vectorise it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <absl/functional/function_ref.h>

#include "base/coding.h"

namespace stoa {

inline constexpr uint32_t kDeltaStride = 64;
/// Decimal fractions have at most this many digits after the point.
inline constexpr uint8_t kDecimalExponentMax = 12;

enum class WordEncoding : uint8_t {
  kConstant = 0,
  kLinear = 1,
  kOffset = 2,
  kDelta = 3,
  kDictionary = 4,
  kTrend = 5
};

enum class NumberKind : uint8_t { kInteger = 0, kFloat = 1, kDouble = 2 };

/// `count` integers of `width` bytes as byte planes.
struct BytePlanes {
  const uint8_t* data = nullptr;
  uint32_t count = 0;
  uint8_t width = 0;

  uint64_t Get(uint32_t i) const {
    uint64_t value = 0;
    const uint8_t* plane = data + i;
    for (unsigned k = 0; k < width; ++k, plane += count) value |= uint64_t{*plane} << (8 * k);
    return value;
  }
  /// Writes base + multiplier * integer for integers [begin, end).
  void Decode(uint32_t begin, uint32_t end, uint64_t base, uint64_t multiplier, uint64_t* out) const;
};

/// The parsed descriptor of a sequence. Reading is a total function once the descriptor is parsed and its
/// payload has payload_bytes(): damaged bytes give some value. `section` below is where the offsets given to
/// Parse count from.
struct WordSequence {
  WordEncoding encoding = WordEncoding::kConstant;
  NumberKind numbers = NumberKind::kInteger;
  uint8_t exponent = 0;
  uint8_t width = 0;        ///< of packed integers
  uint8_t table_width = 0;  ///< of checkpoints or dictionary entries
  uint32_t count = 0;
  uint32_t table_count = 0;
  uint32_t exception_count = 0;
  uint32_t offset = 0;  ///< of the payload: table, packed integers, exceptions
  uint64_t base = 0;
  uint64_t multiplier = 1;  ///< 0 of a constant
  uint64_t delta_base = 0;  ///< of a trend: its slope

  /// Reads the descriptor of a sequence of `count_expected` values whose payload begins at `*payload_end`,
  /// which is advanced to its end. False when it is malformed; the caller checks that the payload lies inside
  /// its section.
  bool Parse(Decoder* in, uint32_t count_expected, uint64_t* payload_end);
  uint64_t payload_bytes() const {
    return uint64_t{table_count} * table_width + uint64_t{count} * width +
           uint64_t{exception_count} * kExceptionBytes;
  }

  /// REQUIRES: i < count.
  uint64_t Get(const char* section, uint32_t i) const {
    if (numbers == NumberKind::kInteger) [[likely]] {
      if (encoding == WordEncoding::kOffset) return base + multiplier * Packed(section).Get(i);
      if (encoding < WordEncoding::kOffset) return base + multiplier * i;
    }
    return GetSlow(section, i);
  }
  /// Values `i` and `i` + 1. REQUIRES: i + 1 < count.
  void GetPair(const char* section, uint32_t i, uint64_t* first, uint64_t* second) const {
    *first = Get(section, i);
    if (encoding == WordEncoding::kDelta && numbers == NumberKind::kInteger) {
      *second = *first + delta_base + multiplier * Packed(section).Get(i + 1);
    } else {
      *second = Get(section, i + 1);
    }
  }
  /// Asks for the memory that Get will read.
  void Prefetch(const char* section, uint32_t i) const;
  /// Values [begin, end). REQUIRES: begin <= end <= count.
  void Decode(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const;

  /// The first i in [begin, end) whose value is at least `key`, else `end`; for values that ascend there as
  /// unsigned integers (any i in the range if they do not). Interpolates a few times, then halves.
  uint32_t LowerBound(const char* section, uint32_t begin, uint32_t end, uint64_t key) const;
  /// The same as `first`, and behind the values that are equal to `key`.
  struct Range {
    uint32_t begin;
    uint32_t end;
  };
  Range EqualRange(const char* section, uint32_t begin, uint32_t end, uint64_t key) const {
    return EqualRange(section, begin, end, key, [](uint32_t) {});
  }
  /// False when no value of [begin, end) can be `key`, as far as a trend tells it whose packed integers
  /// nobody looks at; for values that ascend there.
  bool MayContain(const char* section, uint32_t begin, uint32_t end, uint64_t key) const;
  /// Calls near(i) with a place within kDeltaStride of where the range begins, as soon as that is known: for
  /// what else will be wanted of there, while this search waits for memory.
  Range EqualRange(const char* section, uint32_t begin, uint32_t end, uint64_t key,
                   absl::FunctionRef<void(uint32_t)> near) const;

  static constexpr uint64_t kExceptionBytes = 2 + 8;

  BytePlanes Table(const char* section) const {
    return {reinterpret_cast<const uint8_t*>(section) + offset, table_count, table_width};
  }
  BytePlanes Packed(const char* section) const {
    return {reinterpret_cast<const uint8_t*>(section) + offset + uint64_t{table_count} * table_width, count,
            width};
  }

 private:
  uint64_t GetSlow(const char* section, uint32_t i) const;
  uint64_t GetInteger(const char* section, uint32_t i) const;
  uint64_t GetDelta(const char* section, uint32_t i) const;
  void DecodeDictionary(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const;
  void DecodeTrend(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const;
  void DecodeDecimals(const char* section, uint32_t begin, uint32_t end, uint64_t* out) const;
  const char* Exceptions(const char* section) const {
    return section + offset + uint64_t{table_count} * table_width + uint64_t{count} * width;
  }
  void NarrowByTrend(const char* section, uint64_t key, absl::FunctionRef<void(uint32_t)> near,
                     Range* range) const;
  /// The last of the checkpoints [low, high) whose value is below `key`; `low` if that of no other is.
  uint32_t FindCheckpoint(const BytePlanes& table, const BytePlanes& packed, uint32_t low, uint32_t high,
                          uint64_t key) const;
  /// The first value at least `key`, and the value (of the last one before `end` if there is none).
  uint32_t FindDelta(const char* section, uint32_t begin, uint32_t end, uint64_t key,
                     absl::FunctionRef<void(uint32_t)> near, uint64_t* found) const;
};

/// A number as one byte that tells how a sequence is encoded, and its name, for inspection.
uint8_t EncodingNumber(const WordSequence& sequence);
inline constexpr uint8_t kEncodingBytes = 32;
inline constexpr uint8_t kEncodingByteDictionary = 33;
inline constexpr uint8_t kEncodingBundle = 34;
std::string_view EncodingName(uint8_t number);

/// Decimal fractions: integers of less than 2^51 as doubles, by adding and taking away 1.5 * 2^52, whose last
/// 51 bits of the mantissa then are the integer: no conversion instruction, so that loops vectorise.
inline constexpr uint64_t kRoundingBits = 0x4338000000000000;
/// The bits of the number nearest to integer / scale.
inline uint64_t DecimalBits(NumberKind numbers, uint64_t integer, double scale) {
  const double number =
      (std::bit_cast<double>(integer + kRoundingBits) - std::bit_cast<double>(kRoundingBits)) / scale;
  if (numbers == NumberKind::kDouble) return std::bit_cast<uint64_t>(number);
  return std::bit_cast<uint32_t>(static_cast<float>(number));
}
/// 10^exponent.
double DecimalScale(uint8_t exponent);

}  // namespace stoa
