// Literals of collections, tuples, user types and vectors (literals.h).
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>

#include <stoa/types.h>

namespace stoa {

/// Sets `*serialized` to the canonical form of a literal that is not null.
absl::Status ParseCompositeLiteral(const DataType& type, std::string_view text, std::string* serialized);

/// REQUIRES a serialized value of the type.
std::string FormatCompositeLiteral(const DataType& type, std::string_view bytes);

}  // namespace stoa
