// Creates, changes, encodes and decodes schemas. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <stoa/schema.h>

#include "base/coding.h"

namespace stoa {

class SchemaEditor {
 public:
  /// The schema of a new table: `described` with its id, and column ids counted from 1.
  static TableSchema Create(TableId id, const TableSchema& described);

  /// The next version of `schema`. InvalidArgument naming table and column when a step does not apply; then
  /// nothing is changed.
  static absl::StatusOr<TableSchema> Apply(const TableSchema& schema, const TableAlteration& alteration);

  /// The next version of `schema`, with `changed` as the user type of its name. InvalidArgument when a column
  /// cannot have it.
  static absl::StatusOr<TableSchema> WithType(const TableSchema& schema, const DataType& changed);

  /// Catalog record: self-contained, described in schema_record.cc.
  static void Encode(const TableSchema& schema, std::string* out);
  /// InvalidArgument when the bytes are not a valid schema (the caller knows the file and says so).
  static absl::StatusOr<TableSchema> Decode(std::string_view bytes);

 private:
  static absl::Status ApplyStep(const TableAlteration::Step& step, TableSchema* schema);
  static absl::Status Add(const TableAlteration::Step& step, ColumnKind kind, TableSchema* schema);
  static absl::Status Drop(const TableAlteration::Step& step, TableSchema* schema);
  static absl::Status Rename(const TableAlteration::Step& step, TableSchema* schema);
  /// Returns false when the bytes do not follow the grammar; whether they make sense is checked afterwards.
  static bool DecodeFields(Decoder* decoder, TableSchema* schema);
};

}  // namespace stoa
