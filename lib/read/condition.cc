#include "read/condition.h"

#include <string>

#include "base/status_macros.h"
#include "base/strings.h"
#include "types/byte_comparable.h"
#include "types/value_codec.h"

namespace stoa {
namespace {

int Sign(int64_t order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

absl::StatusOr<std::string> Encode(const DataType& type, std::string_view bytes) {
  STOA_ASSIGN_OR_RETURN(const Value value, ParseSerialized(type, bytes));
  std::string encoded;
  STOA_RETURN_IF_ERROR(AppendComparable(type, ClusteringOrder::kAscending, value, &encoded));
  return encoded;
}

bool Satisfies(ConditionOperator comparison, int order) {
  switch (comparison) {
    case ConditionOperator::kEqual:
    case ConditionOperator::kIn:
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

}  // namespace

absl::StatusOr<int> CompareSerialized(const DataType& type, std::string_view a, std::string_view b) {
  if (a == b) return 0;
  if (a.empty() || b.empty()) return a.empty() ? -1 : 1;
  if (const size_t width = type.word_bytes(); width != 0) {
    if (a.size() != width || b.size() != width) {
      return InvalidArgument("a value of type ", type.ToString(), " has ",
                             a.size() == width ? b.size() : a.size(), " bytes, expected ", width);
    }
    const uint64_t x = ComparableWord(type.kind(), LoadWord(width, a.data()));
    const uint64_t y = ComparableWord(type.kind(), LoadWord(width, b.data()));
    return x < y ? -1 : x > y ? 1 : 0;
  }
  switch (type.kind()) {
    case TypeKind::kUuid:
    case TypeKind::kTimeuuid:
    case TypeKind::kVarint:
    case TypeKind::kDecimal:
      break;
    default:
      return Sign(a.compare(b));
  }
  STOA_ASSIGN_OR_RETURN(const std::string x, Encode(type, a));
  STOA_ASSIGN_OR_RETURN(const std::string y, Encode(type, b));
  return Sign(x.compare(y));
}

bool IsOrdered(const DataType& type) {
  if (type.kind() == TypeKind::kDuration) return false;
  for (const DataType& parameter : type.parameters()) {
    if (!IsOrdered(parameter)) return false;
  }
  return true;
}

absl::StatusOr<bool> Holds(const Conditions::Comparand& condition, const DataType& type,
                           const Value& current) {
  std::string bytes;
  if (!current.is_null()) STOA_RETURN_IF_ERROR(AppendSerialized(type, current, &bytes));
  for (const std::optional<std::string>& given : condition.values) {
    if (!given.has_value() || current.is_null()) {
      const bool equal = !given.has_value() && current.is_null();
      if (condition.comparison == ConditionOperator::kNotEqual) return !equal;
      if (equal) return true;
      continue;
    }
    STOA_ASSIGN_OR_RETURN(const int order, CompareSerialized(type, bytes, *given));
    if (Satisfies(condition.comparison, order)) return true;
  }
  return false;
}

}  // namespace stoa
