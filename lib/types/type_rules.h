// Which types may be put together, and where they may stand.
#pragma once

#include <string_view>

#include <absl/status/status.h>

#include <stoa/types.h>

namespace stoa {

/// OK when a column may have this type. InvalidArgument, naming the type, the place in it and the limit, for
/// what Cassandra refuses as well - a list, set, map or user type that is not frozen inside another type, a
/// duration as the element of a set or the key of a map, a counter inside another type, a vector of dimension
/// 0, a tuple or user type without components - and for a type beyond the limits of stoa/types.h, or a user
/// type of which the name or a field's name is not well-formed (ValidateName) or occurs twice.
absl::Status ValidateType(const DataType& type);

/// OK when `type`, a user type that is not frozen, may be created: as ValidateType, but its fields may be
/// lists, sets and maps that are not frozen. A column can have such a type only frozen.
absl::Status ValidateUserType(const DataType& type);

/// False for what no column of a primary key can have: a duration or a counter, or a duration anywhere inside
/// another type, and types of several cells. REQUIRES a type that ValidateType accepts.
bool CanBeKey(const DataType& type);

/// Whether its values are floating-point numbers, some of which are neither less nor greater than others.
inline bool IsFloating(TypeKind kind) { return kind == TypeKind::kFloat || kind == TypeKind::kDouble; }

/// Of a keyspace, table, column, user type or field. InvalidArgument, beginning with `whose` the name is,
/// unless it has 1 to kNameBytesMax letters, digits and underscores.
absl::Status ValidateName(std::string_view whose, std::string_view name);
/// The same for "name" or "keyspace.name".
absl::Status ValidateQualifiedName(std::string_view whose, std::string_view name);
/// A name that may hold anything, made fit for a message.
std::string PrintableName(std::string_view name);

}  // namespace stoa
