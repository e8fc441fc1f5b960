// What every schema fulfils, however it came about: built, altered, or read from the catalog.
#pragma once

#include <absl/status/status.h>

#include <stoa/schema.h>

namespace stoa {

inline constexpr int32_t kTimeToLiveSecondsMax = 630'720'000;  // 20 years, Cassandra's limit
inline constexpr int64_t kGcGraceSecondsMax =
    2'147'483'647;  // so that sums with times of 32 bits cannot overflow

/// InvalidArgument, naming the table, the column, what is wrong and what is allowed, unless
///   - the table's name and each of the one or two parts of it are well-formed, and so is every column's
///   name;
///   - there is a partition key, no key column has a type that cannot be a key, and there are at most
///   kColumnsMax
///     columns;
///   - no name occurs twice; ids ascend over partition key and clustering columns, then over static and over
///     regular columns, from 1 or more to less than next_column_id(), and none occurs twice;
///   - static columns have a clustering column beside them;
///   - if one column outside of the key is a counter, all are, and there is no default time to live;
///   - the options are in range.
absl::Status ValidateSchema(const TableSchema& schema);

}  // namespace stoa
