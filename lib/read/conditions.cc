#include <stoa/conditional_write.h>

#include <algorithm>
#include <utility>

#include <stoa/composite.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "data/static_row.h"
#include "read/condition.h"
#include "schema/keys.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

bool ComparesOrder(ConditionOperator comparison) {
  return comparison == ConditionOperator::kLess || comparison == ConditionOperator::kLessOrEqual ||
         comparison == ConditionOperator::kGreater || comparison == ConditionOperator::kGreaterOrEqual;
}

/// True when a value is null, be it a collection that is not frozen and has no elements.
bool IsNull(const DataType& type, const Value& value) {
  if (value.is_null()) return true;
  return type.is_multi_cell() && type.is_collection() && value.kind() == Value::Kind::kComposite &&
         CompositeReader(type, value).size() == 0;
}

/// Checks a value against the type, and appends it in serialized form.
absl::Status EncodeGiven(const DataType& type, ConditionOperator comparison, const Value& value,
                         std::vector<std::optional<std::string>>* values) {
  if (value.is_unset()) {
    if (comparison == ConditionOperator::kIn) return absl::OkStatus();
    return InvalidArgument("a condition compares with an unset value");
  }
  std::optional<std::string>& encoded = values->emplace_back();
  if (!value.is_null()) STOA_RETURN_IF_ERROR(AppendSerialized(type, value, &encoded.emplace()));
  if (!IsNull(type, value)) return absl::OkStatus();
  encoded.reset();
  if (AsksForContent(comparison)) {
    return InvalidArgument("a condition asks whether a collection contains null, which none does");
  }
  if (!ComparesOrder(comparison)) return absl::OkStatus();
  return InvalidArgument("a condition asks whether a value is less or greater than null");
}

/// Says in `encoded` which element of a column of this type is compared.
absl::Status EncodeElement(const DataType& type, const Value& element, Conditions::Comparand* encoded) {
  switch (type.kind()) {
    case TypeKind::kMap:
      return AppendSerialized(type.parameters()[0], element, &encoded->map_key.emplace());
    case TypeKind::kList:
      if (element.kind() != Value::Kind::kInteger || element.integer() < 0) {
        return InvalidArgument("a condition names element ", element.ToString(),
                               " of a list, whose elements have indices from 0");
      }
      encoded->place = static_cast<size_t>(element.integer());
      return absl::OkStatus();
    case TypeKind::kUserType: {
      const std::vector<std::string>& names = type.field_names();
      const auto it = std::find(names.begin(), names.end(), element.text());
      if (element.kind() != Value::Kind::kText || it == names.end()) {
        return InvalidArgument("type ", type.ToString(), " has no field ", element.ToString());
      }
      encoded->place = static_cast<size_t>(it - names.begin());
      return absl::OkStatus();
    }
    default:
      return InvalidArgument("a condition names an element of a value of type ", type.ToString(),
                             ", which has none");
  }
}

/// Checks that what is compared, of type `compared`, can be asked this.
absl::Status CheckOperator(const DataType& compared, const ColumnCondition& condition) {
  if (ComparesOrder(condition.comparison) && !IsOrdered(compared)) {
    return InvalidArgument("a condition asks for the order of values of type ", compared.ToString(),
                           ", which have none");
  }
  if (condition.comparison == ConditionOperator::kContains && !compared.is_collection()) {
    return InvalidArgument("a condition asks whether a value of type ", compared.ToString(), " contains ",
                           condition.value.ToString(), "; lists, sets and maps contain values");
  }
  if (condition.comparison == ConditionOperator::kContainsKey && compared.kind() != TypeKind::kMap) {
    return InvalidArgument("a condition asks whether a value of type ", compared.ToString(),
                           " contains the key ", condition.value.ToString(), "; maps contain keys");
  }
  return absl::OkStatus();
}

/// Checks the values that are given for what is compared, of type `compared`, and encodes them.
absl::Status EncodeValues(const DataType& compared, const ColumnCondition& condition,
                          std::vector<std::optional<std::string>>* encoded) {
  STOA_RETURN_IF_ERROR(CheckOperator(compared, condition));
  const DataType type = GivenType(condition.comparison, compared);
  if (condition.comparison != ConditionOperator::kIn) {
    return EncodeGiven(type, condition.comparison, condition.value, encoded);
  }
  for (const Value& value : condition.values) {
    STOA_RETURN_IF_ERROR(EncodeGiven(type, condition.comparison, value, encoded));
  }
  return absl::OkStatus();
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
  Comparand encoded{condition.column, condition.comparison, {}, {}, {}};
  absl::Status status;
  if (!condition.element.is_unset()) status = EncodeElement(column->type, condition.element, &encoded);
  if (status.ok()) {
    status = EncodeValues(ComparedType(encoded, column->type), condition, &encoded.values);
  }
  if (!status.ok()) Remember(ColumnError(*table_, *column, status));
  RowConditions* const row = column->kind == ColumnKind::kStatic ? RowOf(Values()) : RowOf(clustering);
  if (row == nullptr) return *this;
  if (column->kind != ColumnKind::kStatic && IsStaticRow(row->clustering)) {
    Remember(InvalidArgument("table ", table_->name(), ": column ", column->name,
                             " is not static; a condition on it names a row"));
  }
  row->columns.push_back(std::move(encoded));
  return *this;
}

}  // namespace stoa
