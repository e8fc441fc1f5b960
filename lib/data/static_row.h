// The static row: the cells of a partition's static columns, as a row of their own before all others. It
// never has a marker or a deletion of its own; no range deletion reaches it, a partition deletion does.
// Writes and storage treat it as a row like any other; reading takes it apart again (read/static_join.h).
#pragma once

#include <string_view>

#include "types/byte_comparable.h"

namespace stoa {

/// Its clustering key.
inline std::string_view StaticRowKey() { return std::string_view(&kStaticRowKey, 1); }

inline bool IsStaticRow(std::string_view clustering) { return clustering == StaticRowKey(); }

}  // namespace stoa
