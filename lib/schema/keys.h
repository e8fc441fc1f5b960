// Keys of a table as the bytes that the engine works with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include <stoa/schema.h>
#include <stoa/value.h>

namespace stoa {

/// Appends the serialized partition key: for one column its serialized value; for several, for each a 2-byte
/// big-endian length, the value and a 0 byte (Cassandra's CompositeType). InvalidArgument, naming table,
/// column, given and expected type, when the number or kind of values does not fit or a value is null or
/// unset; when the key is empty (as one of several columns may be) or longer than kKeyBytesMax. On error
/// `*out` is as before.
absl::Status AppendPartitionKey(const TableSchema& schema, Values values, std::string* out);

/// Appends a row's clustering key (byte_comparable.h): all components, then kRowEnd. Errors as above, but a
/// clustering key may be empty, and the limit is on the sum of the serialized values, as in Cassandra (of
/// which a decimal counts for 12 bytes at least, and a tuple or user type with all its components): the key
/// itself may be longer.
absl::Status AppendClusteringKey(const TableSchema& schema, Values values, std::string* out);

enum class BoundSide : uint8_t { kBefore, kAfter };

/// Appends a bound before or after all rows whose key begins with `prefix` (0 to all components).
absl::Status AppendClusteringBound(const TableSchema& schema, Values prefix, BoundSide side,
                                   std::string* out);

/// The column values of a key. `values` receives one Value per key column, which view `*storage` (or, for a
/// partition key, `key`). DataLoss when the bytes are not a key of this schema.
absl::Status DecodePartitionKey(const TableSchema& schema, std::string_view key, std::vector<Value>* values);
absl::Status DecodeClusteringKey(const TableSchema& schema, std::string_view key, std::string* storage,
                                 std::vector<Value>* values);

/// True when `key` is a well-formed clustering key (not a bound) of the schema; for input from files.
bool IsClusteringKey(const TableSchema& schema, std::string_view key);

/// An error about a value (types/value_codec.h) as an error about a column, for example "table flights:
/// column delay: given text, expected int".
absl::Status ColumnError(const TableSchema& schema, const Column& column, const absl::Status& error);

}  // namespace stoa
