// Values made of values: collections, tuples, user types and vectors.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include <stoa/types.h>
#include <stoa/value.h>

namespace stoa {

/// A key and its value, of a map.
struct MapEntry {
  Value key;
  Value value;
};

/// The bytes of a value of `type`, for Value::Composite: a list, set or vector of these elements, or a tuple
/// or user type of these components (fewer than it has: the last are null; none at all: the empty value).
/// Elements may come in any order: a set is stored in the order of its type, each element once.
/// InvalidArgument, naming the element's place, given and expected type, when an element does not fit, is
/// null (only components may be) or unset, or has more bytes than a cell may hold; when an element of a set
/// has more than kKeyBytesMax bytes where that is a limit (varint; of a decimal 4,096); when a vector has
/// another dimension, a tuple too many components; or when `type` is none of these.
absl::StatusOr<std::string> SerializeComposite(const DataType& type, Values elements);

/// The same for a map, in the order of its keys; of entries with equal keys the last counts.
absl::StatusOr<std::string> SerializeMap(const DataType& type, std::span<const MapEntry> entries);

/// Goes through the elements of a composite value: of a map alternately key and value, of a tuple or user
/// type all components (null where the value has fewer than the type):
///
///     CompositeReader tags(type, row[0]);
///     for (Value tag; tags.Next(&tag);) ...
///
/// Views the value's bytes, which must outlive it and everything it hands over. Not thread-safe.
class CompositeReader {
 public:
  /// `value` was read from a column of this type, frozen or not, or serialized for it. Null and empty values
  /// have no elements, but those of tuples and user types have all their components, which are null.
  CompositeReader(DataType type, const Value& value);

  /// Elements in all: of a map keys and values both.
  size_t size() const { return size_; }
  /// The next element; false at the end, and where bytes do not follow the type (then ok() is false).
  bool Next(Value* element);
  bool ok() const { return ok_; }

 private:
  DataType type_;
  std::string_view rest_;
  size_t size_ = 0;
  size_t next_ = 0;
  bool ok_ = true;
};

}  // namespace stoa
