#include "read/condition.h"

#include <string>
#include <vector>

#include <stoa/composite.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/byte_comparable.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

int Sign(int64_t order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

bool Satisfies(ConditionOperator comparison, int order) {
  switch (comparison) {
    case ConditionOperator::kEqual:
    case ConditionOperator::kIn:
    case ConditionOperator::kContains:
    case ConditionOperator::kContainsKey:
      return order == 0;
    case ConditionOperator::kNotEqual:
      return order != 0;
    case ConditionOperator::kLess:
      return order < 0;
    case ConditionOperator::kLessOrEqual:
      return order <= 0;
    case ConditionOperator::kGreater:
      return order > 0;
    case ConditionOperator::kGreaterOrEqual:
      return order >= 0;
  }
  return false;
}

absl::Status Malformed(const DataType& type) {
  return InvalidArgument("a value that is not of its type, ", type.ToString(), ", cannot be compared");
}

absl::StatusOr<int> CompareWords(const DataType& type, std::string_view a, std::string_view b) {
  const size_t width = type.word_bytes();
  if (a.size() != width || b.size() != width) return Malformed(type);
  const uint64_t x = ComparableWord(type.kind(), LoadWord(width, a.data()));
  const uint64_t y = ComparableWord(type.kind(), LoadWord(width, b.data()));
  return x < y ? -1 : x > y ? 1 : 0;
}

/// Of types whose order is not that of their bytes.
absl::StatusOr<int> CompareEncoded(const DataType& type, std::string_view a, std::string_view b) {
  const auto encode = [&](std::string_view bytes, std::string* encoded) -> absl::Status {
    STOA_ASSIGN_OR_RETURN(const Value value, ParseSerialized(type, bytes));
    return AppendComparable(type, ClusteringOrder::kAscending, value, encoded);
  };
  std::string x;
  std::string y;
  STOA_RETURN_IF_ERROR(encode(a, &x));
  STOA_RETURN_IF_ERROR(encode(b, &y));
  return Sign(x.compare(y));
}

/// The type of element `place` as CompositeReader hands it over.
const DataType& TypeAt(const DataType& type, size_t place) {
  const std::vector<DataType>& parameters = type.parameters();
  switch (type.kind()) {
    case TypeKind::kMap:
      return parameters[place % 2];
    case TypeKind::kTuple:
    case TypeKind::kUserType:
      return parameters[place];
    default:
      return parameters[0];
  }
}

absl::StatusOr<int> CompareNullable(const DataType& type, const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null() ? 0 : a.is_null() ? -1 : 1;
  std::string x;
  std::string y;
  STOA_RETURN_IF_ERROR(AppendSerialized(type, a, &x));
  STOA_RETURN_IF_ERROR(AppendSerialized(type, b, &y));
  return CompareSerialized(type, x, y);
}

absl::StatusOr<int> CompareComposites(const DataType& type, std::string_view a, std::string_view b) {
  CompositeReader x(type, Value::Composite(a));
  CompositeReader y(type, Value::Composite(b));
  for (size_t place = 0;; ++place) {
    Value x_element;
    Value y_element;
    const bool x_has = x.Next(&x_element);
    const bool y_has = y.Next(&y_element);
    if (!x.ok() || !y.ok()) return Malformed(type);
    if (!x_has || !y_has) return x_has == y_has ? 0 : x_has ? 1 : -1;
    STOA_ASSIGN_OR_RETURN(const int order, CompareNullable(TypeAt(type, place), x_element, y_element));
    if (order != 0) return order;
  }
}

/// What the condition compares of a column's value: an element of it, null if there is none.
absl::StatusOr<Value> ElementOf(const Conditions::Comparand& condition, const DataType& type,
                                const Value& current) {
  CompositeReader reader(type, current);
  Value element;
  for (size_t place = 0; reader.Next(&element); ++place) {
    if (condition.place.has_value()) {
      if (place == *condition.place) return element;
      continue;
    }
    std::string key;
    STOA_RETURN_IF_ERROR(AppendSerialized(type.parameters()[0], element, &key));
    if (!reader.Next(&element)) break;
    if (key == *condition.map_key) return element;
  }
  if (!reader.ok()) return Malformed(type);
  return Value();
}

/// Whether one of the elements of a collection, of a map one of the keys or values, is the given value.
absl::StatusOr<bool> ContainsGiven(const Conditions::Comparand& condition, const DataType& type,
                                   const Value& collection) {
  const DataType element_type = GivenType(condition.comparison, type);
  const std::string& given = *condition.values[0];
  const bool has_keys = type.kind() == TypeKind::kMap;
  const size_t asked = condition.comparison == ConditionOperator::kContains ? 1 : 0;
  CompositeReader reader(type, collection);
  Value element;
  std::string bytes;
  for (size_t place = 0; reader.Next(&element); ++place) {
    if (has_keys && place % 2 != asked) continue;
    bytes.clear();
    STOA_RETURN_IF_ERROR(AppendSerialized(element_type, element, &bytes));
    STOA_ASSIGN_OR_RETURN(const int order, CompareSerialized(element_type, bytes, given));
    if (Satisfies(condition.comparison, order)) return true;
  }
  if (!reader.ok()) return Malformed(type);
  return false;
}

}  // namespace

bool AsksForContent(ConditionOperator comparison) {
  return comparison == ConditionOperator::kContains || comparison == ConditionOperator::kContainsKey;
}

absl::StatusOr<int> CompareSerialized(const DataType& type, std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.empty() || b.empty()) return a.empty() ? -1 : 1;
  if (type.is_word()) return CompareWords(type, a, b);
  switch (type.kind()) {
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
    case TypeKind::kVarint:
    case TypeKind::kDecimal:
      return CompareEncoded(type, a, b);
    default:
      return type.parameters().empty() ? Sign(a.compare(b)) : CompareComposites(type, a, b);
  }
}

bool IsOrdered(const DataType& type) {
  if (type.kind() == TypeKind::kDuration) return false;
  for (const DataType& parameter : type.parameters()) {
    if (!IsOrdered(parameter)) return false;
  }
  return true;
}

DataType ComparedType(const Conditions::Comparand& condition, const DataType& column) {
  if (condition.map_key.has_value()) return column.parameters()[1];
  return condition.place.has_value() ? TypeAt(column, *condition.place) : column;
}

DataType GivenType(ConditionOperator comparison, const DataType& compared) {
  if (!AsksForContent(comparison)) return compared;
  const bool is_map_value = comparison == ConditionOperator::kContains && compared.kind() == TypeKind::kMap;
  return compared.parameters()[is_map_value ? 1 : 0];
}

absl::StatusOr<bool> Holds(const Conditions::Comparand& condition, const DataType& column,
                           const Value& current) {
  Value compared = current;
  if (condition.map_key.has_value() || condition.place.has_value()) {
    STOA_ASSIGN_OR_RETURN(compared, ElementOf(condition, column, current));
  }
  const DataType type = ComparedType(condition, column);
  if (AsksForContent(condition.comparison)) return ContainsGiven(condition, type, compared);
  std::string bytes;
  if (!compared.is_null()) STOA_RETURN_IF_ERROR(AppendSerialized(type, compared, &bytes));
  for (const std::optional<std::string>& given : condition.values) {
    bool satisfied = false;
    if (given.has_value() && !compared.is_null()) {
      STOA_ASSIGN_OR_RETURN(const int order, CompareSerialized(type, bytes, *given));
      satisfied = Satisfies(condition.comparison, order);
    } else {
      const bool equal = !given.has_value() && compared.is_null();
      satisfied = condition.comparison == ConditionOperator::kNotEqual ? !equal : equal;
    }
    if (satisfied) return true;
  }
  return false;
}

}  // namespace stoa
