// Values in serialized form: the bytes of the CQL native protocol ("Data type serialization formats").
//
// A value of a word type (DataType::is_word) is carried through the engine as a word: its serialized bytes
// read as one big-endian unsigned integer, zero-extended to 64 bits. So int -1 is 0x00000000ffffffff, and
// comparing words as unsigned integers is comparing serialized bytes, which is how ties between cells are
// decided. Values of all other types are carried as their serialized bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/types.h>
#include <stoa/value.h>

#include "base/coding.h"

namespace stoa {

/// Serialized dates are days counted from 2^31 before 1970-01-01.
inline constexpr uint32_t kDateBias = uint32_t{1} << 31;
inline constexpr int64_t kTimeNanosecondsMax = 86'399'999'999'999;

namespace internal {
template <typename T>
inline bool IntegerToWord(const Value& value, uint64_t* word) {
  const auto narrow = static_cast<T>(value.integer());
  *word = static_cast<std::make_unsigned_t<T>>(narrow);
  return value.kind() == Value::Kind::kInteger && narrow == value.integer();
}
/// False when the value does not fit the type.
inline bool TryToWord(TypeKind kind, const Value& value, uint64_t* word);
/// The error for a value that TryToWord or ToBytes refuses.
absl::Status Misfit(const DataType& type, const Value& value);
}  // namespace internal

/// Converts a value for a column of a word type. `value` must not be null. InvalidArgument when the value's
/// kind does not fit the type ("given text, expected int") or is out of its range.
inline absl::Status ToWord(const DataType& type, const Value& value, uint64_t* word) {
  if (internal::TryToWord(type.kind(), value, word)) [[likely]]
    return absl::OkStatus();
  return internal::Misfit(type, value);
}

/// The serialized bytes of a value for a column whose type is not a word type. The view points into `value`
/// (which for a uuid holds the bytes itself). Validates: text is UTF-8, ascii is 7-bit, inet is 4 or 16
/// bytes, varint is not empty, decimal has 5 bytes or more, uuid version 1 for timeuuid, a duration is well
/// formed.
absl::Status ToBytes(const DataType& type, const Value& value, std::string_view* bytes);

/// True when `bytes` are a serialized value of a type which is not a word type.
bool IsSerialized(const DataType& type, std::string_view bytes);

/// The inverses. Total functions: any word and any bytes yield some value.
inline Value FromWord(const DataType& type, uint64_t word);
Value FromBytes(const DataType& type, std::string_view bytes);

/// Appends the serialized form of a non-null value of any type. InvalidArgument as above.
absl::Status AppendSerialized(const DataType& type, const Value& value, std::string* out);
/// Reads a serialized value of any type, which views `bytes`; DataLoss when the size or content cannot be of
/// that type.
absl::StatusOr<Value> ParseSerialized(const DataType& type, std::string_view bytes);

/// Appends the serialized bytes of a word, or reads them: `width` is DataType::word_bytes.
inline void AppendWord(size_t width, uint64_t word, std::string* out) {
  char bytes[8];
  StoreBig(bytes, word);
  out->append(bytes + 8 - width, width);
}
inline uint64_t LoadWord(size_t width, const char* bytes) {
  switch (width) {
    case 1:
      return LoadBig<uint8_t>(bytes);
    case 2:
      return LoadBig<uint16_t>(bytes);
    case 4:
      return LoadBig<uint32_t>(bytes);
    default:
      return LoadBig<uint64_t>(bytes);
  }
}

/// A word as a signed integer in the order of the type: sign-extended for the signed types, unbiased for
/// date. Floating-point types are returned as their bits. For encodings and zone maps.
inline int64_t WordToOrdered(TypeKind kind, uint64_t word) {
  switch (kind) {
    case TypeKind::kTinyint:
      return static_cast<int8_t>(word);
    case TypeKind::kSmallint:
      return static_cast<int16_t>(word);
    case TypeKind::kInt:
      return static_cast<int32_t>(word);
    case TypeKind::kDate:
      return static_cast<int64_t>(word) - kDateBias;
    default:
      return static_cast<int64_t>(word);
  }
}
inline uint64_t WordFromOrdered(TypeKind kind, int64_t ordered) {
  switch (kind) {
    case TypeKind::kTinyint:
      return static_cast<uint8_t>(ordered);
    case TypeKind::kSmallint:
      return static_cast<uint16_t>(ordered);
    case TypeKind::kInt:
      return static_cast<uint32_t>(ordered);
    case TypeKind::kDate:
      return static_cast<uint32_t>(ordered + kDateBias);
    default:
      return static_cast<uint64_t>(ordered);
  }
}

// Inline because every cell written or read passes through.

inline bool internal::TryToWord(TypeKind kind, const Value& value, uint64_t* word) {
  switch (kind) {
    case TypeKind::kBoolean:
      *word = value.boolean() ? 1 : 0;
      return value.kind() == Value::Kind::kBoolean;
    case TypeKind::kTinyint:
      return IntegerToWord<int8_t>(value, word);
    case TypeKind::kSmallint:
      return IntegerToWord<int16_t>(value, word);
    case TypeKind::kInt:
      return IntegerToWord<int32_t>(value, word);
    case TypeKind::kBigint:
      return IntegerToWord<int64_t>(value, word);
    case TypeKind::kFloat:
      *word = std::bit_cast<uint32_t>(value.float_value());
      return value.kind() == Value::Kind::kFloat;
    case TypeKind::kDouble:
      *word = std::bit_cast<uint64_t>(value.double_value());
      return value.kind() == Value::Kind::kDouble;
    case TypeKind::kTimestamp:
      *word = static_cast<uint64_t>(value.timestamp().milliseconds);
      return value.kind() == Value::Kind::kTimestamp;
    case TypeKind::kDate:
      *word = static_cast<uint32_t>(value.date().days) + kDateBias;
      return value.kind() == Value::Kind::kDate;
    case TypeKind::kTime:
      *word = static_cast<uint64_t>(value.time().nanoseconds);
      return value.kind() == Value::Kind::kTime && *word <= static_cast<uint64_t>(kTimeNanosecondsMax);
    default:
      return false;
  }
}

inline Value FromWord(const DataType& type, uint64_t word) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Value((word & 1) != 0);
    case TypeKind::kFloat:
      return Value(std::bit_cast<float>(static_cast<uint32_t>(word)));
    case TypeKind::kDouble:
      return Value(std::bit_cast<double>(word));
    case TypeKind::kTimestamp:
      return Value(Timestamp{static_cast<int64_t>(word)});
    case TypeKind::kDate:
      return Value(Date{static_cast<int32_t>(static_cast<uint32_t>(word) - kDateBias)});
    case TypeKind::kTime:
      return Value(Time{static_cast<int64_t>(word)});
    default:
      return Value(WordToOrdered(type.kind(), word));
  }
}

}  // namespace stoa
