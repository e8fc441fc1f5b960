#include <stoa/types.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "types/identifier.h"
#include "types/type_names.h"

namespace stoa {

struct DataType::Composite {
  bool frozen = false;
  std::vector<DataType> parameters = {};
  std::string name = {};
  std::vector<std::string> field_names = {};
  uint32_t dimension = 0;
  // Of the whole, so that limits are checked without going through it.
  size_t depth = 1;
  size_t part_count = 1;

  void Measure() {
    depth = part_count = 1;
    for (const DataType& parameter : parameters) {
      depth = std::max(depth, 1 + parameter.depth());
      if (__builtin_add_overflow(part_count, parameter.part_count(), &part_count)) part_count = SIZE_MAX;
    }
  }
};

DataType::DataType(TypeKind kind, Composite composite) : kind_(kind) {
  composite.Measure();
  composite_ = std::make_shared<const Composite>(std::move(composite));
}

DataType DataType::List(DataType element) {
  return DataType(TypeKind::kList, {.parameters = {std::move(element)}});
}

DataType DataType::Set(DataType element) {
  return DataType(TypeKind::kSet, {.parameters = {std::move(element)}});
}

DataType DataType::Map(DataType key, DataType value) {
  return DataType(TypeKind::kMap, {.parameters = {std::move(key), std::move(value)}});
}

DataType DataType::Tuple(std::vector<DataType> components) {
  return DataType(TypeKind::kTuple, {.parameters = std::move(components)}).Frozen();
}

DataType DataType::Vector(DataType element, uint32_t dimension) {
  return DataType(TypeKind::kVector, {.parameters = {std::move(element)}, .dimension = dimension}).Frozen();
}

DataType DataType::UserType(std::string_view name, std::vector<TypeField> fields) {
  Composite composite;
  composite.name = std::string(name);
  for (TypeField& field : fields) {
    composite.parameters.push_back(std::move(field.type));
    composite.field_names.push_back(std::move(field.name));
  }
  return DataType(TypeKind::kUserType, std::move(composite));
}

DataType DataType::Frozen() const {
  if (composite_ == nullptr || composite_->frozen) return *this;
  Composite frozen = *composite_;
  frozen.frozen = true;
  for (DataType& parameter : frozen.parameters) parameter = parameter.Frozen();
  return DataType(kind_, std::move(frozen));
}

namespace {
/// What scalars have; never destroyed, so that it outlives every other object of the program.
const std::vector<DataType>& NoParameters() {
  static const auto& none = *new std::vector<DataType>();
  return none;
}
const std::vector<std::string>& NoNames() {
  static const auto& none = *new std::vector<std::string>();
  return none;
}
const std::string& NoName() {
  static const auto& none = *new std::string();
  return none;
}
}  // namespace

const std::vector<DataType>& DataType::parameters() const {
  return composite_ == nullptr ? NoParameters() : composite_->parameters;
}
const std::string& DataType::user_type_name() const {
  return composite_ == nullptr ? NoName() : composite_->name;
}
const std::vector<std::string>& DataType::field_names() const {
  return composite_ == nullptr ? NoNames() : composite_->field_names;
}
uint32_t DataType::dimension() const { return composite_ == nullptr ? 0 : composite_->dimension; }
bool DataType::is_frozen() const { return composite_ != nullptr && composite_->frozen; }
size_t DataType::depth() const { return composite_ == nullptr ? 1 : composite_->depth; }
size_t DataType::part_count() const { return composite_ == nullptr ? 1 : composite_->part_count; }

namespace {

std::string_view ScalarName(TypeKind kind) {
  for (const NamedKind& scalar : kScalarTypes) {
    if (scalar.kind == kind) return scalar.name;
  }
  return "unknown type";
}

/// A user type's name; in quotes also where it would read as another type.
std::string UserTypeName(const std::string& name) {
  const auto is_name = [&](std::string_view word) { return word == name; };
  const bool ambiguous = std::any_of(std::begin(kOtherTypeWords), std::end(kOtherTypeWords), is_name) ||
                         std::any_of(std::begin(kScalarTypes), std::end(kScalarTypes),
                                     [&](const NamedKind& scalar) { return is_name(scalar.name); });
  return ambiguous ? StrCat("\"", name, "\"") : QualifiedIdentifier(name);
}

/// A composite type without "frozen" around it.
std::string BareName(const DataType& type) {
  if (type.kind() == TypeKind::kUserType) return UserTypeName(type.user_type_name());
  std::string parameters;
  for (const DataType& parameter : type.parameters()) {
    parameters += StrCat(parameters.empty() ? "" : ", ", parameter.ToString());
  }
  switch (type.kind()) {
    case TypeKind::kList:
      return StrCat("list<", parameters, ">");
    case TypeKind::kSet:
      return StrCat("set<", parameters, ">");
    case TypeKind::kMap:
      return StrCat("map<", parameters, ">");
    case TypeKind::kTuple:
      return StrCat("tuple<", parameters, ">");
    default:
      return StrCat("vector<", parameters, ", ", type.dimension(), ">");
  }
}

}  // namespace

std::string DataType::ToString() const {
  if (composite_ == nullptr) return std::string(ScalarName(kind_));
  return is_frozen() && kind_ != TypeKind::kVector ? StrCat("frozen<", BareName(*this), ">")
                                                   : BareName(*this);
}

bool operator==(const DataType& a, const DataType& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.composite_ == b.composite_) return true;
  return a.is_frozen() == b.is_frozen() && a.dimension() == b.dimension() &&
         a.user_type_name() == b.user_type_name() && a.field_names() == b.field_names() &&
         a.parameters() == b.parameters();
}

}  // namespace stoa
