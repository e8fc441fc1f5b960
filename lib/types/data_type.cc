#include <stoa/types.h>

#include <string>
#include <string_view>
#include <vector>

#include <absl/strings/match.h>

#include "base/strings.h"
#include "types/type_codec.h"

namespace stoa {
namespace {

struct NamedKind {
  TypeKind kind;
  std::string_view name;
};

constexpr NamedKind kScalars[] = {
    {TypeKind::kAscii, "ascii"},       {TypeKind::kBigint, "bigint"},     {TypeKind::kBlob, "blob"},
    {TypeKind::kBoolean, "boolean"},   {TypeKind::kDate, "date"},         {TypeKind::kDecimal, "decimal"},
    {TypeKind::kDouble, "double"},     {TypeKind::kDuration, "duration"}, {TypeKind::kFloat, "float"},
    {TypeKind::kInet, "inet"},         {TypeKind::kInt, "int"},           {TypeKind::kSmallint, "smallint"},
    {TypeKind::kText, "text"},         {TypeKind::kTime, "time"},         {TypeKind::kTimestamp, "timestamp"},
    {TypeKind::kTimeuuid, "timeuuid"}, {TypeKind::kTinyint, "tinyint"},   {TypeKind::kUuid, "uuid"},
    {TypeKind::kVarint, "varint"},
};

}  // namespace

struct DataType::Composite {
  bool frozen = false;
  std::vector<DataType> parameters;
  std::string name;
  std::vector<std::string> field_names;
  uint32_t dimension = 0;
};

DataType::DataType(TypeKind kind, Composite composite)
    : kind_(kind), composite_(std::make_shared<const Composite>(std::move(composite))) {}

DataType DataType::List(DataType element) {
  return DataType(TypeKind::kList, {false, {std::move(element)}, {}, {}, 0});
}

DataType DataType::Set(DataType element) {
  return DataType(TypeKind::kSet, {false, {std::move(element)}, {}, {}, 0});
}

DataType DataType::Map(DataType key, DataType value) {
  return DataType(TypeKind::kMap, {false, {std::move(key), std::move(value)}, {}, {}, 0});
}

DataType DataType::Tuple(std::vector<DataType> components) {
  return DataType(TypeKind::kTuple, {false, std::move(components), {}, {}, 0}).Frozen();
}

DataType DataType::Vector(DataType element, uint32_t dimension) {
  return DataType(TypeKind::kVector, {false, {std::move(element)}, {}, {}, dimension}).Frozen();
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
  if (composite_ == nullptr) return *this;
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

std::string DataType::ToString() const {
  for (const NamedKind& scalar : kScalars) {
    if (scalar.kind == kind_) return std::string(scalar.name);
  }
  return StrCat("type ", static_cast<int>(kind_));
}

absl::StatusOr<DataType> DataType::Parse(std::string_view text, const Resolver& resolver) {
  (void)resolver;
  for (const NamedKind& scalar : kScalars) {
    if (absl::EqualsIgnoreCase(ToAbsl(text), ToAbsl(scalar.name))) return DataType(scalar.kind);
  }
  if (absl::EqualsIgnoreCase(ToAbsl(text), "varchar")) return DataType(TypeKind::kText);
  return InvalidArgument("unknown type ", text);
}

bool operator==(const DataType& a, const DataType& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.composite_ == b.composite_) return true;
  return a.is_frozen() == b.is_frozen() && a.dimension() == b.dimension() &&
         a.user_type_name() == b.user_type_name() && a.field_names() == b.field_names() &&
         a.parameters() == b.parameters();
}

void AppendType(const DataType& type, std::string* out) { out->push_back(static_cast<char>(type.kind())); }

bool DecodeType(Decoder* decoder, DataType* type) {
  uint8_t number = 0;
  if (!decoder->Little(&number)) return false;
  for (const NamedKind& scalar : kScalars) {
    if (static_cast<uint8_t>(scalar.kind) == number) {
      *type = scalar.kind;
      return true;
    }
  }
  return false;
}

}  // namespace stoa
