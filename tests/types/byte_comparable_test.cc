#include "types/byte_comparable.h"

#include <string>
#include <vector>

#include "base/coding.h"
#include "base/strings.h"
#include "support/catch.h"
#include "types/literals.h"
#include "types/random_values.h"
#include "types/typed_order.h"

namespace stoa {
namespace {

constexpr ClusteringOrder kOrders[] = {ClusteringOrder::kAscending, ClusteringOrder::kDescending};

std::string Encode(const DataType& type, ClusteringOrder order, const Value& value) {
  std::string bytes;
  REQUIRE(AppendComparable(type, order, value, &bytes).ok());
  return bytes;
}

/// What follows a component in a key; the encoding may rely on it.
std::string Component(const DataType& type, ClusteringOrder order, const Value& value) {
  return Encode(type, order, value) + kRowEnd;
}

// Goal: the encoding is fixed, for it is on disk. Method: bytes worked out by hand.
TEST_CASE("encoded values are fixed") {
  struct Case {
    TypeKind kind;
    const char* literal;
    const char* hex;
  };
  const Case cases[] = {
      {TypeKind::kBoolean, "true", "01"},
      {TypeKind::kTinyint, "-1", "7f"},
      {TypeKind::kSmallint, "1", "8001"},
      {TypeKind::kInt, "-2147483648", "00000000"},
      {TypeKind::kBigint, "0", "8000000000000000"},
      {TypeKind::kTimestamp, "-1", "7fffffffffffffff"},
      {TypeKind::kTime, "1", "8000000000000001"},
      {TypeKind::kDate, "'1970-01-01'", "80000000"},
      {TypeKind::kFloat, "-0.0", "7fffffff"},
      {TypeKind::kFloat, "0", "80000000"},
      {TypeKind::kFloat, "-NaN", "ffc00000"},
      {TypeKind::kDouble, "-1", "400fffffffffffff"},
      {TypeKind::kDouble, "NaN", "fff8000000000000"},
      {TypeKind::kText, "'ab'", "616200"},
      {TypeKind::kBlob, "0x00ff00", "00ffff00ff00"},
      {TypeKind::kInet, "'10.0.0.1'", "0a00ff00ff0100"},
      {TypeKind::kUuid, "01234567-89ab-1def-8123-456789abcdef", "1def89ab012345678123456789abcdef"},
      {TypeKind::kUuid, "01234567-89ab-4def-8123-456789abcdef", "40123456789abdef8123456789abcdef"},
      {TypeKind::kTimeuuid, "01234567-89ab-1def-8123-456789abcdef", "1def89ab0123456701a3c5e7092b4d6f"},
      {TypeKind::kVarint, "0", "8000"},
      {TypeKind::kVarint, "-1", "7fff"},
      {TypeKind::kVarint, "128", "810080"},
      {TypeKind::kVarint, "-129", "7eff7f"},
      {TypeKind::kDecimal, "0.000", "02"},
      {TypeKind::kDecimal, "1.50", "0380000000000000011000"},
      {TypeKind::kDecimal, "-1.5", "017ffffffffffffffeefff"},
      {TypeKind::kDecimal, "0.0012", "037ffffffffffffffe0d00"},
      {TypeKind::kDecimal, "12345", "0380000000000000050d233300"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.literal);
    const OwnedValue value = ParseLiteral(c.kind, c.literal).value();
    const std::string ascending = Encode(c.kind, ClusteringOrder::kAscending, value.value());
    std::string descending = Encode(c.kind, ClusteringOrder::kDescending, value.value());
    CHECK(HexDump(ascending) == c.hex);
    for (char& byte : descending) byte = static_cast<char>(~byte);
    CHECK(descending == ascending);
  }
}

// Goal: memcmp orders encoded values as their type does, equal values have equal bytes, and they come back.
// Method: pairs of random values of every type in both orders against the typed order of typed_order.h.
TEST_CASE("encoded values are ordered as typed values") {
  Random random(31);
  for (const DataType& type : KeyTypes()) {
    CAPTURE(type.ToString());
    for (ClusteringOrder order : kOrders) {
      for (int i = 0; i < 5000; ++i) {
        const OwnedValue a = RandomValue(type, &random);
        const OwnedValue b = RandomValue(type, &random);
        const std::string a_bytes = Component(type, order, a.value());
        const std::string b_bytes = Component(type, order, b.value());
        const int typed = CompareTyped(type, a.value(), b.value());
        const int expected = order == ClusteringOrder::kAscending ? typed : -typed;
        CAPTURE(FormatLiteral(type, a.value()), FormatLiteral(type, b.value()));
        REQUIRE(Sign(a_bytes.compare(b_bytes), 0) == expected);

        const size_t fixed = ComparableBytes(type);
        if (fixed != 0) REQUIRE(a_bytes.size() == fixed + 1);
        std::string_view rest = a_bytes;
        std::string decoded = "before";
        REQUIRE(DecodeComparable(type, order, &rest, &decoded));
        REQUIRE(rest == std::string(1, kRowEnd));
        REQUIRE(decoded.substr(0, 6) == "before");
        const absl::StatusOr<Value> value = ParseSerialized(type, std::string_view(decoded).substr(6));
        REQUIRE(value.ok());
        REQUIRE(CompareTyped(type, *value, a.value()) == 0);
        REQUIRE(Component(type, order, *value) == a_bytes);
      }
    }
  }
}

// Goal: the order holds at every change of the length prefix of varints. Method: neighbours of powers of 256,
// all pairs.
TEST_CASE("varints of all lengths are ordered") {
  std::vector<std::string> ascending;
  for (size_t bytes : {1000, 122, 121, 120, 119, 2, 1, 0}) {
    ascending.push_back(std::string("\x80", 1) + std::string(bytes, '\0'));
    ascending.push_back(std::string("\x80", 1) + std::string(bytes, '\x01'));
  }
  for (size_t bytes : {0, 1, 2, 119, 120, 121, 122, 1000}) {
    ascending.push_back(std::string("\x7f", 1) + std::string(bytes, '\x01'));
    ascending.push_back(std::string("\x7f", 1) + std::string(bytes, '\xff'));
  }
  // With no further bytes the two of a pair are the same.
  ascending.erase(std::unique(ascending.begin(), ascending.end()), ascending.end());
  for (size_t a = 0; a < ascending.size(); ++a) {
    for (size_t b = 0; b < ascending.size(); ++b) {
      const auto key = [&](size_t i) {
        return Encode(TypeKind::kVarint, ClusteringOrder::kAscending, Value::Bytes(ascending[i]));
      };
      CHECK(Sign(key(a).compare(key(b)), 0) == Sign(a, b));
    }
  }
}

// Goal: decimals of extreme scales are ordered and come back. Method: an ascending list, all pairs.
TEST_CASE("decimals of all scales are ordered") {
  const char* const ascending[] = {"-9.9E+2147483648",
                                   "-1E+2147483648",
                                   "-100000",
                                   "-99999.9",
                                   "-1",
                                   "-0.1",
                                   "-1E-2147483647",
                                   "0",
                                   "1E-2147483647",
                                   "2E-2147483647",
                                   "0.1",
                                   "0.11",
                                   "1",
                                   "1.01",
                                   "99999.9",
                                   "100000",
                                   "1E+20",
                                   "1E+2147483648",
                                   "10E+2147483648"};
  std::vector<std::string> keys;
  for (const char* text : ascending) {
    const OwnedValue value = ParseLiteral(TypeKind::kDecimal, text).value();
    keys.push_back(Encode(TypeKind::kDecimal, ClusteringOrder::kAscending, value.value()));
    std::string_view rest = keys.back();
    std::string decoded;
    REQUIRE(DecodeComparable(TypeKind::kDecimal, ClusteringOrder::kAscending, &rest, &decoded));
    CHECK(Encode(TypeKind::kDecimal, ClusteringOrder::kAscending, Value::Bytes(decoded)) == keys.back());
  }
  for (size_t a = 0; a < keys.size(); ++a) {
    for (size_t b = 0; b < keys.size(); ++b) CHECK(Sign(keys[a].compare(keys[b]), 0) == Sign(a, b));
  }
  // Integers come back as they are mostly written.
  const OwnedValue value = ParseLiteral(TypeKind::kDecimal, "100.00").value();
  const std::string bytes = Encode(TypeKind::kDecimal, ClusteringOrder::kAscending, value.value());
  std::string_view hundred = bytes;
  std::string decoded;
  REQUIRE(DecodeComparable(TypeKind::kDecimal, ClusteringOrder::kAscending, &hundred, &decoded));
  CHECK(FormatLiteral(TypeKind::kDecimal, Value::Bytes(decoded)) == "100");
}

// Goal: the limit of a component. Method: as many bytes and one more, of each type without a fixed size.
TEST_CASE("components have at most 65,535 bytes, decimals 4,096") {
  for (TypeKind kind :
       {TypeKind::kText, TypeKind::kAscii, TypeKind::kBlob, TypeKind::kVarint, TypeKind::kDecimal}) {
    const bool text = kind == TypeKind::kText || kind == TypeKind::kAscii;
    const size_t bytes_max = kind == TypeKind::kDecimal ? 4096 : kKeyBytesMax;
    const std::string longest(bytes_max, 'a');
    const std::string longer(bytes_max + 1, 'a');
    std::string out;
    REQUIRE(AppendComparable(kind, ClusteringOrder::kDescending,
                             text ? Value(longest) : Value::Bytes(longest), &out)
                .ok());
    std::string_view rest = out;
    std::string decoded;
    CHECK(DecodeComparable(kind, ClusteringOrder::kDescending, &rest, &decoded));
    if (kind != TypeKind::kDecimal) CHECK(decoded == longest);
    const absl::Status status = AppendComparable(kind, ClusteringOrder::kDescending,
                                                 text ? Value(longer) : Value::Bytes(longer), &out);
    CHECK(status.message() == "given " + std::to_string(bytes_max + 1) + " bytes, expected at most " +
                                  std::to_string(bytes_max) + " in a key");
  }
  const std::string encoded = std::string(kKeyBytesMax + 1, 'a') + '\0';
  std::string_view escaped = encoded;
  std::string decoded;
  CHECK_FALSE(DecodeComparable(TypeKind::kText, ClusteringOrder::kAscending, &escaped, &decoded));
}

// Goal: no bytes decode to a decimal that is too long for a key, and few bytes do not decode to many digits.
// Method: numbers of nines about the limit, which is 4,092 bytes of integer or 9,854 digits; one digit with a
// scale that is the least there is, and beyond.
TEST_CASE("decoded decimals have at most 4,096 bytes") {
  const auto decodes = [](uint64_t exponent, size_t digit_pairs) {
    std::string bytes(1, '\x03');
    AppendBig(&bytes, exponent ^ (uint64_t{1} << 63));
    bytes += std::string(digit_pairs, 100) + '\0';
    std::string_view rest = bytes;
    std::string decoded;
    const bool ok = DecodeComparable(TypeKind::kDecimal, ClusteringOrder::kAscending, &rest, &decoded);
    CHECK((!ok || decoded.size() <= 4096));
    return ok;
  };
  CHECK(decodes(1, 9'854 / 2));
  CHECK_FALSE(decodes(1, 9'854 / 2 + 1));
  CHECK_FALSE(decodes(1, 100'000));
  constexpr uint64_t kLeastScale = uint64_t{1} << 31;
  CHECK(decodes(kLeastScale + 2, 1));
  CHECK(decodes(kLeastScale + 9'854, 1));
  CHECK_FALSE(decodes(kLeastScale + 9'860, 1));
  CHECK_FALSE(decodes(kLeastScale + 157'000, 1));
}

// Goal: what cannot be a key is refused. Method: null, wrong kinds, duration.
TEST_CASE("what cannot be a key is refused") {
  std::string out;
  const auto message = [&](TypeKind kind, const Value& value) {
    return std::string(FromAbsl(AppendComparable(kind, ClusteringOrder::kAscending, value, &out).message()));
  };
  CHECK(message(TypeKind::kInt, Value()) == "given null, expected int");
  CHECK(message(TypeKind::kText, Value()) == "given null, expected text");
  CHECK(message(TypeKind::kText, 1) == "given integer, expected text");
  CHECK(message(TypeKind::kDuration, Value::SerializedDuration(SerializeDuration({1, 2, 3}))) ==
        "duration cannot be a key");
  CHECK(out.empty());
  std::string_view bytes("\0\0\0", 3);
  CHECK_FALSE(DecodeComparable(TypeKind::kDuration, ClusteringOrder::kAscending, &bytes, &out));
}

// Goal: only encodings that the encoder makes are accepted. Method: every truncation, every byte changed in
// 12 ways and noise; whatever decodes must encode to the same bytes.
TEST_CASE("malformed encodings are refused") {
  Random random(32);
  size_t accepted = 0;
  const auto check = [&](const DataType& type, ClusteringOrder order, const std::string& bytes) {
    std::string_view rest = bytes;
    std::string decoded;
    if (!DecodeComparable(type, order, &rest, &decoded)) return false;
    ++accepted;
    const absl::StatusOr<Value> value = ParseSerialized(type, decoded);
    REQUIRE(value.ok());
    REQUIRE(Encode(type, order, *value) == bytes.substr(0, bytes.size() - rest.size()));
    return true;
  };
  for (const DataType& type : KeyTypes()) {
    CAPTURE(type.ToString());
    for (ClusteringOrder order : kOrders) {
      for (int i = 0; i < 100; ++i) {
        const OwnedValue original_value = RandomValue(type, &random);
        std::string bytes = Encode(type, order, original_value.value());
        for (size_t size = 0; size < bytes.size(); ++size) {
          const bool valid = check(type, order, bytes.substr(0, size));
          // Cut behind the first byte of an escaped zero, the rest is the encoding of a shorter value.
          if (ComparableBytes(type) != 0 || type.kind() == TypeKind::kVarint) REQUIRE_FALSE(valid);
        }
        for (size_t at = 0; at < std::min<size_t>(bytes.size(), 40); ++at) {
          const char original = bytes[at];
          for (int bit = 0; bit < 8; ++bit) {
            bytes[at] = static_cast<char>(original ^ (1 << bit));
            check(type, order, bytes);
          }
          for (char byte : {'\0', '\xff', '\x7f', '\x80'}) {
            bytes[at] = byte;
            check(type, order, bytes);
          }
          bytes[at] = original;
        }
        std::string noise;
        for (size_t size = random.Uniform(30); size > 0; --size)
          noise.push_back(static_cast<char>(random.Next()));
        check(type, order, noise);
      }
    }
  }
  CHECK(accepted > 1000);
}

}  // namespace
}  // namespace stoa
