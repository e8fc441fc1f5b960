// Values in serialized form: the bytes of the CQL native protocol ("Data type serialization formats").
//
// A value of a word type (DataType::is_word) is carried through the engine as a word: its serialized bytes
// read as one big-endian unsigned integer, zero-extended to 64 bits. So int -1 is 0x00000000ffffffff, and
// comparing words as unsigned integers is comparing serialized bytes, which is how ties between cells are
// decided. Values of all other types are carried as their serialized bytes.
//
// Most types have one value more, the empty byte string. As bytes it is nothing special; beside words it is
// carried as a flag.
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

/// Converts a value for a column of a word type. InvalidArgument when the value's kind does not fit the type
/// ("given text, expected int") or is out of its range, and for null, unset and the empty value
/// (IsEmptyValue), which are no words.
inline absl::Status ToWord(const DataType& type, const Value& value, uint64_t* word) {
  if (internal::TryToWord(type.kind(), value, word)) [[likely]]
    return absl::OkStatus();
  return internal::Misfit(type, value);
}

/// True when the empty byte string is a value of its own in this type (Value::Empty), as in Cassandra. Of
/// text, ascii and blob it is the empty string; of tinyint, smallint, date, time, duration, collections and
/// vectors it is no value at all.
inline bool HasEmptyValue(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kBigint:
    case TypeKind::kBoolean:
    case TypeKind::kDecimal:
    case TypeKind::kDouble:
    case TypeKind::kFloat:
    case TypeKind::kInet:
    case TypeKind::kInt:
    case TypeKind::kTimestamp:
    case TypeKind::kTimeuuid:
    case TypeKind::kTuple:
    case TypeKind::kUserType:
    case TypeKind::kUuid:
    case TypeKind::kVarint:
      return true;
    default:
      return false;
  }
}
/// True when `value` is that value: Value::Empty() or, for types given in serialized form, no bytes. It has
/// no word; who stores values of word types keeps it as a flag (Cell::empty).
inline bool IsEmptyValue(const DataType& type, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kEmpty:
      return HasEmptyValue(type);
    case Value::Kind::kBytes:
      return value.bytes().empty() && !type.is_word() && !type.is_composite() && HasEmptyValue(type) &&
             type.kind() != TypeKind::kUuid && type.kind() != TypeKind::kTimeuuid;
    case Value::Kind::kComposite:
      return value.bytes().empty() && type.has_components();
    default:
      return false;
  }
}

/// The serialized bytes of a value for a column whose type is not a word type, in the form in which they are
/// stored (of composites composite_codec.h tells which). The view points into `value` (which for a uuid holds
/// the bytes itself) or, where that form had to be made, into `*scratch`. InvalidArgument when the value's
/// kind does not fit the type, or its content: text must be UTF-8, ascii 7-bit, inet of 0, 4 or 16 bytes,
/// decimal of 0 or 5 bytes or more, timeuuid of version 1, a duration well-formed, the elements of a
/// composite values of their types.
absl::Status ToBytes(const DataType& type, const Value& value, std::string* scratch, std::string_view* bytes);

/// True when `bytes` are a serialized value of the type; of a composite one perhaps not the form that ToBytes
/// gives it.
bool IsSerialized(const DataType& type, std::string_view bytes);

/// The inverses. Total functions: any word and any bytes yield some value.
inline Value FromWord(const DataType& type, uint64_t word);
Value FromBytes(const DataType& type, std::string_view bytes);

/// Appends the serialized form of a value of any type but null and unset. InvalidArgument as above.
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
