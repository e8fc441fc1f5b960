// Whether conditions of a conditional write hold.
#pragma once

#include <string_view>

#include <absl/status/statusor.h>

#include <stoa/conditional_write.h>

namespace stoa {

/// Compares two serialized values in the order of the type: below 0, 0, or above. An empty value is less than
/// every other. Values that are not equal as bytes may be equal in order (decimals 1.0 and 1.00).
/// InvalidArgument where bytes do not follow the type, or a decimal is too long to be compared.
absl::StatusOr<int> CompareSerialized(const DataType& type, std::string_view a, std::string_view b);

/// True when the order of values of this type is defined: not of durations and what contains them. Equality
/// always is.
bool IsOrdered(const DataType& type);

/// Whether `current`, which may be null, satisfies the condition on a column of this type.
absl::StatusOr<bool> Holds(const Conditions::Comparand& condition, const DataType& type,
                           const Value& current);

}  // namespace stoa
