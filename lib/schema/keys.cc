#include "schema/keys.h"

#include <algorithm>

#include "base/coding.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "types/byte_comparable.h"
#include "types/comparable_numbers.h"
#include "types/composite_codec.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

std::string KeyName(const TableSchema& schema, std::string_view key, const std::vector<Column>& columns) {
  std::string names;
  for (const Column& column : columns) names += StrCat(names.empty() ? "" : ", ", column.name);
  return StrCat("table ", schema.name(), ": ", key, " (", names, ")");
}

absl::Status WrongCount(const TableSchema& schema, std::string_view key, const std::vector<Column>& columns,
                        size_t given) {
  return InvalidArgument(KeyName(schema, key, columns), " has ", columns.size(), " columns, given ", given,
                         " values");
}

absl::Status WrongSize(const TableSchema& schema, std::string_view key, const std::vector<Column>& columns,
                       size_t given, size_t least) {
  return InvalidArgument(KeyName(schema, key, columns), ": given ", given, " bytes, allowed are ", least,
                         " to ", kKeyBytesMax);
}

absl::Status NotAKey(const TableSchema& schema, std::string_view key, const std::vector<Column>& columns,
                     std::string_view bytes) {
  return absl::DataLossError(
      StrCat(KeyName(schema, key, columns), ": ", bytes.size(), " bytes are not a key: 0x", HexDump(bytes)));
}

/// One component of a key of several columns. The length is filled in when it is known.
absl::Status AppendPartitionComponent(const DataType& type, const Value& value, std::string* out) {
  const size_t start = out->size();
  out->append(2, '\0');
  STOA_RETURN_IF_ERROR(AppendSerialized(type, value, out));
  const size_t size = out->size() - start - 2;
  if (size > kKeyBytesMax) {
    return InvalidArgument("given ", size, " bytes, expected at most ", kKeyBytesMax, " in a key");
  }
  StoreBig(out->data() + start, static_cast<uint16_t>(size));
  out->push_back('\0');
  return absl::OkStatus();
}

absl::Status AppendPartitionComponents(const TableSchema& schema, Values values, std::string* out) {
  const std::vector<Column>& columns = schema.partition_key();
  if (values.size() != columns.size()) return WrongCount(schema, "partition key", columns, values.size());
  const size_t start = out->size();
  for (size_t i = 0; i < columns.size(); ++i) {
    absl::Status status = columns.size() == 1 ? AppendSerialized(columns[i].type, values[i], out)
                                              : AppendPartitionComponent(columns[i].type, values[i], out);
    if (!status.ok()) [[unlikely]] {
      return ColumnError(schema, columns[i], status);
    }
  }
  const size_t size = out->size() - start;
  if (size == 0 || size > kKeyBytesMax) [[unlikely]] {
    return WrongSize(schema, "partition key", columns, size, 1);
  }
  return absl::OkStatus();
}

/// A component with its marker.
absl::Status AppendClusteringComponent(const Column& column, const Value& value, std::string* out,
                                       size_t* counted_bytes) {
  if (const size_t width = column.type.word_bytes(); width != 0) {
    char bytes[1 + sizeof(uint64_t)] = {kComponentMarker};
    if (StoreComparableWord(column.type, column.order, value, bytes + 1)) [[likely]] {
      out->append(bytes, 1 + width);
      *counted_bytes += width;
      return absl::OkStatus();
    }
  }
  if (IsEmptyValue(column.type, value)) [[unlikely]] {
    out->push_back(EmptyMarker(column.order));
    return absl::OkStatus();
  }
  out->push_back(kComponentMarker);
  return AppendComparable(column.type, column.order, value, out, counted_bytes);
}

absl::Status AppendClusteringComponents(const TableSchema& schema, Values values, std::string* out) {
  const std::vector<Column>& columns = schema.clustering();
  size_t counted_bytes = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    absl::Status status = AppendClusteringComponent(columns[i], values[i], out, &counted_bytes);
    if (!status.ok()) [[unlikely]] {
      return ColumnError(schema, columns[i], status);
    }
  }
  if (counted_bytes > kKeyBytesMax) [[unlikely]] {
    return WrongSize(schema, "clustering key", columns, counted_bytes, 0);
  }
  return absl::OkStatus();
}

/// The components and then `end`, or nothing.
absl::Status AppendClustering(const TableSchema& schema, Values values, char end, std::string* out) {
  const size_t start = out->size();
  absl::Status status = AppendClusteringComponents(schema, values, out);
  if (status.ok()) [[likely]] {
    out->push_back(end);
  } else {
    out->resize(start);
  }
  return status;
}

/// Whether valid bytes are those that AppendPartitionKey writes.
bool IsCanonical(const DataType& type, std::string_view bytes) {
  std::string scratch;
  std::string_view canonical = bytes;
  if (type.is_composite() && !CanonicalComposite(type, bytes, &scratch, &canonical).ok()) return false;
  return canonical.data() == bytes.data();
}

bool TakeMarker(char marker, std::string_view* bytes) {
  if (bytes->empty() || bytes->front() != marker) return false;
  bytes->remove_prefix(1);
  return true;
}

/// Decodes the value of a component of which the marker has been taken. Storage moves while it grows, so a
/// value which will view it is first only put down as the place where its bytes end. What it counts for in
/// the limit of a key is what AppendComparable counts.
bool DecodeClusteringComponent(const Column& column, std::string_view* key, std::string* storage,
                               Value* value, size_t* counted_bytes) {
  const DataType& type = column.type;
  if (const size_t width = type.word_bytes(); width != 0) {
    uint64_t word = 0;
    if (!DecodeComparableWord(type, column.order, key, &word)) return false;
    *value = FromWord(type, word);
    *counted_bytes += width;
    return true;
  }
  const size_t start = storage->size();
  if (!DecodeComparable(type, column.order, key, storage)) return false;
  *value = static_cast<int64_t>(storage->size());
  const size_t size = storage->size() - start;
  *counted_bytes += type.kind() == TypeKind::kDecimal ? std::max(size, kShortDecimalBytesMax) : size;
  return true;
}

/// Decodes into `storage` and, unless it is null, the array `values`, as DecodeClusteringComponent.
bool DecodeClusteringComponents(const std::vector<Column>& columns, std::string_view key,
                                std::string* storage, Value* values) {
  size_t counted_bytes = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    Value value = Value::Empty();
    if (TakeMarker(kComponentMarker, &key)) [[likely]] {
      if (!DecodeClusteringComponent(columns[i], &key, storage, &value, &counted_bytes)) return false;
    } else if (!HasEmptyValue(columns[i].type) || !TakeMarker(EmptyMarker(columns[i].order), &key)) {
      return false;
    }
    if (values != nullptr) values[i] = value;
  }
  return TakeMarker(kRowEnd, &key) && key.empty() && counted_bytes <= kKeyBytesMax;
}

}  // namespace

absl::Status AppendPartitionKey(const TableSchema& schema, Values values, std::string* out) {
  const size_t start = out->size();
  absl::Status status = AppendPartitionComponents(schema, values, out);
  if (!status.ok()) [[unlikely]] {
    out->resize(start);
  }
  return status;
}

absl::Status AppendClusteringKey(const TableSchema& schema, Values values, std::string* out) {
  if (values.size() != schema.clustering().size()) [[unlikely]] {
    return WrongCount(schema, "clustering key", schema.clustering(), values.size());
  }
  return AppendClustering(schema, values, kRowEnd, out);
}

absl::Status AppendClusteringBound(const TableSchema& schema, Values prefix, BoundSide side,
                                   std::string* out) {
  if (prefix.size() > schema.clustering().size()) [[unlikely]] {
    return WrongCount(schema, "clustering key", schema.clustering(), prefix.size());
  }
  return AppendClustering(schema, prefix, side == BoundSide::kBefore ? kBoundBefore : kBoundAfter, out);
}

absl::Status DecodePartitionKey(const TableSchema& schema, std::string_view key, std::vector<Value>* values) {
  const std::vector<Column>& columns = schema.partition_key();
  values->clear();
  Decoder decoder(key);
  bool valid = !key.empty() && key.size() <= kKeyBytesMax;
  for (size_t i = 0; i < columns.size() && valid; ++i) {
    std::string_view bytes = key;
    if (columns.size() > 1) {
      uint16_t size = 0;
      uint8_t end = 0;
      valid = decoder.Big(&size) && decoder.Bytes(size, &bytes) && decoder.Big(&end) && end == 0;
    }
    if (!valid) break;
    absl::StatusOr<Value> value = ParseSerialized(columns[i].type, bytes);
    valid = value.ok() && IsCanonical(columns[i].type, bytes);
    if (valid) values->push_back(*value);
  }
  if (valid && (columns.size() == 1 || decoder.Done())) return absl::OkStatus();
  return NotAKey(schema, "partition key", columns, key);
}

absl::Status DecodeClusteringKey(const TableSchema& schema, std::string_view key, std::string* storage,
                                 std::vector<Value>* values) {
  const std::vector<Column>& columns = schema.clustering();
  storage->clear();
  values->resize(columns.size());
  if (!DecodeClusteringComponents(columns, key, storage, values->data())) {
    return NotAKey(schema, "clustering key", columns, key);
  }
  size_t start = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type.is_word() || (*values)[i].kind() == Value::Kind::kEmpty) continue;
    const auto end = static_cast<size_t>((*values)[i].integer());
    (*values)[i] = FromBytes(columns[i].type, std::string_view(*storage).substr(start, end - start));
    start = end;
  }
  return absl::OkStatus();
}

bool IsClusteringKey(const TableSchema& schema, std::string_view key) {
  std::string storage;
  return DecodeClusteringComponents(schema.clustering(), key, &storage, nullptr);
}

absl::Status ColumnError(const TableSchema& schema, const Column& column, const absl::Status& error) {
  return absl::Status(error.code(), ToAbsl(StrCat("table ", schema.name(), ": column ", column.name, ": ",
                                                  FromAbsl(error.message()))));
}

}  // namespace stoa
