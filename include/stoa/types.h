// CQL types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
  kList = 32,
  kSet = 33,
  kMap = 34,
  kTuple = 35,
  kUserType = 36,
  kVector = 37,
  kCounter = 38,
};

class DataType;

/// A field of a user type.
struct TypeField;

/// A type: its kind and, for types built from others, those. Cheap to copy; immutable; thread-safe.
///
/// A list, set, map or user type that is not frozen is *multi-cell*: as the type of a column its elements are
/// cells of their own, with timestamps and expiry of their own. Frozen, it is one value, written and read as
/// a whole. Tuples and vectors are always frozen, and what is inside a frozen type is frozen with it. Types
/// can be put together that no column can have (a set of durations, a list that is not frozen in another);
/// schemas refuse those.
class DataType {
 public:
  /// A scalar type, for example DataType(TypeKind::kInt). Implicit, so that schemas read well.
  constexpr DataType(TypeKind kind) : kind_(kind) {}  // NOLINT(google-explicit-constructor)

  // Types built from others; the collections and user types not frozen.
  static DataType List(DataType element);
  static DataType Set(DataType element);
  static DataType Map(DataType key, DataType value);
  static DataType Tuple(std::vector<DataType> components);
  static DataType Vector(DataType element, uint32_t dimension);
  static DataType UserType(std::string_view name, std::vector<TypeField> fields);
  /// The same type, frozen with everything in it.
  DataType Frozen() const;

  constexpr TypeKind kind() const { return kind_; }
  /// The element type of a list, set or vector; key and value type of a map; the components of a tuple; the
  /// types of a user type's fields; empty for a scalar.
  const std::vector<DataType>& parameters() const;
  /// Of a user type its name and the names of its fields; else empty.
  const std::string& user_type_name() const;
  const std::vector<std::string>& field_names() const;
  /// Of a vector; else 0.
  uint32_t dimension() const;

  /// List, set or map.
  constexpr bool is_collection() const {
    return kind_ == TypeKind::kList || kind_ == TypeKind::kSet || kind_ == TypeKind::kMap;
  }
  bool is_frozen() const;
  bool is_multi_cell() const { return (is_collection() || kind_ == TypeKind::kUserType) && !is_frozen(); }
  /// True when a column of this type holds several cells in a row: multi-cell types and counters.
  bool is_complex() const { return kind_ == TypeKind::kCounter || is_multi_cell(); }
  /// True when values are made of values (Value::Kind::kComposite).
  constexpr bool is_composite() const { return kind_ >= TypeKind::kList && kind_ <= TypeKind::kVector; }
  /// Tuple or user type: values have components, which may be null or missing at the end.
  constexpr bool has_components() const { return kind_ == TypeKind::kTuple || kind_ == TypeKind::kUserType; }

  /// Types inside one another, this one included: 1 for a scalar.
  size_t depth() const;
  /// All types in it, itself included: 1 for a scalar. SIZE_MAX when there are more than that.
  size_t part_count() const;

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

  /// As Cassandra 5 writes it, for example "map<text, frozen<list<int>>>": "frozen" stands around every
  /// frozen type but vectors, so a tuple is "frozen<tuple<int, text>>"; a user type is there by its name, in
  /// quotes where CQL needs them or the name is that of another type.
  std::string ToString() const;
  /// Finds user types by name for Parse; null when there is none. Names come as CQL means them: in lower case
  /// unless quoted, without the quotes, "keyspace.name" when a keyspace was given.
  using Resolver = std::function<const DataType*(std::string_view name)>;
  /// The inverse of ToString, with white space anywhere and names of types in any letter case; "varchar" is
  /// another name of text, and "frozen" may be left out around tuples. A type is not frozen unless it says
  /// so or is inside one that is. InvalidArgument, naming the place, for an unknown name, for what is not a
  /// type's description, and for types beyond kTypeDepthMax or kTypePartsMax.
  static absl::StatusOr<DataType> Parse(std::string_view text, const Resolver& resolver = nullptr);

  /// Same kind, parameters, names and frozenness.
  friend bool operator==(const DataType& a, const DataType& b);

 private:
  struct Composite;
  DataType(TypeKind kind, Composite composite);

  TypeKind kind_;
  std::shared_ptr<const Composite> composite_;  // null: a scalar
};

struct TypeField {
  std::string name;
  DataType type;
};

/// Limits of types, each tested from both sides.
inline constexpr size_t kTypeDepthMax = 32;           // types inside one another, the outermost included
inline constexpr size_t kTypePartsMax = 1'000'000;    // types in one type, itself included
inline constexpr size_t kTupleComponentsMax = 65535;  // also the fields of a user type
// Cassandra 5 has no limit unless its guardrail is on; its indexes take 8192.
inline constexpr uint32_t kVectorDimensionMax = 8192;

}  // namespace stoa
