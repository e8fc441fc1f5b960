#include "types/big_integer.h"

#include <string>

#include "base/strings.h"
#include "support/catch.h"
#include "types/random_values.h"

namespace stoa {
namespace {

// Goal: numbers of 64 bits read and print as the machine does. Method: random and boundary numbers.
TEST_CASE("varints of machine size agree with the machine") {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const int64_t number = RandomIntegerOf<int64_t>(&random);
    std::string wide;
    AppendBig(&wide, number);
    const std::string varint = VarintFromText(std::to_string(number));
    REQUIRE(VarintToText(wide) == std::to_string(number));
    REQUIRE(varint == MinimalVarint(wide));
    REQUIRE(VarintToText(varint) == std::to_string(number));
  }
}

// Goal: the serialized form is the protocol's. Method: the examples of its specification, and powers of two
// and ten.
TEST_CASE("varints are minimal two's complement") {
  const auto hex = [](std::string_view text) { return HexDump(VarintFromText(text)); };
  CHECK(hex("0") == "00");
  CHECK(hex("-0") == "00");
  CHECK(hex("127") == "7f");
  CHECK(hex("128") == "0080");
  CHECK(hex("129") == "0081");
  CHECK(hex("-1") == "ff");
  CHECK(hex("-128") == "80");
  CHECK(hex("-129") == "ff7f");
  CHECK(hex("000256") == "0100");
  CHECK(hex("18446744073709551616") == "010000000000000000");
  CHECK(hex("-18446744073709551616") == "ff0000000000000000");
  CHECK(hex("-340282366920938463463374607431768211456") == "ff00000000000000000000000000000000");
  CHECK(hex("100000000000000000000") == "056bc75e2d63100000");
  CHECK(VarintToText(std::string("\x80", 1)) == "-128");
  CHECK(VarintToText(std::string("\x80\0\0\0\0\0\0\0", 8)) == "-9223372036854775808");
}

// Goal: any size converts without loss. Method: random digits there and back; 2^n by doubling text.
TEST_CASE("varints of any size round trip") {
  Random random(2);
  for (int i = 0; i < 500; ++i) {
    std::string digits = random.OneIn(2) ? "-" : "";
    digits.push_back(static_cast<char>('1' + random.Uniform(9)));
    for (size_t n = random.Uniform(700); n > 0; --n)
      digits.push_back(static_cast<char>('0' + random.Uniform(10)));
    const std::string varint = VarintFromText(digits);
    REQUIRE(VarintToText(varint) == digits);
    REQUIRE(MinimalVarint(varint) == varint);
    // Redundant leading bytes change nothing.
    const std::string padded = std::string(random.Uniform(9), digits[0] == '-' ? '\xff' : '\0') + varint;
    REQUIRE(MinimalVarint(padded) == varint);
    REQUIRE(VarintToText(padded) == digits);
  }
  std::string power = "1";
  for (size_t bit = 0; bit < 600; ++bit) {
    std::string expected(bit / 8 + 1, '\0');
    expected[0] = static_cast<char>(1 << bit % 8);
    if (bit % 8 == 7) expected.insert(0, 1, '\0');
    REQUIRE(VarintFromText(power) == expected);
    std::string doubled;
    int carry = 0;
    for (size_t i = power.size(); i-- > 0;) {
      const int digit = (power[i] - '0') * 2 + carry;
      doubled.insert(0, 1, static_cast<char>('0' + digit % 10));
      carry = digit / 10;
    }
    power = (carry != 0 ? "1" : "") + doubled;
  }
}

}  // namespace
}  // namespace stoa
