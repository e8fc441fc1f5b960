// CQL types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace stoa {

/// The kinds of CQL types. The numbers are stored on disk and never change.
enum class TypeKind : uint8_t {
  kAscii = 1,
  kBigint = 2,
  kBlob = 3,
  kBoolean = 4,
  kDate = 5,
  kDecimal = 6,
  kDouble = 7,
  kDuration = 8,
  kFloat = 9,
  kInet = 10,
  kInt = 11,
  kSmallint = 12,
  kText = 13,
  kTime = 14,
  kTimestamp = 15,
  kTimeuuid = 16,
  kTinyint = 17,
  kUuid = 18,
  kVarint = 19,
  // Numbers taken for types with parameters: 32 list, 33 set, 34 map, 35 tuple, 36 user type, 37 vector,
  // 38 counter.
};

/// A type: its kind and, for types built from others, those. Cheap to copy; immutable; thread-safe.
class DataType {
 public:
  /// A scalar type, for example DataType(TypeKind::kInt). Implicit, so that schemas read well.
  constexpr DataType(TypeKind kind) : kind_(kind) {}  // NOLINT(google-explicit-constructor)

  constexpr TypeKind kind() const { return kind_; }
  /// The element types of a collection or tuple; empty for a scalar.
  const std::vector<DataType>& parameters() const;

  /// True when values are held as one machine word: boolean, the integers up to 64 bits, the times and dates,
  /// float and double.
  constexpr bool is_word() const { return word_bytes() != 0; }
  /// Bytes of a serialized value for a word type: 1, 2, 4 or 8; 0 for any other type.
  constexpr size_t word_bytes() const {
    switch (kind_) {
      case TypeKind::kBoolean:
      case TypeKind::kTinyint:
        return 1;
      case TypeKind::kSmallint:
        return 2;
      case TypeKind::kInt:
      case TypeKind::kDate:
      case TypeKind::kFloat:
        return 4;
      case TypeKind::kBigint:
      case TypeKind::kTime:
      case TypeKind::kTimestamp:
      case TypeKind::kDouble:
        return 8;
      default:
        return 0;
    }
  }

  /// The name as CQL writes it, for example "timeuuid".
  std::string ToString() const;
  /// The inverse of ToString, in any letter case; "varchar" is another name of text. InvalidArgument for an
  /// unknown name, naming it.
  static absl::StatusOr<DataType> Parse(std::string_view text);

  friend bool operator==(const DataType& a, const DataType& b);

 private:
  TypeKind kind_;
  std::shared_ptr<const std::vector<DataType>> parameters_;
};

}  // namespace stoa
