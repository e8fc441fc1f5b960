// The byte-comparable encoding of numbers of any size (the ascending one; a descending component inverts it).
//
// varint: a prefix that orders by sign and length, then the minimal two's complement bytes, which for numbers
// of one sign and length are ordered already.
//
//     length n    prefix, number >= 0          number < 0
//     1..120      7f + n                       the same with all bits inverted
//     121..65535  f8, n as 2 bytes big-endian  the same with all bits inverted
//
// decimal: the number as 0.d1 d2 d3 ... * 10^exponent with d1 and the last digit not zero. A byte for the
// sign (1 negative, 2 zero, 3 positive), nothing more for zero; the exponent as 8 bytes big-endian with the
// sign bit flipped; two digits a byte, as their number plus 1, the last byte filled up with a zero digit; a
// byte 0. For a negative number all bytes after the sign are inverted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stoa {

/// A decimal of a key comes back with the smallest scale, or, if it is an integer of at most 18 digits, with
/// scale 0: in no more bytes than it was given in, or than these.
inline constexpr size_t kShortDecimalBytesMax = 12;

/// A decimal of a key has at most so many bytes, some 9,860 digits: converting it takes time that is
/// quadratic in them, and one of few digits may have a scale that makes them many.
inline constexpr size_t kDecimalKeyBytesMax = 4096;

/// Reads bytes off the front of a byte string, inverting them where `mask` is ff.
class MaskedReader {
 public:
  MaskedReader(std::string_view* bytes, uint8_t mask) : bytes_(bytes), mask_(mask) {}

  void Invert() { mask_ ^= 0xff; }
  bool Read(uint8_t* byte) {
    if (bytes_->empty()) return false;
    *byte = static_cast<uint8_t>((*bytes_)[0]) ^ mask_;
    bytes_->remove_prefix(1);
    return true;
  }

 private:
  std::string_view* bytes_;
  uint8_t mask_;
};

/// `varint` is serialized, has at least one byte and at most kKeyBytesMax.
void AppendComparableVarint(std::string_view varint, std::string* out);
/// Appends the serialized form, which is minimal. Returns false when the bytes are not a valid encoding.
bool DecodeComparableVarint(MaskedReader* reader, std::string* out);

/// `decimal` is serialized, has at least 5 bytes and at most kDecimalKeyBytesMax.
void AppendComparableDecimal(std::string_view decimal, std::string* out);
/// Appends a serialized form of the number. Returns false when the bytes are not a valid encoding.
bool DecodeComparableDecimal(MaskedReader* reader, std::string* out);

}  // namespace stoa
