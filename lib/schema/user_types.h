// User types within other types and within schemas. Pure functions.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/schema.h>

namespace stoa {

/// The user types of a database, none frozen, by name.
using UserTypes = std::map<std::string, DataType, std::less<>>;

/// The user type of this name that `type` is or has inside; null if there is none. Lives as long as `type`.
const DataType* FindUserType(const DataType& type, std::string_view name);
inline bool UsesUserType(const DataType& type, std::string_view name) {
  return FindUserType(type, name) != nullptr;
}

/// True when a column's type does.
bool UsesUserType(const TableSchema& schema, std::string_view name);

/// `type` with `changed` in the place of every user type of its name, frozen where that was.
DataType WithUserType(const DataType& type, const DataType& changed);

/// The type after `alteration`. InvalidArgument, naming type and field, when a step does not apply.
absl::StatusOr<DataType> AlterUserType(const DataType& type, const TypeAlteration& alteration);

/// InvalidArgument, beginning with `whose` type it is, unless every user type in `type` is the one in
/// `known`.
absl::Status CheckUserTypes(std::string_view whose, const DataType& type, const UserTypes& known);
/// The same for all columns.
absl::Status CheckUserTypes(const TableSchema& schema, const UserTypes& known);

}  // namespace stoa
