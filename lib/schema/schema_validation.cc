#include "schema/schema_validation.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/table_options.h"
#include "types/type_rules.h"

namespace stoa {
namespace {

absl::Status ValidateColumn(std::string_view whose, const Column& column) {
  STOA_RETURN_IF_ERROR(ValidateName(whose, column.name));
  if (absl::Status status = ValidateType(column.type); !status.ok()) {
    return InvalidArgument(whose, ": ", FromAbsl(status.message()));
  }
  if (column.is_key() && !CanBeKey(column.type)) {
    return InvalidArgument(whose, ": ", column.type.ToString(), " cannot be the type of a key column");
  }
  return absl::OkStatus();
}

/// `*last_id` is the greatest id before these columns, and then of them.
absl::Status ValidateIds(std::string_view whose, const std::vector<Column>& columns, ColumnId next_id,
                         ColumnId* last_id) {
  for (const Column& column : columns) {
    if (column.id <= *last_id || column.id >= next_id) {
      return InvalidArgument(whose, ": column ", column.name, ": id ", column.id, " does not lie between ",
                             *last_id, " and ", next_id);
    }
    *last_id = column.id;
  }
  return absl::OkStatus();
}

/// The columns outside of the key are added over time, static or regular as it comes.
absl::Status ValidateAllIds(std::string_view whose, const TableSchema& schema) {
  const ColumnId next_id = schema.next_column_id();
  ColumnId last_id = 0;
  STOA_RETURN_IF_ERROR(ValidateIds(whose, schema.partition_key(), next_id, &last_id));
  STOA_RETURN_IF_ERROR(ValidateIds(whose, schema.clustering(), next_id, &last_id));
  ColumnId last_static_id = last_id;
  STOA_RETURN_IF_ERROR(ValidateIds(whose, schema.static_columns(), next_id, &last_static_id));
  STOA_RETURN_IF_ERROR(ValidateIds(whose, schema.regular(), next_id, &last_id));
  auto regular = schema.regular().begin();
  for (const Column& column : schema.static_columns()) {
    while (regular != schema.regular().end() && regular->id < column.id) ++regular;
    if (regular != schema.regular().end() && regular->id == column.id) {
      return InvalidArgument(whose, ": columns ", column.name, " and ", regular->name, " have the same id ",
                             column.id);
    }
  }
  return absl::OkStatus();
}

/// A counter is not overwritten but added to: it takes no time to live, and shares no row with what does.
absl::Status ValidateCounters(std::string_view whose, const TableSchema& schema) {
  const Column* counter = nullptr;
  const Column* other = nullptr;
  for (const auto* columns : {&schema.static_columns(), &schema.regular()}) {
    for (const Column& column : *columns) {
      (column.type.kind() == TypeKind::kCounter ? counter : other) = &column;
    }
  }
  if (counter == nullptr) return absl::OkStatus();
  if (other != nullptr) {
    return InvalidArgument(whose, ": columns ", counter->name, " and ", other->name,
                           ": counters cannot be mixed with columns of other types outside of the key");
  }
  if (schema.options().default_time_to_live_seconds == 0) return absl::OkStatus();
  return InvalidArgument(whose, ": option default_time_to_live_seconds is ",
                         schema.options().default_time_to_live_seconds,
                         ", allowed is 0 for a table with counters");
}

absl::Status ValidateUniqueNames(std::string_view whose, const std::vector<const Column*>& columns) {
  std::vector<std::string_view> names;
  names.reserve(columns.size());
  for (const Column* column : columns) names.push_back(column->name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return absl::OkStatus();
  return InvalidArgument(whose, ": column ", *twice, " occurs twice");
}

}  // namespace

absl::Status ValidateSchema(const TableSchema& schema) {
  const std::string whose = StrCat("table ", PrintableName(schema.name()));
  STOA_RETURN_IF_ERROR(ValidateQualifiedName(whose, schema.name()));
  if (schema.partition_key().empty()) return InvalidArgument(whose, ": has no partition key column");

  std::vector<const Column*> columns;
  for (const auto* part :
       {&schema.partition_key(), &schema.clustering(), &schema.static_columns(), &schema.regular()}) {
    for (const Column& column : *part) columns.push_back(&column);
  }
  if (columns.size() > kColumnsMax) {
    return InvalidArgument(whose, ": has ", columns.size(), " columns, allowed are at most ", kColumnsMax);
  }
  for (const Column* column : columns) {
    STOA_RETURN_IF_ERROR(ValidateColumn(StrCat(whose, ": column ", PrintableName(column->name)), *column));
  }
  STOA_RETURN_IF_ERROR(ValidateAllIds(whose, schema));
  STOA_RETURN_IF_ERROR(ValidateUniqueNames(whose, columns));
  if (!schema.static_columns().empty() && schema.clustering().empty()) {
    return InvalidArgument(whose, ": column ", schema.static_columns().front().name,
                           ": cannot be static in a table without clustering columns");
  }
  STOA_RETURN_IF_ERROR(ValidateCounters(whose, schema));
  return ValidateOptions(whose, schema.options());
}

}  // namespace stoa
