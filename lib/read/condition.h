// Whether conditions of a conditional write hold.
#pragma once

#include <string_view>

#include <absl/status/statusor.h>

#include <stoa/conditional_write.h>

namespace stoa {

/// Compares two serialized values in the order of the type: below 0, 0, or above. An empty value is less than
/// every other. What is made of several values is compared value by value, null being the least, then by
/// their number. Values that are not equal as bytes may be equal in order (decimals 1.0 and 1.00).
/// InvalidArgument where bytes do not follow the type, or a decimal is too long to be compared.
absl::StatusOr<int> CompareSerialized(const DataType& type, std::string_view a, std::string_view b);

/// True when the order of values of this type is defined: not of durations and what contains them. Equality
/// always is.
bool IsOrdered(const DataType& type);

/// The type of what the condition compares, on a column of type `column`.
DataType ComparedType(const Conditions::Comparand& condition, const DataType& column);

/// True of kContains and kContainsKey, which ask about what a collection holds.
bool AsksForContent(ConditionOperator comparison);

/// The type of the values given to a condition that compares something of type `compared`: the same, but the
/// type of elements, of a map of values or keys, where a collection is asked what it contains.
DataType GivenType(ConditionOperator comparison, const DataType& compared);

/// Whether `current`, the value of a column of this type, which may be null, satisfies the condition.
absl::StatusOr<bool> Holds(const Conditions::Comparand& condition, const DataType& column,
                           const Value& current);

}  // namespace stoa
