// The scalar types by kind and by name.
#pragma once

#include <string_view>

#include <stoa/types.h>

namespace stoa {

struct NamedKind {
  TypeKind kind;
  std::string_view name;
};

inline constexpr NamedKind kScalarTypes[] = {
    {TypeKind::kAscii, "ascii"},         {TypeKind::kBigint, "bigint"},     {TypeKind::kBlob, "blob"},
    {TypeKind::kBoolean, "boolean"},     {TypeKind::kCounter, "counter"},   {TypeKind::kDate, "date"},
    {TypeKind::kDecimal, "decimal"},     {TypeKind::kDouble, "double"},     {TypeKind::kDuration, "duration"},
    {TypeKind::kFloat, "float"},         {TypeKind::kInet, "inet"},         {TypeKind::kInt, "int"},
    {TypeKind::kSmallint, "smallint"},   {TypeKind::kText, "text"},         {TypeKind::kTime, "time"},
    {TypeKind::kTimestamp, "timestamp"}, {TypeKind::kTimeuuid, "timeuuid"}, {TypeKind::kTinyint, "tinyint"},
    {TypeKind::kUuid, "uuid"},           {TypeKind::kVarint, "varint"},
};

/// What begins the description of a type that is no scalar; user types of these names are quoted.
inline constexpr std::string_view kOtherTypeWords[] = {"frozen", "list",   "map",    "set",
                                                       "tuple",  "vector", "varchar"};

}  // namespace stoa
