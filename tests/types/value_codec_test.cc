#include "types/value_codec.h"

#include <string>
#include <vector>

#include "base/strings.h"
#include "support/catch.h"
#include "types/literals.h"
#include "types/random_values.h"

namespace stoa {
namespace {

std::string Message(const absl::Status& status) { return std::string(FromAbsl(status.message())); }

std::string Refusal(const DataType& type, const Value& value) {
  std::string out = "kept";
  const absl::Status status = AppendSerialized(type, value, &out);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(out == "kept");
  return Message(status);
}

// Goal: serialized bytes are those of the native protocol. Method: literals beside bytes worked out by hand.
TEST_CASE("serialized bytes are the protocol's") {
  struct Case {
    TypeKind kind;
    const char* literal;
    const char* hex;
  };
  const Case cases[] = {
      {TypeKind::kAscii, "'it''s'", "69742773"},
      {TypeKind::kBigint, "-2", "fffffffffffffffe"},
      {TypeKind::kBlob, "0xCAFE", "cafe"},
      {TypeKind::kBoolean, "true", "01"},
      {TypeKind::kBoolean, "false", "00"},
      {TypeKind::kDate, "'1970-01-01'", "80000000"},
      {TypeKind::kDate, "'1969-12-31'", "7fffffff"},
      {TypeKind::kDate, "'2001-01-31'", "80002c59"},
      {TypeKind::kDecimal, "1.50", "000000020096"},
      {TypeKind::kDecimal, "-1E+3", "fffffffdff"},
      {TypeKind::kDouble, "-0.0", "8000000000000000"},
      {TypeKind::kDouble, "1.5", "3ff8000000000000"},
      {TypeKind::kDuration, "1mo2d3h", "0204fc13a52453c000"},
      {TypeKind::kDuration, "2147483647mo64d", "f0fffffffe808000"},
      {TypeKind::kDuration, "-63d9223372036854775808ns", "007dffffffffffffffffff"},
      {TypeKind::kFloat, "1", "3f800000"},
      {TypeKind::kInet, "'127.0.0.1'", "7f000001"},
      {TypeKind::kInet, "'2001:db8::1'", "20010db8000000000000000000000001"},
      {TypeKind::kInt, "-1", "ffffffff"},
      {TypeKind::kSmallint, "-32768", "8000"},
      {TypeKind::kText, "'\u20ac'", "e282ac"},
      {TypeKind::kTime, "'00:00:01.000000002'", "000000003b9aca02"},
      {TypeKind::kTimestamp, "'1970-01-01T00:00:01Z'", "00000000000003e8"},
      {TypeKind::kTimeuuid, "550e8400-e29b-11d4-a716-446655440000", "550e8400e29b11d4a716446655440000"},
      {TypeKind::kTinyint, "127", "7f"},
      {TypeKind::kUuid, "550e8400-e29b-41d4-a716-446655440000", "550e8400e29b41d4a716446655440000"},
      {TypeKind::kVarint, "-129", "ff7f"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.literal);
    const OwnedValue value = ParseLiteral(c.kind, c.literal).value();
    std::string bytes;
    CHECK(AppendSerialized(c.kind, value.value(), &bytes).ok());
    CHECK(HexDump(bytes) == c.hex);
  }
}

// Goal: every value survives every pair of conversions, and words compare as serialized bytes do. Method:
// random values of every type.
TEST_CASE("values round trip") {
  Random random(11);
  for (const DataType& type : ScalarTypes()) {
    CAPTURE(type.ToString());
    uint64_t last_word = 0;
    std::string last_bytes(type.word_bytes(), '\0');
    for (int i = 0; i < 3000; ++i) {
      const OwnedValue owned = RandomValue(type, &random);
      const Value value = owned.value();
      REQUIRE_FALSE(value.is_null());
      std::string bytes;
      REQUIRE(AppendSerialized(type, value, &bytes).ok());
      const absl::StatusOr<Value> parsed = ParseSerialized(type, bytes);
      REQUIRE(parsed.ok());
      REQUIRE(*parsed == value);
      if (!type.is_word()) {
        std::string_view view;
        std::string scratch;
        REQUIRE(ToBytes(type, value, &scratch, &view).ok());
        REQUIRE(view == bytes);
        REQUIRE(IsSerialized(type, bytes));
        REQUIRE(FromBytes(type, bytes) == value);
        continue;
      }
      uint64_t word = 0;
      REQUIRE(ToWord(type, value, &word).ok());
      REQUIRE(FromWord(type, word) == value);
      REQUIRE(bytes.size() == type.word_bytes());
      REQUIRE(LoadWord(bytes.size(), bytes.data()) == word);
      REQUIRE((word < last_word) == (bytes < last_bytes));
      REQUIRE(WordFromOrdered(type.kind(), WordToOrdered(type.kind(), word)) == word);
      last_word = word;
      last_bytes = bytes;
    }
  }
}

// Goal: the ordered form is the number itself. Method: known words.
TEST_CASE("words become numbers in the order of their type") {
  CHECK(WordToOrdered(TypeKind::kTinyint, 0xff) == -1);
  CHECK(WordToOrdered(TypeKind::kSmallint, 0x8000) == -32768);
  CHECK(WordToOrdered(TypeKind::kInt, 0xffffffff) == -1);
  CHECK(WordToOrdered(TypeKind::kBigint, ~uint64_t{0}) == -1);
  CHECK(WordToOrdered(TypeKind::kTimestamp, ~uint64_t{0}) == -1);
  CHECK(WordToOrdered(TypeKind::kDate, 0) == std::numeric_limits<int32_t>::min());
  CHECK(WordToOrdered(TypeKind::kDate, 0x80000001) == 1);
  CHECK(WordToOrdered(TypeKind::kBoolean, 1) == 1);
  CHECK(WordToOrdered(TypeKind::kFloat, 0xbf800000) == 0xbf800000);
}

// Goal: only what loses nothing is converted. Method: every type is given one value of every kind.
TEST_CASE("a value of another kind is refused") {
  const Uuid uuid = {{1, 2, 3, 4, 5, 6, 0x17}};
  const std::string duration = SerializeDuration({1, 2, 3});
  const std::vector<Value> values = {Value(),
                                     Value(true),
                                     Value(1),
                                     Value(1.0f),
                                     Value(1.0),
                                     Value("text"),
                                     Value::Bytes("12345678"),
                                     Value(Timestamp{1}),
                                     Value(Date{1}),
                                     Value(Time{1}),
                                     Value(uuid),
                                     Value::SerializedDuration(duration)};
  const char* const accepted[] = {"bigint int smallint tinyint", "ascii text", "blob decimal varint",
                                  "timeuuid uuid"};
  for (const DataType& type : ScalarTypes()) {
    for (const Value& value : values) {
      CAPTURE(type.ToString(), value.ToString());
      std::string expected;
      switch (value.kind()) {
        case Value::Kind::kNull:
          expected = "";
          break;
        case Value::Kind::kBoolean:
          expected = "boolean";
          break;
        case Value::Kind::kInteger:
          expected = accepted[0];
          break;
        case Value::Kind::kFloat:
          expected = "float";
          break;
        case Value::Kind::kDouble:
          expected = "double";
          break;
        case Value::Kind::kText:
          expected = accepted[1];
          break;
        case Value::Kind::kBytes:
          expected = accepted[2];
          break;
        case Value::Kind::kTimestamp:
          expected = "timestamp";
          break;
        case Value::Kind::kDate:
          expected = "date";
          break;
        case Value::Kind::kTime:
          expected = "time";
          break;
        case Value::Kind::kUuid:
          expected = accepted[3];
          break;
        case Value::Kind::kDuration:
          expected = "duration";
          break;
        default:
          break;
      }
      const bool fits = (" " + expected + " ").find(" " + type.ToString() + " ") != std::string::npos;
      std::string out;
      const absl::Status status = AppendSerialized(type, value, &out);
      CHECK(status.ok() == fits);
      CHECK(fits != out.empty());
    }
  }
}

// Goal: refusals say what was given and what is expected. Method: golden messages.
TEST_CASE("refusals name given and expected") {
  CHECK(Refusal(TypeKind::kInt, "five") == "given text, expected int");
  CHECK(Refusal(TypeKind::kText, 5) == "given integer, expected text");
  CHECK(Refusal(TypeKind::kUuid, Value()) == "given null, expected uuid");
  CHECK(Refusal(TypeKind::kDouble, 1.5f) == "given float, expected double");
  CHECK(Refusal(TypeKind::kFloat, 1.5) == "given double, expected float");
  CHECK(Refusal(TypeKind::kDate, Timestamp{1}) == "given timestamp, expected date");
  CHECK(Refusal(TypeKind::kSmallint, 40000) == "given 40000, expected smallint (-32768 to 32767)");
  CHECK(Refusal(TypeKind::kTinyint, -129) == "given -129, expected tinyint (-128 to 127)");
  CHECK(Refusal(TypeKind::kInt, 2'147'483'648) ==
        "given 2147483648, expected int (-2147483648 to 2147483647)");
  CHECK(Refusal(TypeKind::kTime, Time{86'400'000'000'000}) ==
        "given 86400000000000 ns, expected time (0 to 86399999999999 ns)");
  CHECK(Refusal(TypeKind::kTime, Time{-1}) == "given -1 ns, expected time (0 to 86399999999999 ns)");
  CHECK(Refusal(TypeKind::kText, "a\xff") == "given text of 2 bytes: 0x61ff, expected text (UTF-8)");
  CHECK(Refusal(TypeKind::kAscii, "\u00e9") ==
        "given text of 2 bytes: 0xc3a9, expected ascii (7-bit characters)");
  CHECK(Refusal(TypeKind::kInet, Value::Bytes("12345")) ==
        "given bytes of 5 bytes: 0x3132333435, expected inet (0, 4 or 16 bytes)");
  CHECK(Refusal(TypeKind::kInt, Value::Unset()) == "given unset, expected int");
  CHECK(Refusal(TypeKind::kText, Value::Unset()) == "given unset, expected text");
  CHECK(Refusal(TypeKind::kTinyint, Value::Empty()) == "given empty, expected tinyint");
  CHECK(Refusal(TypeKind::kDuration, Value::Empty()) == "given empty, expected duration");
  CHECK(Refusal(TypeKind::kDecimal, Value::Bytes("1234")) ==
        "given bytes of 4 bytes: 0x31323334, expected decimal (0 or 5 bytes or more)");
  CHECK(Refusal(TypeKind::kTimeuuid, Uuid{{1, 2, 3, 4, 5, 6, 0x47}}) ==
        "given 01020304-0506-4700-0000-000000000000, expected timeuuid (version 1)");
  CHECK(Refusal(TypeKind::kDuration, Value::SerializedDuration(SerializeDuration({1, -1, 0}))) ==
        "given duration of 3 bytes: 0x020100, expected duration (three vints of one sign: months and days of "
        "32 bits, "
        "nanoseconds of 64)");
}

// Goal: integers fit exactly where they can be represented. Method: both sides of every limit.
TEST_CASE("integers fit by their value") {
  const auto fits = [](TypeKind kind, int64_t number) {
    uint64_t word = 0;
    return ToWord(kind, number, &word).ok() && FromWord(kind, word).integer() == number;
  };
  for (const auto& [kind, bits] :
       {std::pair{TypeKind::kTinyint, 7}, {TypeKind::kSmallint, 15}, {TypeKind::kInt, 31}}) {
    const int64_t limit = int64_t{1} << bits;
    CHECK(fits(kind, limit - 1));
    CHECK_FALSE(fits(kind, limit));
    CHECK(fits(kind, -limit));
    CHECK_FALSE(fits(kind, -limit - 1));
  }
  CHECK(fits(TypeKind::kBigint, std::numeric_limits<int64_t>::max()));
  CHECK(fits(TypeKind::kBigint, std::numeric_limits<int64_t>::min()));
}

// Goal: bytes that are no value of a type are refused as damage, and whatever is accepted is the one form of
// its value. Method: truncations and extensions of good values, random bytes; what parses must serialize to
// the same bytes.
TEST_CASE("malformed bytes are refused") {
  Random random(12);
  const auto check = [](const DataType& type, const std::string& bytes) {
    const absl::StatusOr<Value> parsed = ParseSerialized(type, bytes);
    if (!parsed.ok()) {
      REQUIRE(parsed.status().code() == absl::StatusCode::kDataLoss);
      return false;
    }
    std::string again;
    REQUIRE(AppendSerialized(type, *parsed, &again).ok());
    REQUIRE(again == bytes);
    return true;
  };
  for (const DataType& type : ScalarTypes()) {
    CAPTURE(type.ToString());
    const bool fixed = type.is_word() || type.kind() == TypeKind::kUuid || type.kind() == TypeKind::kTimeuuid;
    for (int i = 0; i < 300; ++i) {
      const OwnedValue original = RandomValue(type, &random);
      std::string bytes;
      REQUIRE(AppendSerialized(type, original.value(), &bytes).ok());
      REQUIRE(check(type, bytes));
      for (size_t size = 1; size < bytes.size(); ++size) {
        const bool valid = check(type, bytes.substr(0, size));
        if (fixed || type.kind() == TypeKind::kDuration) REQUIRE_FALSE(valid);
      }
      const bool longer = check(type, bytes + '\0');
      if (fixed || type.kind() == TypeKind::kDuration) REQUIRE_FALSE(longer);
      for (int j = 0; j < 20; ++j) {
        std::string noise;
        for (size_t size = random.Uniform(20); size > 0; --size)
          noise.push_back(static_cast<char>(random.Next()));
        check(type, noise);
      }
    }
  }
  CHECK_FALSE(check(TypeKind::kBoolean, "\x02"));
  CHECK_FALSE(check(TypeKind::kTime, std::string(8, '\xff')));
  CHECK_FALSE(check(TypeKind::kText, "\xff"));
  // Months and days of 2^31.
  CHECK_FALSE(check(TypeKind::kDuration, std::string("\xf1\0\0\0\0\0\0", 7)));
  CHECK_FALSE(check(TypeKind::kDuration, std::string("\0\xf1\0\0\0\0\0", 7)));
  CHECK(Message(ParseSerialized(TypeKind::kInt, "abc").status()) == "3 bytes are not a int: 0x616263");
}

// Goal: the types of which the empty byte string is a value are Cassandra's, and it is one value however it
// is given. Method: the list of what Cassandra 5.0 says (AbstractType.validate) against every type.
TEST_CASE("most types have an empty value") {
  const std::string without = " tinyint smallint date time duration ";
  const std::string strings = " ascii text blob ";
  for (const DataType& type : ScalarTypes()) {
    CAPTURE(type.ToString());
    const auto listed = [&](const std::string& list) {
      return list.find(" " + type.ToString() + " ") != std::string::npos;
    };
    CHECK(HasEmptyValue(type) == (!listed(without) && !listed(strings)));
    CHECK(IsEmptyValue(type, Value::Empty()) == HasEmptyValue(type));
    CHECK(IsSerialized(type, "") == !listed(without));
    std::string bytes;
    CHECK(AppendSerialized(type, Value::Empty(), &bytes).ok() == !listed(without));
    CHECK(bytes.empty());
    const absl::StatusOr<Value> parsed = ParseSerialized(type, "");
    REQUIRE(parsed.ok() == !listed(without));
    if (HasEmptyValue(type)) CHECK(*parsed == Value::Empty());
    if (listed(strings)) CHECK(*parsed == (type == DataType(TypeKind::kBlob) ? Value::Bytes("") : Value("")));
  }
  for (TypeKind kind : {TypeKind::kVarint, TypeKind::kDecimal, TypeKind::kInet}) {
    CHECK(IsEmptyValue(kind, Value::Bytes("")));
    CHECK_FALSE(IsEmptyValue(kind, Value::Bytes("12345")));
  }
  CHECK_FALSE(IsEmptyValue(TypeKind::kInt, Value::Bytes("")));
  CHECK_FALSE(IsEmptyValue(TypeKind::kUuid, Value::Bytes("")));
  CHECK_FALSE(IsEmptyValue(TypeKind::kBlob, Value::Bytes("")));
  const DataType tuple = DataType::Tuple({TypeKind::kInt});
  CHECK(IsEmptyValue(tuple, Value::Composite("")));
  CHECK_FALSE(IsEmptyValue(DataType::List(TypeKind::kInt), Value::Composite("")));
  CHECK_FALSE(IsSerialized(DataType::List(TypeKind::kInt), ""));
  CHECK_FALSE(IsSerialized(DataType::Vector(TypeKind::kText, 1), ""));
}

// Goal: a counter's value is a bigint. Method: there and back.
TEST_CASE("a counter is serialized as a bigint") {
  std::string bytes;
  REQUIRE(AppendSerialized(TypeKind::kCounter, -2, &bytes).ok());
  CHECK(HexDump(bytes) == "fffffffffffffffe");
  CHECK(ParseSerialized(TypeKind::kCounter, bytes).value() == Value(-2));
  CHECK_FALSE(ParseSerialized(TypeKind::kCounter, "1234567").ok());
  CHECK(Refusal(TypeKind::kCounter, "1") == "given text, expected counter");
}

// Goal: the inverses are total. Method: any word and any bytes for every type; sanitizers watch.
TEST_CASE("any word and any bytes are some value") {
  Random random(13);
  size_t sum = 0;
  for (const DataType& type : ScalarTypes()) {
    for (int i = 0; i < 200; ++i) {
      const std::string bytes = RandomBytes(&random, "\x01\x80\xff", 20);
      sum += FromWord(type, random.Next()).ToString().size() + FromBytes(type, bytes).ToString().size();
    }
  }
  CHECK(sum != 0);
}

}  // namespace
}  // namespace stoa
