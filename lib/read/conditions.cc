#include <stoa/conditional_write.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "data/static_row.h"
#include "read/condition.h"
#include "schema/keys.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

bool ComparesOrder(ConditionOperator comparison) {
  return comparison != ConditionOperator::kEqual && comparison != ConditionOperator::kNotEqual &&
         comparison != ConditionOperator::kIn;
}

/// Checks a value against the type, and appends it in serialized form.
absl::Status EncodeGiven(const DataType& type, ConditionOperator comparison, const Value& value,
                         std::vector<std::optional<std::string>>* values) {
  if (value.is_unset()) {
    if (comparison == ConditionOperator::kIn) return absl::OkStatus();
    return InvalidArgument("a condition compares with an unset value");
  }
  std::optional<std::string>& encoded = values->emplace_back();
  if (!value.is_null()) return AppendSerialized(type, value, &encoded.emplace());
  if (!ComparesOrder(comparison)) return absl::OkStatus();
  return InvalidArgument("a condition asks whether a value is less or greater than null");
}

}  // namespace

Conditions::Conditions(Table table, Values partition_key) : table_(std::move(table)) {
  if (table_ == nullptr) {
    Remember(InvalidArgument("conditions: the table is null"));
  } else {
    Remember(AppendPartitionKey(*table_, partition_key, &partition_key_));
  }
}

void Conditions::Remember(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

Conditions::RowConditions* Conditions::RowOf(Values clustering) {
  if (!status_.ok()) return nullptr;
  if (clustering.empty() && !table_->static_columns().empty()) return RowOf(std::string(StaticRowKey()));
  std::string key;
  Remember(AppendClusteringKey(*table_, clustering, &key));
  return status_.ok() ? RowOf(std::move(key)) : nullptr;
}

Conditions::RowConditions* Conditions::RowOf(std::string key) {
  const auto it = std::find_if(rows_.begin(), rows_.end(),
                               [&](const RowConditions& row) { return row.clustering == key; });
  if (it != rows_.end()) return &*it;
  rows_.emplace_back().clustering = std::move(key);
  return &rows_.back();
}

Conditions& Conditions::IfNotExists(Values clustering) {
  if (RowConditions* row = RowOf(clustering)) row->not_exists = true;
  return *this;
}

Conditions& Conditions::IfExists(Values clustering) {
  if (RowConditions* row = RowOf(clustering)) row->exists = true;
  return *this;
}

Conditions& Conditions::If(Values clustering, const ColumnCondition& condition) {
  if (!status_.ok()) return *this;
  const Column* column = table_->FindColumn(condition.column);
  if (column == nullptr || column->is_key()) {
    Remember(InvalidArgument("table ", table_->name(), ": ",
                             column == nullptr ? StrCat("there is no column with id ", condition.column)
                                               : StrCat("column ", column->name, " is part of the key"),
                             "; a condition names another column"));
    return *this;
  }
  Comparand encoded{condition.column, condition.comparison, {}};
  Remember(Encode(*column, condition, &encoded));
  RowConditions* const row = column->kind == ColumnKind::kStatic ? RowOf(Values()) : RowOf(clustering);
  if (row == nullptr) return *this;
  if (column->kind != ColumnKind::kStatic && IsStaticRow(row->clustering)) {
    Remember(InvalidArgument("table ", table_->name(), ": column ", column->name,
                             " is not static; a condition on it names a row"));
  }
  row->columns.push_back(std::move(encoded));
  return *this;
}

absl::Status Conditions::Encode(const Column& column, const ColumnCondition& condition,
                                Comparand* encoded) const {
  absl::Status status;
  if (ComparesOrder(condition.comparison) && !IsOrdered(column.type)) {
    status = InvalidArgument("a condition asks for the order of values of type ", column.type.ToString(),
                             ", which have none");
  } else if (condition.comparison == ConditionOperator::kIn) {
    for (const Value& value : condition.values) {
      if (status.ok()) status = EncodeGiven(column.type, condition.comparison, value, &encoded->values);
    }
  } else {
    status = EncodeGiven(column.type, condition.comparison, condition.value, &encoded->values);
  }
  return status.ok() ? status : ColumnError(*table_, column, status);
}

}  // namespace stoa
