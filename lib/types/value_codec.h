// Values in serialized form: the bytes of the CQL native protocol ("Data type serialization formats").
//
// A value of a word type (DataType::is_word) is carried through the engine as a word: its serialized bytes read
// as one big-endian unsigned integer, zero-extended to 64 bits. So int -1 is 0x00000000ffffffff, and comparing
// words as unsigned integers is comparing serialized bytes, which is how ties between cells are decided.
// Values of all other types are carried as their serialized bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/types.h>
#include <stoa/value.h>

namespace stoa {

/// Converts a value for a column of a word type. `value` must not be null. InvalidArgument when the value's
/// kind does not fit the type ("given text, expected int") or is out of its range.
absl::Status ToWord(DataType type, const Value& value, uint64_t* word);

/// The serialized bytes of a value for a column whose type is not a word type. The view points into `value`
/// (which for a uuid holds the bytes itself). Validates: text is UTF-8, ascii is 7-bit, inet is 4 or 16 bytes,
/// varint is not empty, decimal has 5 bytes or more, uuid version 1 for timeuuid, a duration is well formed.
absl::Status ToBytes(DataType type, const Value& value, std::string_view* bytes);

/// The inverses. Total functions: any word and any bytes yield some value.
Value FromWord(DataType type, uint64_t word);
Value FromBytes(DataType type, std::string_view bytes);

/// Appends the serialized form of a non-null value of any type. InvalidArgument as above.
absl::Status AppendSerialized(DataType type, const Value& value, std::string* out);
/// Reads a serialized value of any type; DataLoss when the size or content cannot be of that type.
absl::StatusOr<Value> ParseSerialized(DataType type, std::string_view bytes);

/// A word as a signed integer in the order of the type: sign-extended for the signed types, biased for date.
/// Floating-point types are returned as their bits. For encodings and zone maps.
int64_t WordToOrdered(TypeKind kind, uint64_t word);
uint64_t WordFromOrdered(TypeKind kind, int64_t ordered);

}  // namespace stoa
