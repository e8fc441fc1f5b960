#include <stoa/value.h>

#include <limits>
#include <string>
#include <vector>

#include "support/catch.h"

namespace stoa {
namespace {

constexpr Uuid kUuid = {
    {0x55, 0x0e, 0x84, 0x00, 0xe2, 0x9b, 0x11, 0xd4, 0xa7, 0x16, 0x44, 0x66, 0x55, 0x44, 0x00, 0x00}};

// Goal: a value gives back what it was made from and says what that was. Method: one of each kind.
TEST_CASE("values hold what they were made from") {
  CHECK(Value().is_null());
  CHECK(Value(nullptr).is_null());
  CHECK(Value(true).boolean());
  CHECK(Value(-5).integer() == -5);
  CHECK(Value(uint32_t{4'000'000'000}).integer() == 4'000'000'000);
  CHECK(Value(std::numeric_limits<int64_t>::min()).integer() == std::numeric_limits<int64_t>::min());
  CHECK(Value(1.5f).float_value() == 1.5f);
  CHECK(Value(-2.5).double_value() == -2.5);
  CHECK(Value("text").text() == "text");
  CHECK(Value(std::string_view("a\0b", 3)).text().size() == 3);
  CHECK(Value::Bytes("\x01\x02").bytes() == "\x01\x02");
  CHECK(Value(Timestamp{-7}).timestamp() == Timestamp{-7});
  CHECK(Value(Date{-7}).date() == Date{-7});
  CHECK(Value(Time{7}).time() == Time{7});
  CHECK(Value(kUuid).uuid() == kUuid);
  const std::string bytes = SerializeDuration({1, 2, 3});
  CHECK(Value::SerializedDuration(bytes).duration() == Duration{1, 2, 3});

  CHECK(Value(1).kind() == Value::Kind::kInteger);
  CHECK(Value("").kind() == Value::Kind::kText);
  CHECK(Value(1.0f).kind() == Value::Kind::kFloat);
  CHECK(Value(1.0).kind() == Value::Kind::kDouble);
}

// Goal: asking a value for another kind is harmless. Method: every accessor on every kind; sanitizers watch.
TEST_CASE("accessors of another kind are defined") {
  const std::string bytes(20, 'x');
  const Value values[] = {
      Value(),        Value(true),    Value(-1),           Value(1.0f),
      Value(1.0),     Value(bytes),   Value::Bytes(bytes), Value(Timestamp{1}),
      Value(Date{1}), Value(Time{1}), Value(kUuid),        Value::SerializedDuration(bytes)};
  size_t sum = 0;
  for (const Value& value : values) {
    sum +=
        value.boolean() + static_cast<size_t>(value.integer()) + value.bytes().size() + value.uuid().bytes[0];
    sum += static_cast<size_t>(value.duration().months) + (value.float_value() < value.double_value());
    sum += value.ToString().size();
    if (value.kind() != Value::Kind::kUuid) CHECK(value.uuid() == Uuid{});
    CHECK(value.duration() == Duration{});
  }
  CHECK(Value(12).bytes().empty());
  CHECK(sum != 0);
}

// Goal: equality is of kind and content. Method: equal and unequal pairs, -0.0 and NaN among them.
TEST_CASE("values compare by kind and content") {
  const std::string a = "same";
  const std::string b = "same";
  CHECK(Value(a) == Value(b));
  CHECK_FALSE(Value(a) == Value::Bytes(b));
  CHECK_FALSE(Value("a") == Value("b"));
  CHECK(Value() == Value());
  CHECK_FALSE(Value() == Value(0));
  CHECK_FALSE(Value(0.0) == Value(-0.0));
  CHECK(Value(std::numeric_limits<double>::quiet_NaN()) == Value(std::numeric_limits<double>::quiet_NaN()));
  CHECK(Value(kUuid) == Value(kUuid));
  Uuid other = kUuid;
  other.bytes[15] = 1;
  CHECK_FALSE(Value(kUuid) == Value(other));
  CHECK_FALSE(Value(Timestamp{1}) == Value(Time{1}));
}

// Goal: values print as CQL literals. Method: one of each kind.
TEST_CASE("values print as literals") {
  CHECK(Value().ToString() == "null");
  CHECK(Value(false).ToString() == "false");
  CHECK(Value(-12).ToString() == "-12");
  CHECK(Value(0.1f).ToString() == "0.1");
  CHECK(Value(3.0).ToString() == "3.0");
  CHECK(Value(1e300).ToString() == "1e+300");
  CHECK(Value(-std::numeric_limits<double>::infinity()).ToString() == "-Infinity");
  CHECK(Value("it's").ToString() == "'it''s'");
  CHECK(Value::Bytes("\xca\xfe").ToString() == "0xcafe");
  CHECK(Value(Timestamp{1}).ToString() == "'1970-01-01T00:00:00.001Z'");
  CHECK(Value(Date{11'353}).ToString() == "'2001-01-31'");
  CHECK(Value(Time{1}).ToString() == "'00:00:00.000000001'");
  CHECK(Value(kUuid).ToString() == "550e8400-e29b-11d4-a716-446655440000");
  CHECK(Value::SerializedDuration(SerializeDuration({14, 3, 60'000'000'000})).ToString() == "1y2mo3d1m");
}

// Goal: a list of values views whatever holds them. Method: braces, vector, span.
TEST_CASE("lists of values are views") {
  const auto sum = [](Values values) {
    int64_t total = 0;
    for (const Value& value : values) total += value.integer();
    return total + static_cast<int64_t>(values.size()) * 1000;
  };
  const std::vector<Value> vector = {1, 2, 3};
  CHECK(sum({}) == 0);
  CHECK(sum({1, 2}) == 2003);
  CHECK(sum(vector) == 3006);
  CHECK(sum(std::span<const Value>(vector).subspan(1)) == 2005);
}

}  // namespace
}  // namespace stoa
