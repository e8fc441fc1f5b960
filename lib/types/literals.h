// CQL literals: values as text. For the command line and for tests.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <absl/status/statusor.h>

#include <stoa/types.h>
#include <stoa/value.h>

namespace stoa {

/// A value together with its bytes.
class OwnedValue {
 public:
  /// Null.
  OwnedValue() = default;
  /// REQUIRES that `serialized` is a serialized value of the type.
  OwnedValue(DataType type, std::string serialized)
      : is_null_(false), type_(std::move(type)), serialized_(std::move(serialized)) {}

  /// Views this object: valid until it is moved, changed or destroyed.
  Value value() const&;
  Value value() && = delete;

 private:
  bool is_null_ = true;
  DataType type_ = TypeKind::kBlob;
  std::string serialized_;
};

/// Reads a literal, of which `text` must be all:
///   null                                  of any type
///   true false                            boolean
///   -12                                   the integer types, varint, decimal, float, double
///   1.5 -2e-7                             float, double, decimal (of any size)
///   NaN Infinity -Infinity                float, double
///   'it''s'                               text, ascii
///   0xcafe                                blob
///   '2001-01-31' 2147495001               date; the number is days since 1970 plus 2^31
///   '04:05:06.7' 14706700000000           time; nanoseconds
///   '2001-01-31 04:05' 980913900000       timestamp; milliseconds
///   '127.0.0.1' '::1'                     inet
///   550e8400-e29b-41d4-a716-446655440000  uuid, timeuuid
///   1y2mo3d4h5m6s7ms8us9ns -2w            duration
///   ''                                    the empty value of the types that have one (HasEmptyValue)
///   [1, 2]                                list, vector
///   {1, 2} {}                             set
///   {'a': 1, 'b': 2} {}                   map
///   (1, null, 'x')                        tuple; may end early
///   {street: 'x', "Zip": 1}               user type; fields in any order, those left out are null
/// Dates, times, timestamps (date_time.h) and addresses may also stand without quotes, inside of others only
/// where they hold no colon, comma or bracket. White space may stand between the parts of a literal that is
/// made of others. InvalidArgument, naming text and type, for anything else.
absl::StatusOr<OwnedValue> ParseLiteral(const DataType& type, std::string_view text);

/// The literal for a value of a column of this type; ParseLiteral reads it back as the same serialized bytes
/// (but for redundant leading bytes of a varint and the payload of a NaN; and a user type comes back with all
/// its fields).
std::string FormatLiteral(const DataType& type, const Value& value);

namespace internal {
/// Sets `*serialized` for a literal of a type that is no composite, but null.
absl::Status ParseScalarLiteral(const DataType& type, std::string_view text, std::string* serialized);
}  // namespace internal

}  // namespace stoa
