#include <string>

#include <stoa/types.h>

#include "support/catch.h"
#include "types/random_values.h"
#include "types/type_codec.h"

namespace stoa {
namespace {

// Goal: names and numbers of types are fixed and reversible. Method: every type there and back.
TEST_CASE("types are named and numbered") {
  const char* const names[] = {"ascii",     "bigint",   "blob",    "boolean", "date",     "decimal", "double",
                               "duration",  "float",    "inet",    "int",     "smallint", "text",    "time",
                               "timestamp", "timeuuid", "tinyint", "uuid",    "varint"};
  const std::vector<DataType> types = ScalarTypes();
  REQUIRE(types.size() == std::size(names));
  for (size_t i = 0; i < types.size(); ++i) {
    CHECK(types[i].ToString() == names[i]);
    CHECK(DataType::Parse(names[i]).value() == types[i]);
    CHECK(types[i].parameters().empty());
    std::string bytes;
    AppendType(types[i], &bytes);
    CHECK(bytes == std::string(1, static_cast<char>(i + 1)));
    Decoder decoder(bytes);
    DataType decoded = TypeKind::kBlob;
    CHECK(DecodeType(&decoder, &decoded));
    CHECK(decoded == types[i]);
  }
  CHECK(DataType::Parse("VarChar").value() == DataType(TypeKind::kText));
  CHECK(DataType::Parse("TimeUUID").value() == DataType(TypeKind::kTimeuuid));
  CHECK_FALSE(DataType(TypeKind::kInt) == DataType(TypeKind::kBigint));
}

// Goal: unknown types are refused. Method: names that are no types, and every number that is none.
TEST_CASE("unknown types are refused") {
  CHECK(DataType::Parse("integer").status().message() == "unknown type integer at byte 0");
  CHECK_FALSE(DataType::Parse("").ok());
  CHECK_FALSE(DataType::Parse("int int").ok());
  for (int number = 0; number < 256; ++number) {
    const std::string bytes(1, static_cast<char>(number));
    Decoder decoder(bytes);
    DataType type = TypeKind::kBlob;
    CHECK(DecodeType(&decoder, &type) == ((number >= 1 && number <= 19) || number == 38));
  }
  Decoder empty("");
  DataType type = TypeKind::kBlob;
  CHECK_FALSE(DecodeType(&empty, &type));
}

// Goal: widths of word types, on which formats depend. Method: the list of them.
TEST_CASE("word types have the width of their serialized form") {
  CHECK(DataType(TypeKind::kBoolean).word_bytes() == 1);
  CHECK(DataType(TypeKind::kTinyint).word_bytes() == 1);
  CHECK(DataType(TypeKind::kSmallint).word_bytes() == 2);
  for (TypeKind kind : {TypeKind::kInt, TypeKind::kDate, TypeKind::kFloat}) {
    CHECK(DataType(kind).word_bytes() == 4);
  }
  for (TypeKind kind : {TypeKind::kBigint, TypeKind::kTime, TypeKind::kTimestamp, TypeKind::kDouble}) {
    CHECK(DataType(kind).word_bytes() == 8);
  }
  for (TypeKind kind :
       {TypeKind::kAscii, TypeKind::kBlob, TypeKind::kDecimal, TypeKind::kDuration, TypeKind::kInet,
        TypeKind::kText, TypeKind::kTimeuuid, TypeKind::kUuid, TypeKind::kVarint}) {
    CHECK_FALSE(DataType(kind).is_word());
  }
}

}  // namespace
}  // namespace stoa
