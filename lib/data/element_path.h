// Paths of the elements of complex cells (data/complex_cell.h), by the type of their column: what tells one
// element from another, and orders them.
//
//     set        the element, byte-comparable (types/byte_comparable.h)
//     map        the key, byte-comparable
//     user type  the place of the field, 2 bytes, big-endian
//     list       its place in time: made when it is committed (complex_cell.h)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/types.h>
#include <stoa/value.h>

namespace stoa {

/// Appends the path of a set's element or a map's entry. `key`: the serialized element or key, composites in
/// canonical form. InvalidArgument when it has more than kKeyBytesMax bytes.
absl::Status AppendKeyPath(const DataType& type, std::string_view key, std::string* path);
/// The same for a value. InvalidArgument also when it is no value of the type, null, or unset.
absl::Status AppendKeyPath(const DataType& type, const Value& key, std::string* path);
/// Appends the path of a user type's field.
void AppendFieldPath(size_t field, std::string* path);

/// Appends the serialized element or key that a path was made of; false when it is no path of a set or map of
/// this type.
bool DecodeKeyPath(const DataType& type, std::string_view path, std::string* key);
/// The place of the field; false when it is no path of this user type.
bool DecodeFieldPath(const DataType& type, std::string_view path, size_t* field);

}  // namespace stoa
