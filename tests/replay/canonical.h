// Values that mean the same, as one.
#pragma once

#include <string>
#include <string_view>

#include <stoa/types.h>

namespace stoa::replay {

/// The serialized value without what keys, elements of sets and keys of maps do not keep in Stoa: the scale
/// of decimals, and nulls at the end of tuples and user types.
std::string Canonical(const DataType& type, std::string_view bytes);

}  // namespace stoa::replay
