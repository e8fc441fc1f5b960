#include <string>
#include <vector>

#include <stoa/composite.h>
#include <stoa/schema.h>

#include "base/strings.h"
#include "support/catch.h"
#include "types/byte_comparable.h"
#include "types/literals.h"
#include "types/random_values.h"
#include "types/typed_order.h"

namespace stoa {
namespace {

constexpr ClusteringOrder kOrders[] = {ClusteringOrder::kAscending, ClusteringOrder::kDescending};

const DataType kInt = TypeKind::kInt;
const DataType kText = TypeKind::kText;

std::string Encode(const DataType& type, ClusteringOrder order, const Value& value) {
  std::string bytes;
  REQUIRE(AppendComparable(type, order, value, &bytes).ok());
  return bytes;
}

std::string Encode(const DataType& type, std::string_view literal) {
  const OwnedValue value = ParseLiteral(type, literal).value();
  return Encode(type, ClusteringOrder::kAscending, value.value());
}

/// Checks order, return and uniqueness for a pair of values.
void CheckPair(const DataType& type, ClusteringOrder order, const Value& a, const Value& b) {
  CAPTURE(FormatLiteral(type, a), FormatLiteral(type, b));
  const std::string a_bytes = Encode(type, order, a) + kRowEnd;
  const std::string b_bytes = Encode(type, order, b) + kRowEnd;
  const int typed = CompareTyped(type, a, b);
  REQUIRE(Sign(a_bytes.compare(b_bytes), 0) == (order == ClusteringOrder::kAscending ? typed : -typed));

  std::string_view rest = a_bytes;
  std::string decoded = "before";
  REQUIRE(DecodeComparable(type, order, &rest, &decoded));
  REQUIRE(rest == std::string(1, kRowEnd));
  const absl::StatusOr<Value> value = ParseSerialized(type, std::string_view(decoded).substr(6));
  REQUIRE(value.ok());
  REQUIRE(CompareTyped(type, *value, a) == 0);
  REQUIRE(Encode(type, order, *value) + kRowEnd == a_bytes);
}

// Goal: the encoding is fixed, for it is on disk. Method: bytes worked out by hand.
TEST_CASE("encoded composites are fixed") {
  const auto hex = [](const DataType& type, std::string_view literal) {
    return HexDump(Encode(type, literal));
  };
  const DataType tuple = DataType::Tuple({kInt, kText});
  CHECK(hex(DataType::List(kInt), "[1, -1]") ==
        "4080000001"
        "407fffffff"
        "38");
  CHECK(hex(DataType::List(kInt), "[]") == "38");
  CHECK(hex(DataType::List(kInt), "['']") == "3f38");
  CHECK(hex(DataType::Set(kText), "{'b', 'a'}") ==
        "406100"
        "406200"
        "38");
  CHECK(hex(DataType::Map(kText, kInt), "{'a': 1}") ==
        "406100"
        "4080000001"
        "38");
  CHECK(hex(tuple, "(1, 'a')") ==
        "4080000001"
        "406100"
        "38");
  CHECK(hex(tuple, "(null, 'a')") ==
        "3e"
        "406100"
        "38");
  CHECK(hex(tuple, "(1, null)") ==
        "4080000001"
        "38");
  CHECK(hex(tuple, "(1)") ==
        "4080000001"
        "38");
  CHECK(hex(tuple, "(null, null)") == "38");
  CHECK(hex(DataType::Vector(kInt, 1), "[1]") ==
        "4080000001"
        "38");
  CHECK(hex(DataType::List(DataType::Set(kInt)).Frozen(), "[{}, {1}]") ==
        "4038"
        "40408000000138"
        "38");
  std::string descending;
  const OwnedValue value = ParseLiteral(tuple, "(null, 'a')").value();
  REQUIRE(AppendComparable(tuple, ClusteringOrder::kDescending, value.value(), &descending).ok());
  CHECK(HexDump(descending) ==
        "c1"
        "bf9eff"
        "c7");
}

// Goal: memcmp orders encoded composites as their type does, equal values have equal bytes, and they come
// back. Method: pairs of random values of random types in both orders against typed_order.h. Half of the
// pairs share a type with few values, so that they often begin alike.
TEST_CASE("encoded composites are ordered as typed values") {
  Random random(61);
  for (int i = 0; i < 1500; ++i) {
    const std::vector<DataType> leaves =
        random.OneIn(2) ? ScalarTypes() : std::vector<DataType>{TypeKind::kBoolean, kText, TypeKind::kBlob};
    const DataType type = RandomCompositeType(leaves, 2 + random.Uniform(3), &random);
    CAPTURE(type.ToString());
    for (ClusteringOrder order : kOrders) {
      for (int j = 0; j < 20; ++j) {
        const OwnedValue a = RandomValue(type, &random);
        const OwnedValue b = RandomValue(type, &random);
        CheckPair(type, order, a.value(), b.value());
      }
    }
  }
}

// Goal: the order is Cassandra's where one might think otherwise. Method: ascending lists, all pairs; its
// comparators (5.0) gave the same answers.
TEST_CASE("composites are ordered as in Cassandra") {
  const auto check = [](const DataType& type, const std::vector<const char*>& ascending) {
    for (size_t a = 0; a < ascending.size(); ++a) {
      for (size_t b = 0; b < ascending.size(); ++b) {
        CAPTURE(type.ToString(), ascending[a], ascending[b]);
        CHECK(Sign(Encode(type, ascending[a]).compare(Encode(type, ascending[b])), 0) == Sign(a, b));
      }
    }
  };
  check(DataType::List(kInt), {"[]", "['']", "[-5]", "[1]", "[1, 1]", "[2]"});
  check(DataType::Map(kInt, kText), {"{}", "{1: 'a'}", "{1: 'a', 2: 'j'}", "{1: 'b'}", "{2: 'a'}"});
  check(DataType::Tuple({kInt, kText}),
        {"(null)", "(null, '')", "('')", "(-1)", "(1)", "(1, '')", "(1, 'a')", "(2)"});
  check(DataType::Vector(kText, 2), {"['', '']", "['', 'a']", "['a', 'b']", "['aa', '']"});
}

// Goal: a tuple that ends early is the key of the one with nulls, and comes back with all components. Method:
// both.
TEST_CASE("tuples come back with all components") {
  const DataType tuple = DataType::Tuple({kInt, kText, kInt});
  for (const char* literal : {"(1)", "(1, null)", "(1, null, null)"}) {
    const std::string bytes = Encode(tuple, literal);
    std::string_view rest = bytes;
    std::string decoded;
    REQUIRE(DecodeComparable(tuple, ClusteringOrder::kAscending, &rest, &decoded));
    CHECK(FormatLiteral(tuple, Value::Composite(decoded)) == "(1, null, null)");
  }
}

// Goal: what cannot be a key is refused, and the limit is on the serialized bytes that come back. Method:
// both sides.
TEST_CASE("composites in keys are limited") {
  std::string out;
  const auto append = [&](const DataType& type, const Value& value) {
    out.clear();
    return AppendComparable(type, ClusteringOrder::kDescending, value, &out);
  };
  const DataType list = DataType::List(TypeKind::kBlob).Frozen();
  const std::string longest(kKeyBytesMax - 8, '\0');
  const std::string largest = SerializeComposite(list, {Value::Bytes(longest)}).value();
  REQUIRE(append(list, Value::Composite(largest)).ok());
  std::string_view rest = out;
  std::string decoded;
  REQUIRE(DecodeComparable(list, ClusteringOrder::kDescending, &rest, &decoded));
  CHECK(decoded == largest);
  const std::string longer = longest + "a";
  const std::string larger = SerializeComposite(list, {Value::Bytes(longer)}).value();
  CHECK(append(list, Value::Composite(larger)).message() ==
        "given 65536 bytes, expected at most 65535 in a key");

  // 16,383 nulls are 65,532 bytes.
  const DataType wide = DataType::Tuple(std::vector<DataType>(16'383, kInt));
  const DataType wider = DataType::Tuple(std::vector<DataType>(16'384, kInt));
  const std::string nothing = SerializeComposite(wide, {nullptr}).value();
  CHECK(append(wide, Value::Composite(nothing)).ok());
  CHECK(append(wider, Value::Composite(nothing)).message() ==
        "with all components the value has more than 65535 bytes, the most in a key");

  CHECK(append(wide, Value::Empty()).message().substr(0, 36) == "given the empty value, expected froz");
  CHECK(append(kInt, Value::Empty()).message() == "given empty, expected int");
  CHECK(append(list, Value()).message() == "given null, expected frozen<list<blob>>");
  CHECK(append(list, Value::Unset()).message() == "given unset, expected frozen<list<blob>>");
  CHECK(append(TypeKind::kCounter, 1).message() == "counter cannot be a key");
  const DataType decimals = DataType::List(TypeKind::kDecimal);
  const std::string number(4097, '\x01');
  const std::string numbers = SerializeComposite(decimals, {Value::Bytes(number)}).value();
  CHECK(append(decimals, Value::Composite(numbers)).message() ==
        "given 4097 bytes, expected at most 4096 in a key");
}

// Goal: only encodings that the encoder makes are accepted. Method: encodings cut and changed, and noise;
// whatever decodes must encode to the same bytes. By hand: elements out of order, a null at the end of a
// tuple, too many and too few elements.
TEST_CASE("malformed encodings of composites are refused") {
  Random random(62);
  size_t accepted = 0;
  for (int i = 0; i < 30000; ++i) {
    const DataType type = RandomCompositeType(KeyTypes(), 4, &random);
    const ClusteringOrder order = kOrders[random.Uniform(2)];
    const OwnedValue value = RandomValue(type, &random);
    std::string bytes = Encode(type, order, value.value());
    const char mask = order == ClusteringOrder::kDescending ? '\xff' : '\0';
    const size_t at = random.Uniform(bytes.size());
    if (random.OneIn(3)) {
      bytes.resize(at);
    } else {
      bytes[at] = static_cast<char>("\x38\x3e\x3f\x40\x01\x00\xff\x80"[random.Uniform(8)] ^ mask);
    }
    std::string_view rest = bytes;
    std::string decoded;
    if (!DecodeComparable(type, order, &rest, &decoded)) continue;
    ++accepted;
    const absl::StatusOr<Value> again = ParseSerialized(type, decoded);
    CAPTURE(type.ToString(), HexDump(bytes), HexDump(decoded));
    REQUIRE(again.ok());
    REQUIRE(Encode(type, order, *again) == bytes.substr(0, bytes.size() - rest.size()));
  }
  CHECK(accepted > 1000);

  const auto decodes = [](const DataType& type, std::string_view bytes) {
    std::string decoded;
    return DecodeComparable(type, ClusteringOrder::kAscending, &bytes, &decoded);
  };
  const DataType set = DataType::Set(TypeKind::kTinyint);
  CHECK(decodes(set, "\x40\x81\x40\x82\x38"));
  CHECK_FALSE(decodes(set, "\x40\x82\x40\x81\x38"));
  CHECK_FALSE(decodes(set, "\x40\x82\x40\x82\x38"));
  CHECK(decodes(DataType::List(TypeKind::kTinyint), "\x40\x82\x40\x82\x38"));
  const DataType map = DataType::Map(TypeKind::kTinyint, TypeKind::kTinyint);
  CHECK(decodes(map, "\x40\x81\x40\x81\x40\x82\x40\x81\x38"));
  CHECK_FALSE(decodes(map, "\x40\x81\x40\x81\x40\x81\x40\x81\x38"));
  CHECK_FALSE(decodes(map, "\x40\x81\x38"));
  const DataType tuple = DataType::Tuple({TypeKind::kTinyint, TypeKind::kTinyint});
  CHECK(decodes(tuple, "\x3e\x40\x81\x38"));
  CHECK_FALSE(decodes(tuple, "\x40\x81\x3e\x38"));
  CHECK_FALSE(decodes(tuple, "\x40\x81\x40\x81\x40\x81\x38"));
  CHECK_FALSE(decodes(set, "\x3e\x38"));
  CHECK_FALSE(decodes(set, "\x3f\x38"));  // there is no empty tinyint
  const DataType vector = DataType::Vector(TypeKind::kTinyint, 1);
  CHECK(decodes(vector, "\x40\x81\x38"));
  CHECK_FALSE(decodes(vector, "\x38"));
  CHECK_FALSE(decodes(vector, "\x40\x81\x40\x81\x38"));
  CHECK_FALSE(decodes(DataType::Vector(kInt, 1), "\x3f\x38"));
  CHECK(decodes(DataType::Vector(TypeKind::kInet, 1), "\x3f\x38"));
}

}  // namespace
}  // namespace stoa
