#include "base/coding.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

/// Numbers of every bit width, and those next to them.
std::vector<uint64_t> InterestingNumbers() {
  std::vector<uint64_t> numbers = {0, std::numeric_limits<uint64_t>::max()};
  for (int bit = 0; bit < 64; ++bit) {
    for (uint64_t near : {uint64_t{0}, uint64_t{1}, uint64_t{2}})
      numbers.push_back((uint64_t{1} << bit) - 1 + near);
  }
  return numbers;
}

bool IsVarint(std::string_view bytes, uint64_t* value) {
  Decoder decoder(bytes);
  return decoder.Varint(value) && decoder.Done();
}

}  // namespace

TEST_CASE("coding: fixed-width integers have the stated byte order", "[base]") {
  // Goal: files are the same on every machine. Method: compare with spelled-out bytes.
  std::string bytes;
  AppendLittle<uint32_t>(&bytes, 0x01020304);
  AppendBig<uint32_t>(&bytes, 0x01020304);
  AppendLittle<uint8_t>(&bytes, 0xfe);
  AppendBig<int16_t>(&bytes, -2);
  CHECK(bytes == std::string("\x04\x03\x02\x01\x01\x02\x03\x04\xfe\xff\xfe", 11));
  CHECK(LoadLittle<uint32_t>(bytes.data()) == 0x01020304);
  CHECK(LoadBig<uint32_t>(bytes.data() + 4) == 0x01020304);
  CHECK(LoadBig<int16_t>(bytes.data() + 9) == -2);
}

TEST_CASE("coding: big-endian integers sort as bytes", "[base]") {
  // Goal: keys made of them are compared by memcmp. Method: order of all pairs of interesting numbers.
  const std::vector<uint64_t> numbers = InterestingNumbers();
  for (uint64_t a : numbers) {
    for (uint64_t b : numbers) {
      std::string a_bytes, b_bytes;
      AppendBig(&a_bytes, a);
      AppendBig(&b_bytes, b);
      if ((a < b) != (a_bytes < b_bytes)) FAIL(a << " and " << b);
    }
  }
}

TEST_CASE("coding: varints come back, in the announced size", "[base]") {
  // Goal: encode and decode are inverse. Method: numbers of every width, also signed.
  for (uint64_t number : InterestingNumbers()) {
    std::string bytes;
    AppendVarint(&bytes, number);
    CHECK(bytes.size() == VarintSize(number));
    uint64_t decoded = 0;
    REQUIRE(IsVarint(bytes, &decoded));
    CHECK(decoded == number);
    CHECK(UnZigZag(ZigZag(static_cast<int64_t>(number))) == static_cast<int64_t>(number));
    // Every proper prefix is incomplete.
    for (size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(IsVarint(bytes.substr(0, size), &decoded));
  }
  CHECK(ZigZag(-1) == 1);
  CHECK(ZigZag(1) == 2);
}

TEST_CASE("coding: malformed varints are refused", "[base]") {
  // Goal: equal values have one encoding and none overflows. Method: spelled-out bad encodings.
  uint64_t value = 0;
  CHECK_FALSE(IsVarint("", &value));
  CHECK_FALSE(IsVarint(std::string("\x80\x00", 2), &value));      // 0 in two bytes
  CHECK_FALSE(IsVarint(std::string("\xff\x80\x00", 3), &value));  // 127 in three bytes
  CHECK(IsVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &value));
  CHECK(value == std::numeric_limits<uint64_t>::max());
  CHECK_FALSE(IsVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", &value));      // 65 bits
  CHECK_FALSE(IsVarint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", &value));  // eleven bytes
  CHECK_FALSE(IsVarint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", &value));
}

TEST_CASE("coding: a varint too wide for its type is refused", "[base]") {
  // Goal: narrowing never cuts silently. Method: the largest value of a type, and one more.
  for (uint64_t number : {uint64_t{255}, uint64_t{256}}) {
    std::string bytes;
    AppendVarint(&bytes, number);
    Decoder decoder(bytes);
    uint8_t narrow = 0;
    CHECK(decoder.Varint(&narrow) == (number <= 255));
    CHECK(decoder.ok() == (number <= 255));
  }
}

TEST_CASE("coding: any bytes decode to something that encodes to the same bytes, or are refused", "[base]") {
  // Goal: the varint encoding is canonical. Method: random short strings, biased to continuation bytes.
  Random random(7);
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes(1 + random.Uniform(11), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next() | (random.OneIn(3) ? 0 : 0x80));
    Decoder decoder(bytes);
    uint64_t value = 0;
    if (!decoder.Varint(&value)) {
      if (decoder.ok() || decoder.remaining() != 0) FAIL("a failed decoder must be spent");
      continue;
    }
    std::string again;
    AppendVarint(&again, value);
    if (again != bytes.substr(0, bytes.size() - decoder.remaining())) FAIL("not canonical");
  }
}

TEST_CASE("coding: a decoder stays inside its bytes and is spent after an error", "[base]") {
  // Goal: a run of reads may be checked once, at the end. Method: reads beyond the end, then valid ones.
  std::string bytes;
  AppendLengthPrefixed(&bytes, "abc");
  AppendLittle<uint16_t>(&bytes, 513);
  Decoder good(bytes);
  std::string_view text;
  uint16_t number = 0;
  CHECK(good.LengthPrefixed(&text));
  CHECK(text == "abc");
  CHECK(good.rest().size() == 2);
  CHECK(good.Little(&number));
  CHECK(number == 513);
  CHECK(good.Done());

  Decoder bad(bytes);
  CHECK_FALSE(bad.Bytes(bytes.size() + 1, &text));
  CHECK_FALSE(bad.Little(&number));
  CHECK_FALSE(bad.ok());
  CHECK_FALSE(bad.Done());

  std::string lying;
  AppendVarint(&lying, std::numeric_limits<uint64_t>::max());
  lying += "abc";
  Decoder liar(lying);
  CHECK_FALSE(liar.LengthPrefixed(&text));
  CHECK_FALSE(liar.ok());
}

}  // namespace stoa
