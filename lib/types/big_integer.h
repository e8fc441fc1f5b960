// Integers of any size: serialized (big-endian two's complement, the CQL type varint) and as decimal text.
#pragma once

#include <string>
#include <string_view>

namespace stoa {

/// The same number without redundant leading bytes. `varint` must not be empty.
std::string_view MinimalVarint(std::string_view varint);

/// Decimal digits, after '-' when negative. Time is quadratic in the size. `varint` must not be empty.
std::string VarintToText(std::string_view varint);

/// The minimal serialized form. REQUIRES that `text` is one digit or more, optionally after '-'.
std::string VarintFromText(std::string_view text);

}  // namespace stoa
