// Values that go into and come out of tables.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <stoa/types.h>

namespace stoa {

/// Milliseconds since 1970-01-01T00:00:00Z: the CQL type timestamp.
struct Timestamp {
  int64_t milliseconds;
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// Days since 1970-01-01: the CQL type date (which serializes as this plus 2^31).
struct Date {
  int32_t days;
  friend auto operator<=>(const Date&, const Date&) = default;
};

/// Nanoseconds since midnight, 0 to 86,399,999,999,999: the CQL type time.
struct Time {
  int64_t nanoseconds;
  friend auto operator<=>(const Time&, const Time&) = default;
};

/// The 16 bytes of a uuid or timeuuid in network order.
struct Uuid {
  std::array<uint8_t, 16> bytes;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// Months, days and nanoseconds, all of one sign: the CQL type duration.
struct Duration {
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
  friend bool operator==(const Duration&, const Duration&) = default;
};

/// One value of any type, or null. A value does not own bytes: for text, blob, ascii, inet, varint and
/// decimal it is a view of memory that must outlive it; uuids are held inside. 24 bytes; trivially copyable.
///
/// A value knows what kind of C++ value it was made from, not which column it is for. Storing it converts
/// only where nothing can be lost: an integer fits every integer column that can represent it (smallint given
/// 40000 is an error), a string serves text and ascii, bytes serve blob and - as serialized by the CQL native
/// protocol - inet, varint and decimal; uuid serves uuid and timeuuid. Everything else is InvalidArgument,
/// naming column, given and expected type.
class Value {
 public:
  enum class Kind : uint8_t {
    kNull,  ///< as a cell: delete the cell
    kBoolean,
    kInteger,  ///< tinyint, smallint, int, bigint
    kFloat,
    kDouble,
    kText,   ///< text and ascii
    kBytes,  ///< blob, inet, varint, decimal in serialized form
    kTimestamp,
    kDate,
    kTime,
    kUuid,
    kDuration,   ///< serialized form
    kComposite,  ///< list, set, map, tuple, user type, vector: serialized form (stoa/composite.h)
    kEmpty,      ///< the empty byte string, which most types have as a value of its own beside null
    kUnset,      ///< as a cell: leave the cell as it is
  };

  constexpr Value() : kind_(Kind::kNull) {}
  constexpr Value(std::nullptr_t) : Value() {}  // NOLINT
  template <std::same_as<bool> T>               // else every pointer would be a boolean
  constexpr Value(T value) : kind_(Kind::kBoolean), word_(value ? 1 : 0) {}  // NOLINT
  template <typename T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool> &&
           (std::is_signed_v<T> || sizeof(T) < 8)) constexpr Value(T value)
      : kind_(Kind::kInteger), word_(static_cast<uint64_t>(static_cast<int64_t>(value))) {}       // NOLINT
  constexpr Value(float value) : kind_(Kind::kFloat), word_(std::bit_cast<uint32_t>(value)) {}    // NOLINT
  constexpr Value(double value) : kind_(Kind::kDouble), word_(std::bit_cast<uint64_t>(value)) {}  // NOLINT
  constexpr Value(std::string_view text)                                                          // NOLINT
      : kind_(Kind::kText), view_{text.data(), text.size()} {}
  Value(const std::string& text) : Value(std::string_view(text)) {}     // NOLINT
  Value(std::string&& text) = delete;                                   // the value would dangle
  constexpr Value(const char* text) : Value(std::string_view(text)) {}  // NOLINT
  constexpr Value(Timestamp value)
      : kind_(Kind::kTimestamp), word_(static_cast<uint64_t>(value.milliseconds)) {}  // NOLINT
  constexpr Value(Date value)
      : kind_(Kind::kDate), word_(static_cast<uint64_t>(static_cast<int64_t>(value.days))) {}  // NOLINT
  constexpr Value(Time value)
      : kind_(Kind::kTime), word_(static_cast<uint64_t>(value.nanoseconds)) {}  // NOLINT
  constexpr Value(const Uuid& value) : kind_(Kind::kUuid), uuid_(value) {}      // NOLINT
  /// Bytes: a blob, or the serialized form of inet, varint, decimal.
  static constexpr Value Bytes(std::string_view bytes) {
    Value value(bytes);
    value.kind_ = Kind::kBytes;
    return value;
  }
  /// The serialized form of a duration (SerializeDuration).
  static constexpr Value SerializedDuration(std::string_view bytes) {
    Value value(bytes);
    value.kind_ = Kind::kDuration;
    return value;
  }

  /// The serialized form of a collection, tuple, user type or vector, as in the native protocol; elements of
  /// sets and entries of maps in any order (stoa/composite.h makes it).
  static constexpr Value Composite(std::string_view bytes) {
    Value value(bytes);
    value.kind_ = Kind::kComposite;
    return value;
  }
  /// The empty byte string as a value of a type in which it is one of its own, as in Cassandra: all but
  /// tinyint, smallint, date, time, duration, counter, collections and vectors, which refuse it. For text,
  /// ascii and blob it is the empty string.
  static constexpr Value Empty() {
    Value value;
    value.kind_ = Kind::kEmpty;
    return value;
  }
  /// Not for keys, nor inside of other values.
  static constexpr Value Unset() {
    Value value;
    value.kind_ = Kind::kUnset;
    return value;
  }

  Kind kind() const { return kind_; }
  bool is_unset() const { return kind_ == Kind::kUnset; }
  bool is_null() const { return kind_ == Kind::kNull; }

  // Each accessor REQUIRES that kind() matches; the result of another one is unspecified, but defined.
  bool boolean() const { return word_ != 0; }
  int64_t integer() const { return static_cast<int64_t>(word_); }
  float float_value() const { return std::bit_cast<float>(static_cast<uint32_t>(word_)); }
  double double_value() const { return std::bit_cast<double>(word_); }
  std::string_view text() const { return bytes(); }
  /// Views the value's memory; for a uuid, this object's.
  std::string_view bytes() const {
    switch (kind_) {
      case Kind::kText:
      case Kind::kBytes:
      case Kind::kDuration:
      case Kind::kComposite:
        return std::string_view(view_.data, view_.size);
      case Kind::kUuid:
        return std::string_view(reinterpret_cast<const char*>(uuid_.bytes.data()), uuid_.bytes.size());
      default:
        return std::string_view();
    }
  }
  Timestamp timestamp() const { return Timestamp{integer()}; }
  Date date() const { return Date{static_cast<int32_t>(integer())}; }
  Time time() const { return Time{integer()}; }
  Uuid uuid() const { return kind_ == Kind::kUuid ? uuid_ : Uuid{}; }
  /// Zero when the bytes are not a serialized duration.
  Duration duration() const;

  /// For messages and examples: CQL literal syntax, for example 'text', 0xcafe, '2001-01-31'. Values given as
  /// bytes are shown as a blob, whatever they serve for.
  std::string ToString() const;

  /// Same kind and same content; floating point by bits.
  friend bool operator==(const Value& a, const Value& b);

 private:
  struct View {
    const char* data;
    size_t size;
  };

  Kind kind_;
  union {
    uint64_t word_ = 0;
    View view_;
    Uuid uuid_;
  };
};

/// The bytes of a duration, for Value::SerializedDuration: three signed vints, as in the native protocol.
std::string SerializeDuration(const Duration& duration);

/// A list of values passed to a function: written as {1, "a"} or made from a vector, array or span. A view.
class Values {
 public:
  Values() = default;
  Values(std::initializer_list<Value> values) : values_(values.begin(), values.size()) {}
  Values(std::span<const Value> values) : values_(values) {}     // NOLINT
  Values(const std::vector<Value>& values) : values_(values) {}  // NOLINT

  size_t size() const { return values_.size(); }
  bool empty() const { return values_.empty(); }
  const Value& operator[](size_t i) const { return values_[i]; }
  const Value* begin() const { return values_.data(); }
  const Value* end() const { return values_.data() + values_.size(); }

 private:
  std::span<const Value> values_;
};

}  // namespace stoa
