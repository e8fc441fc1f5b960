#include "schema/schema_editor.h"

#include <limits>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/schema_validation.h"
#include "schema/user_types.h"

namespace stoa {
namespace {

absl::Status Inapplicable(const TableSchema& schema, std::string_view column, std::string_view why) {
  return InvalidArgument("table ", schema.name(), ": column ", column, ": ", why);
}

}  // namespace

TableSchema SchemaEditor::Create(TableId id, const TableSchema& described) {
  TableSchema schema = described;
  schema.id_ = id;
  schema.version_ = 1;
  schema.next_column_id_ = 1;
  for (auto* columns : {&schema.partition_key_, &schema.clustering_, &schema.static_, &schema.regular_}) {
    for (Column& column : *columns) column.id = schema.next_column_id_++;
  }
  return schema;
}

absl::StatusOr<TableSchema> SchemaEditor::Apply(const TableSchema& schema,
                                                const TableAlteration& alteration) {
  TableSchema next = schema;
  for (const TableAlteration::Step& step : alteration.steps()) STOA_RETURN_IF_ERROR(ApplyStep(step, &next));
  ++next.version_;
  STOA_RETURN_IF_ERROR(ValidateSchema(next));
  return next;
}

absl::StatusOr<TableSchema> SchemaEditor::WithType(const TableSchema& schema, const DataType& changed) {
  TableSchema next = schema;
  for (auto* columns : {&next.partition_key_, &next.clustering_, &next.static_, &next.regular_}) {
    for (Column& column : *columns) {
      const DataType* before = FindUserType(column.type, changed.user_type_name());
      if (before == nullptr) continue;
      // One value would have two serialized forms, and a partition two keys. (Of a clustering key nulls at
      // the end of a value are no part.)
      if (column.kind == ColumnKind::kPartitionKey &&
          before->parameters().size() != changed.parameters().size()) {
        return Inapplicable(
            schema, column.name,
            StrCat("is part of the partition key: type ", changed.user_type_name(), " cannot get fields"));
      }
      column.type = WithUserType(column.type, changed);
    }
  }
  ++next.version_;
  STOA_RETURN_IF_ERROR(ValidateSchema(next));
  return next;
}

absl::Status SchemaEditor::ApplyStep(const TableAlteration::Step& step, TableSchema* schema) {
  switch (step.kind) {
    case TableAlteration::Step::Kind::kAdd:
      return Add(step, ColumnKind::kRegular, schema);
    case TableAlteration::Step::Kind::kAddStatic:
      return Add(step, ColumnKind::kStatic, schema);
    case TableAlteration::Step::Kind::kDrop:
      return Drop(step, schema);
    case TableAlteration::Step::Kind::kRename:
      return Rename(step, schema);
    case TableAlteration::Step::Kind::kOptions:
      schema->options_ = step.options;
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status SchemaEditor::Add(const TableAlteration::Step& step, ColumnKind kind, TableSchema* schema) {
  if (schema->FindColumn(step.name) != nullptr) {
    return Inapplicable(*schema, step.name, "cannot be added, it exists already");
  }
  if (schema->next_column_id_ == std::numeric_limits<ColumnId>::max()) {
    return Inapplicable(*schema, step.name, "cannot be added, all column ids have been used");
  }
  Column column;
  column.id = schema->next_column_id_++;
  column.name = step.name;
  column.type = step.type;
  column.kind = kind;
  (kind == ColumnKind::kStatic ? schema->static_ : schema->regular_).push_back(std::move(column));
  return absl::OkStatus();
}

absl::Status SchemaEditor::Drop(const TableAlteration::Step& step, TableSchema* schema) {
  const Column* column = schema->FindColumn(step.name);
  if (column == nullptr)
    return Inapplicable(*schema, step.name, "cannot be dropped, there is no such column");
  if (column->is_key()) {
    return Inapplicable(*schema, step.name, "cannot be dropped, it is part of the primary key");
  }
  auto& columns = column->kind == ColumnKind::kStatic ? schema->static_ : schema->regular_;
  columns.erase(columns.begin() + (column - columns.data()));
  return absl::OkStatus();
}

absl::Status SchemaEditor::Rename(const TableAlteration::Step& step, TableSchema* schema) {
  if (schema->FindColumn(step.new_name) != nullptr) {
    return Inapplicable(*schema, step.name,
                        StrCat("cannot be renamed to ", step.new_name, ", which exists already"));
  }
  for (auto* columns : {&schema->partition_key_, &schema->clustering_, &schema->static_, &schema->regular_}) {
    for (Column& column : *columns) {
      if (column.name != step.name) continue;
      column.name = step.new_name;
      return absl::OkStatus();
    }
  }
  return Inapplicable(*schema, step.name, "cannot be renamed, there is no such column");
}

}  // namespace stoa
