#include "types/literals.h"

#include <cmath>
#include <string>

#include "base/strings.h"
#include "support/catch.h"
#include "types/date_time.h"
#include "types/random_values.h"

namespace stoa {
namespace {

/// The canonical form of a literal, or the error.
std::string Reformat(const DataType& type, std::string_view text) {
  const absl::StatusOr<OwnedValue> value = ParseLiteral(type, text);
  if (!value.ok()) {
    CHECK(value.status().code() == absl::StatusCode::kInvalidArgument);
    return std::string(FromAbsl(value.status().message()));
  }
  return FormatLiteral(type, value->value());
}

bool Parses(const DataType& type, std::string_view text) { return ParseLiteral(type, text).ok(); }

// Goal: what is printed reads back as the same bytes. Method: random values of every type.
TEST_CASE("literals round trip") {
  Random random(21);
  for (const DataType& type : ScalarTypes()) {
    for (int i = 0; i < 3000; ++i) {
      const OwnedValue value = RandomValue(type, &random);
      const std::string text = FormatLiteral(type, value.value());
      const absl::StatusOr<OwnedValue> parsed = ParseLiteral(type, text);
      CAPTURE(type.ToString(), text);
      REQUIRE(parsed.ok());
      if (text == "NaN") {
        REQUIRE(FormatLiteral(type, parsed->value()) == "NaN");
      } else {
        REQUIRE(parsed->value() == value.value());
      }
    }
  }
}

// Goal: the accepted forms and the canonical one of each type. Method: pairs by hand.
TEST_CASE("literals have one canonical form") {
  CHECK(Reformat(TypeKind::kInt, "NULL") == "null");
  CHECK(Reformat(TypeKind::kBoolean, "True") == "true");
  CHECK(Reformat(TypeKind::kInt, "-0012") == "-12");
  CHECK(Reformat(TypeKind::kDouble, "-2E-7") == "-2e-07");
  CHECK(Reformat(TypeKind::kDouble, "7") == "7.0");
  CHECK(Reformat(TypeKind::kFloat, "nan") == "NaN");
  CHECK(Reformat(TypeKind::kFloat, "-INFINITY") == "-Infinity");
  CHECK(Reformat(TypeKind::kText, "''") == "''");
  CHECK(Reformat(TypeKind::kInt, "''") == "''");
  CHECK(ParseLiteral(TypeKind::kInt, "''")->value() == Value::Empty());
  CHECK(ParseLiteral(TypeKind::kInet, "''")->value() == Value::Empty());
  CHECK_FALSE(Parses(TypeKind::kTinyint, "''"));
  CHECK(Reformat(TypeKind::kCounter, "-12") == "-12");
  CHECK(Reformat(TypeKind::kText, "'a''b'") == "'a''b'");
  CHECK(Reformat(TypeKind::kBlob, "0x") == "0x");
  CHECK(Reformat(TypeKind::kBlob, "0XaBcD") == "0xabcd");
  CHECK(Reformat(TypeKind::kVarint, "-000123456789012345678901234567890") ==
        "-123456789012345678901234567890");
  CHECK(Reformat(TypeKind::kUuid, "550E8400-E29B-41D4-A716-446655440000") ==
        "550e8400-e29b-41d4-a716-446655440000");
  CHECK(Reformat(TypeKind::kInet, "10.0.0.255") == "'10.0.0.255'");
  CHECK(Reformat(TypeKind::kInet, "'2001:0DB8:0:0:0:0:0:1'") == "'2001:db8::1'");
  CHECK(Reformat(TypeKind::kDuration, "1Y2mo2W3D4h5m6s7ms8us9ns") == "1y2mo17d4h5m6s7ms8us9ns");
  CHECK(Reformat(TypeKind::kDuration, "-90m") == "-1h30m");
  CHECK(Reformat(TypeKind::kDuration, "0d") == "0ns");
}

// Goal: decimals print as java.math.BigDecimal does, keeping digits and scale. Method: pairs by hand.
TEST_CASE("decimals keep their scale") {
  for (const char* text :
       {"0", "0.00", "0E+3", "1", "-1.50", "100", "1E+2", "0.000001", "1E-7", "1.23E-10", "-1.23E+5",
        "12345678901234567890.000000000000000000001", "1E+2147483648", "1E-2147483647"}) {
    CHECK(Reformat(TypeKind::kDecimal, text) == text);
  }
  CHECK(Reformat(TypeKind::kDecimal, "12.5e1") == "125");
  CHECK(Reformat(TypeKind::kDecimal, "-00.5") == "-0.5");
  CHECK_FALSE(Parses(TypeKind::kDecimal, "1E+2147483649"));
  CHECK_FALSE(Parses(TypeKind::kDecimal, "1E-2147483648"));
}

// Goal: dates, times and timestamps in all their forms. Method: pairs by hand, leap years and limits among
// them.
TEST_CASE("dates and times have several forms") {
  CHECK(Reformat(TypeKind::kDate, "2000-02-29") == "'2000-02-29'");
  CHECK(Reformat(TypeKind::kDate, "2147483648") == "'1970-01-01'");
  CHECK(Reformat(TypeKind::kDate, "0") == "'-5877641-06-23'");
  CHECK(Reformat(TypeKind::kDate, "4294967295") == "'5881580-07-11'");
  CHECK(Reformat(TypeKind::kDate, "'-0001-12-31'") == "'-0001-12-31'");
  CHECK(Reformat(TypeKind::kTime, "'04:05:06'") == "'04:05:06.000000000'");
  CHECK(Reformat(TypeKind::kTime, "'23:59:59.9'") == "'23:59:59.900000000'");
  CHECK(Reformat(TypeKind::kTime, "86399999999999") == "'23:59:59.999999999'");
  CHECK(Reformat(TypeKind::kTimestamp, "'2001-01-31'") == "'2001-01-31T00:00:00.000Z'");
  CHECK(Reformat(TypeKind::kTimestamp, "'2001-01-31 04:05'") == "'2001-01-31T04:05:00.000Z'");
  CHECK(Reformat(TypeKind::kTimestamp, "'2001-01-31 04:05:06+0130'") == "'2001-01-31T02:35:06.000Z'");
  CHECK(Reformat(TypeKind::kTimestamp, "'2001-01-31T04:05:06.7-01:30'") == "'2001-01-31T05:35:06.700Z'");
  CHECK(Reformat(TypeKind::kTimestamp, "'2001-01-31T23:05+01'") == "'2001-01-31T22:05:00.000Z'");
  CHECK(Reformat(TypeKind::kTimestamp, "-1") == "'1969-12-31T23:59:59.999Z'");
  CHECK(Reformat(TypeKind::kTimestamp, "-9223372036854775808") == "-9223372036854775808");
  for (const char* text :
       {"'2001-02-29'", "'1900-02-29'", "'2001-13-01'", "'2001-00-01'", "'2001-01-00'", "'2001-1-1'",
        "'2001-04-31'", "'5881580-07-12'", "'-5877641-06-22'", "'2001-01-31 '", "4294967296", "-1"}) {
    CAPTURE(text);
    CHECK_FALSE(Parses(TypeKind::kDate, text));
  }
  for (const char* text :
       {"'24:00:00'", "'00:60:00'", "'00:00:60'", "'00:00'", "'00:00:00.'", "'00:00:00.0000000000'"}) {
    CAPTURE(text);
    CHECK_FALSE(Parses(TypeKind::kTime, text));
  }
  for (const char* text :
       {"'2001-01-31T'", "'2001-01-31 04'", "'2001-01-31 04:05:06.0001'", "'2001-01-31 04:05+1'",
        "'2001-01-31 04:05+0160'", "'2001-01-31 04:05x'", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK_FALSE(Parses(TypeKind::kTimestamp, text));
  }
}

// Goal: the calendar is right. Method: day by day over 1,200 years the date must advance as a calendar does.
TEST_CASE("the calendar advances day by day") {
  int year = 1400;
  int month = 1;
  int day = 1;
  Date date{};
  REQUIRE(ParseDate("1400-01-01", &date));
  while (year < 2600) {
    std::string text = std::to_string(10000 * year + 100 * month + day);
    text.insert(6, "-").insert(4, "-");
    Date parsed{};
    if (!ParseDate(text, &parsed) || parsed != date || FormatDate(date) != "'" + text + "'") FAIL(text);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int days = month == 2                                              ? (leap ? 29 : 28)
                     : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                             : 31;
    ++date.days;
    if (++day > days) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
  }
}

// Goal: what is no literal is refused, by a message with text and type. Method: near misses of every type.
TEST_CASE("what is no literal is refused") {
  CHECK(Reformat(TypeKind::kInt, "12x") == "not a literal of type int: 12x");
  CHECK(Reformat(TypeKind::kTinyint, "300") == "given 300, expected tinyint (-128 to 127)");
  CHECK(Reformat(TypeKind::kTimeuuid, "550e8400-e29b-41d4-a716-446655440000") ==
        "given 550e8400-e29b-41d4-a716-446655440000, expected timeuuid (version 1)");
  CHECK(Reformat(TypeKind::kTime, "86400000000000") ==
        "given 86400000000000 ns, expected time (0 to 86399999999999 ns)");
  const std::pair<TypeKind, std::vector<const char*>> misses[] = {
      {TypeKind::kBoolean, {"", "1", "'true'", "yes"}},
      {TypeKind::kInt, {"", "-", "+1", "1.0", "1e3", " 1", "1 ", "'1'"}},
      {TypeKind::kBigint, {"9223372036854775808", "-9223372036854775809"}},
      {TypeKind::kVarint, {"", "-", "--1", "+1", "1.0", "0x1"}},
      {TypeKind::kDecimal, {"", ".", ".5", "5.", "1e", "1e+", "1e+-1", "1e5.0", "NaN", "1.2.3", "-"}},
      {TypeKind::kDouble, {"", ".5", "5.", "1e", "inf", "0x1p3", "1e400", "1e-400", "+1", "--1", "-"}},
      {TypeKind::kFloat, {"1e39", "nan(1)", "infinite"}},
      {TypeKind::kText, {"", "'", "a", "'a", "a'", "'a'b'", "'''", "\"a\""}},
      {TypeKind::kAscii, {"'\u00e9'"}},
      {TypeKind::kBlob, {"", "0", "cafe", "0xc", "0xcg", "0x-1", "0x 1", "'0xca'"}},
      {TypeKind::kInet, {"", "1.2.3", "1.2.3.256", "1.2.3.4.5", ":::", "host", "'::1"}},
      {TypeKind::kUuid,
       {"", "550e8400e29b41d4a716446655440000", "550e8400-e29b-41d4-a716-44665544000g",
        "550e8400-e29b-41d4-a716-4466554400000", "'550e8400-e29b-41d4-a716-446655440000'"}},
      {TypeKind::kDuration,
       {"", "-", "1", "d", "1d1mo", "1d1d", "1x", "1.5d", "2147483648mo", "2147483649d",
        "9223372036854775808ns", "99999999999999999999ns", "18446744073709551615h", "1d-1h"}},
  };
  for (const auto& [kind, texts] : misses) {
    for (const char* text : texts) {
      CAPTURE(DataType(kind).ToString(), text);
      CHECK_FALSE(Parses(kind, text));
    }
  }
  CHECK_FALSE(Parses(TypeKind::kInet, std::string_view("1.2.3.4\0", 8)));
}

// Goal: no text makes the parser fail otherwise than by a status. Method: mutated literals and noise;
// sanitizers watch.
TEST_CASE("any text is a literal or an error") {
  Random random(22);
  size_t accepted = 0;
  for (const DataType& type : ScalarTypes()) {
    for (int i = 0; i < 2000; ++i) {
      const OwnedValue original = RandomValue(type, &random);
      std::string text = FormatLiteral(type, original.value());
      for (size_t n = 1 + random.Uniform(3); n > 0 && !text.empty(); --n) {
        const size_t at = random.Uniform(text.size());
        if (random.OneIn(2)) {
          text[at] = "0019-+.:eE'xdmo\0Z"[random.Uniform(17)];
        } else {
          text.erase(at, 1);
        }
      }
      const absl::StatusOr<OwnedValue> value = ParseLiteral(type, text);
      if (!value.ok()) continue;
      ++accepted;
      const std::string again = FormatLiteral(type, value->value());
      REQUIRE(Reformat(type, again) == again);
    }
  }
  CHECK(accepted > 1000);
}

// Goal: an owned value survives being moved and copied. Method: short text, which lives inside the string
// object.
TEST_CASE("owned values move with their bytes") {
  OwnedValue first = ParseLiteral(TypeKind::kText, "'abc'").value();
  OwnedValue second = std::move(first);
  const OwnedValue third = second;
  second = OwnedValue();
  CHECK(third.value() == Value("abc"));
  CHECK(second.value().is_null());
}

}  // namespace
}  // namespace stoa
