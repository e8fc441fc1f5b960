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

const std::vector<DataType>& DataType::parameters() const {
  // Never destroyed, so that it outlives every other object of the program.
  static const auto& none = *new std::vector<DataType>();
  return parameters_ == nullptr ? none : *parameters_;
}

std::string DataType::ToString() const {
  for (const NamedKind& scalar : kScalars) {
    if (scalar.kind == kind_) return std::string(scalar.name);
  }
  return StrCat("type ", static_cast<int>(kind_));
}

absl::StatusOr<DataType> DataType::Parse(std::string_view text) {
  for (const NamedKind& scalar : kScalars) {
    if (absl::EqualsIgnoreCase(ToAbsl(text), ToAbsl(scalar.name))) return DataType(scalar.kind);
  }
  if (absl::EqualsIgnoreCase(ToAbsl(text), "varchar")) return DataType(TypeKind::kText);
  return InvalidArgument("unknown type ", text);
}

bool operator==(const DataType& a, const DataType& b) {
  return a.kind_ == b.kind_ && (a.parameters_ == b.parameters_ || a.parameters() == b.parameters());
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
