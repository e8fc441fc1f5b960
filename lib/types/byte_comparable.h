// Clustering keys as byte strings that memcmp orders.
//
// A row's clustering key is, for each component, the byte kComponentMarker and the encoded value, or for an
// empty value kEmptyMarker (kEmptyMarkerDescending) alone, and at the end kRowEnd. A bound of a slice or of a
// range deletion is the encoding of a prefix of the components followed by kBoundBefore (sorts before every
// row with that prefix) or kBoundAfter (after every such row); the empty prefix gives the two ends of a
// partition. Equal keys have one encoding. The idea is that of Cassandra's ByteComparable; the bytes are not
// compatible with it.
//
// Encoded values:
//   tinyint smallint int bigint     big-endian, sign bit flipped
//   timestamp time
//   boolean                         one byte, 0 or 1
//   date                            big-endian as serialized, which is unsigned already
//   float double                    big-endian; negative: all bits inverted, else the sign bit flipped; every
//                                   NaN becomes the positive quiet NaN, the greatest
//   uuid                            as Cassandra compares: version nibble first, then for version 1 the time
//   timeuuid                        time, then the low 8 bytes, each as a signed number
//   ascii text blob inet            bytes with 00 written as 00 ff, ended by 00
//   varint decimal                  see comparable_numbers.h; by numeric value, so that 1.0 and 1.00 are one
//                                   key (the scale is not kept)
//   list set map tuple              each element as if it were a component, ascending, of a map keys and
//   values user type vector                in turn; a null as kNullMarker alone, but nulls at the end of a
//   tuple or
//                                   user type are left out, for a tuple that ends early is the same key (it
//                                   comes back with all its components); then kElementsEnd
//   duration                        within others only: bytes as of a blob
// A descending component has all bytes of its encoded value (not its marker) inverted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/schema.h>
#include <stoa/types.h>
#include <stoa/value.h>

#include "types/composite_codec.h"
#include "types/value_codec.h"

namespace stoa {

/// The clustering key of a partition's static row: this byte alone. It sorts before every row and every
/// bound, so that range deletions never cover it, slices of rows leave it out, and what begins at the start
/// of the partition (the empty key) has it. Deletions of the partition cover it as they do any row.
inline constexpr char kStaticRowKey = 0x10;
inline constexpr char kBoundBefore = 0x20;
inline constexpr char kRowEnd = 0x38;
inline constexpr char kElementsEnd = 0x38;
inline constexpr char kNullMarker = 0x3e;
inline constexpr char kEmptyMarker = 0x3f;
inline constexpr char kComponentMarker = 0x40;
inline constexpr char kEmptyMarkerDescending = 0x41;
inline constexpr char kBoundAfter = 0x60;

/// The marker of a component that is the empty value: it sorts before all others, descending after them.
inline char EmptyMarker(ClusteringOrder order) {
  return order == ClusteringOrder::kAscending ? kEmptyMarker : kEmptyMarkerDescending;
}

/// Bytes of an encoded value of this type without its marker; 0 when they vary.
size_t ComparableBytes(const DataType& type);

namespace internal {
// A floating-point number of `bits` bits of which `exponent_bits` are all set in infinities and NaNs.
template <int bits, uint64_t exponent_bits>
struct ComparableFloat {
  static constexpr uint64_t kSign = uint64_t{1} << (bits - 1);
  static constexpr uint64_t kNan = exponent_bits | (exponent_bits & (0 - exponent_bits)) >> 1;

  static uint64_t FromWord(uint64_t word) {
    if ((word & ~kSign) > exponent_bits) word = kNan;
    return (word & kSign) != 0 ? word ^ (kSign | (kSign - 1)) : word ^ kSign;
  }
  static uint64_t ToWord(uint64_t comparable) {
    return (comparable & kSign) != 0 ? comparable ^ kSign : comparable ^ (kSign | (kSign - 1));
  }
};
using ComparableSingle = ComparableFloat<32, 0x7f80'0000>;
using ComparableDouble = ComparableFloat<64, 0x7ff0'0000'0000'0000>;
}  // namespace internal

/// A word (value_codec.h) as an unsigned integer of the same width in the order of the type, and back. The
/// encoded value of a word type is this integer, big-endian. Words of NaNs other than the canonical one do
/// not come back.
inline uint64_t ComparableWord(TypeKind kind, uint64_t word) {
  switch (kind) {
    case TypeKind::kBoolean:
    case TypeKind::kDate:
      return word;
    case TypeKind::kFloat:
      return internal::ComparableSingle::FromWord(word);
    case TypeKind::kDouble:
      return internal::ComparableDouble::FromWord(word);
    default:
      return word ^ (uint64_t{1} << (8 * DataType(kind).word_bytes() - 1));
  }
}
inline uint64_t WordFromComparable(TypeKind kind, uint64_t comparable) {
  switch (kind) {
    case TypeKind::kFloat:
      return internal::ComparableSingle::ToWord(comparable);
    case TypeKind::kDouble:
      return internal::ComparableDouble::ToWord(comparable);
    default:
      return ComparableWord(kind, comparable);  // its own inverse
  }
}

/// Stores the encoded value of a word type, without marker, in the first word_bytes of the 8 bytes at `to`.
/// False when the value does not fit the type.
inline bool StoreComparableWord(const DataType& type, ClusteringOrder order, const Value& value, char* to) {
  uint64_t word = 0;
  if (!internal::TryToWord(type.kind(), value, &word)) return false;
  uint64_t comparable = ComparableWord(type.kind(), word);
  if (order == ClusteringOrder::kDescending) comparable = ~comparable;
  StoreBig(to, comparable << (64 - 8 * type.word_bytes()));
  return true;
}

/// Appends the encoded value, without marker. InvalidArgument when the value does not fit the type, is null,
/// unset or the empty value (IsEmptyValue), which is a marker of its own; when the type cannot be a key; when
/// the value, or a composite value as it comes back, has more than kKeyBytesMax bytes, or a decimal more than
/// kDecimalKeyBytesMax. `*counted_bytes` grows by what the value counts for in the limit of a whole key: its
/// serialized bytes, of a decimal kShortDecimalBytesMax at least, of a composite those that come back.
absl::Status AppendComparable(const DataType& type, ClusteringOrder order, const Value& value,
                              std::string* out, size_t* counted_bytes = nullptr);

/// Appends an element of a composite value, ascending, with its marker. Its bytes are a serialized value of
/// the type, composites in canonical form. InvalidArgument when it is too large, as above.
absl::Status AppendComparableElement(const DataType& type, const Element& element, std::string* out);

/// Reads one encoded value off the front of `*bytes`, appends the *serialized* form of the value to `*out`,
/// and advances `*bytes`. Returns false when the bytes are not a valid encoding: one that AppendComparable
/// could have made of a value. Then `*bytes` and what was appended to `*out` are unspecified.
bool DecodeComparable(const DataType& type, ClusteringOrder order, std::string_view* bytes, std::string* out);

/// The same for a word type; sets `*word` instead.
bool DecodeComparableWord(const DataType& type, ClusteringOrder order, std::string_view* bytes,
                          uint64_t* word);

}  // namespace stoa
