#include <map>
#include <string>
#include <vector>

#include <stoa/schema.h>
#include <stoa/types.h>

#include "base/strings.h"
#include "support/catch.h"
#include "types/random_values.h"
#include "types/type_codec.h"
#include "types/type_rules.h"

namespace stoa {
namespace {

const DataType kInt = TypeKind::kInt;
const DataType kText = TypeKind::kText;
const DataType kDuration = TypeKind::kDuration;

/// User types by name.
const DataType* Resolve(std::string_view name) {
  static const auto& types = *new std::map<std::string, DataType>{
      {"addr", DataType::UserType("addr", {{"street", kText}, {"Zip", kInt}})},
      {"Addr", DataType::UserType("Addr", {{"a", kInt}})},
      {"ks.addr", DataType::UserType("ks.addr", {{"a", kInt}})},
      {"int", DataType::UserType("int", {{"a", kInt}})},
      {"list", DataType::UserType("list", {{"a", kInt}})},
      {"open", DataType::UserType("open", {{"l", DataType::List(kInt)}})}};
  const auto found = types.find(std::string(name));
  return found == types.end() ? nullptr : &found->second;
}

/// How a description is printed, or the error.
std::string Reprint(std::string_view text) {
  const absl::StatusOr<DataType> type = DataType::Parse(text, Resolve);
  if (type.ok()) return type->ToString();
  CHECK(absl::IsInvalidArgument(type.status()));
  return std::string(FromAbsl(type.status().message()));
}

std::string Refusal(const DataType& type) { return std::string(FromAbsl(ValidateType(type).message())); }

DataType Nested(size_t depth) {
  DataType type = kInt;
  while (type.depth() < depth) type = DataType::List(type).Frozen();
  return type;
}

// Goal: descriptions are printed as Cassandra 5 prints them (CQL3Type.toString), whatever way they were
// written. Method: pairs, which Cassandra 5.0 answered.
TEST_CASE("types are printed as Cassandra prints them") {
  CHECK(Reprint("map<text, frozen<list<int>>>") == "map<text, frozen<list<int>>>");
  CHECK(Reprint("frozen<map<text,list<int>>>") == "frozen<map<text, frozen<list<int>>>>");
  CHECK(Reprint("FROZEN < List\t<\nINT>\r>") == "frozen<list<int>>");
  CHECK(Reprint(" int ") == "int");
  CHECK(Reprint("tuple<list<int>,text>") == "frozen<tuple<frozen<list<int>>, text>>");
  CHECK(Reprint("frozen<tuple<int>>") == "frozen<tuple<int>>");
  CHECK(Reprint("list<tuple<int>>") == "list<frozen<tuple<int>>>");
  CHECK(Reprint("vector<float,3>") == "vector<float, 3>");
  CHECK(Reprint("frozen<vector<int, 2>>") == "vector<int, 2>");
  CHECK(Reprint("list<vector<float, 3>>") == "list<vector<float, 3>>");
  CHECK(Reprint("vector<vector<float, 3>, 3>") == "vector<vector<float, 3>, 3>");
  CHECK(Reprint("set<frozen<set<list<int>>>>") == "set<frozen<set<frozen<list<int>>>>>");
  CHECK(Reprint("frozen<frozen<list<int>>>") == "frozen<list<int>>");
  CHECK(Reprint("Counter") == "counter");
  CHECK(Reprint("map<varchar, bigint>") == "map<text, bigint>");
  CHECK(Reprint("ADDR") == "addr");
  CHECK(Reprint("frozen<\"Addr\">") == "frozen<\"Addr\">");
  CHECK(Reprint("list<frozen<\"Addr\">>") == "list<frozen<\"Addr\">>");
  CHECK(Reprint("ks . addr") == "ks.addr");
  CHECK(Reprint("tuple<addr>") == "frozen<tuple<frozen<addr>>>");
  // Names of other types stay in quotes, so that they read back.
  CHECK(Reprint("\"int\"") == "\"int\"");
  CHECK(Reprint("\"list\"") == "\"list\"");
  CHECK_FALSE(DataType::Parse("list<int>")->is_frozen());
  CHECK(DataType::Parse("tuple<int, text>").value() == DataType::Tuple({kInt, kText}));
  CHECK(DataType::Parse("tuple<int, text>")->ToString() == "frozen<tuple<int, text>>");
}

// Goal: what is no type is refused with the place. Method: one error of every kind.
TEST_CASE("what describes no type is refused") {
  CHECK(Reprint("") == "type \"\", byte 0: expected a type, found the end");
  CHECK(Reprint("list<int>>") == "type \"list<int>>\", byte 9: expected the end, found \">\"");
  CHECK(Reprint("list<int") == "type \"list<int\", byte 8: expected '>', found the end");
  CHECK(Reprint("map<int>") == "type \"map<int>\", byte 7: expected ',', found \">\"");
  CHECK(Reprint("map<int, int, int>") ==
        "type \"map<int, int, int>\", byte 14: expected at most 2 parameters of map, found \"int>\"");
  CHECK(Reprint("vector<int>") == "type \"vector<int>\", byte 10: expected ',', found \">\"");
  CHECK(Reprint("vector<int, x>") ==
        "type \"vector<int, x>\", byte 12: expected a dimension from 1 to 8192, found \"x>\"");
  CHECK(Reprint("vector<int, 4294967296>").find("expected a dimension") != std::string::npos);
  CHECK(Reprint("frozen<int>") == "type int cannot be frozen; collections, tuples and user types can");
  CHECK(Reprint("frozen<counter>").find("counter cannot be frozen") != std::string::npos);
  CHECK(Reprint("list<nobody>") == "unknown type nobody at byte 5");
  CHECK(Reprint("\"Nobody") == "type \"\"Nobody\", byte 0: expected a type, found \"\"Nobody\"");
  CHECK(Reprint("\"Nobody\"") == "unknown type \"Nobody\" at byte 0");
  CHECK(Reprint("ks.") == "type \"ks.\", byte 3: expected the name of a type, found the end");
  for (const char* text :
       {"tuple<>", "list", "list<>", "<int>", "int<int>", "addr<int>", "frozen", "list<int,int>",
        "list<list<int>", "int int", "map<int;int>", "vector<3, int>", "vector<int, -1>"}) {
    CAPTURE(text);
    CHECK_FALSE(DataType::Parse(text, Resolve).ok());
  }
  CHECK_FALSE(DataType::Parse("addr").ok());
}

// Goal: descriptions and encoded types come back. Method: random types.
TEST_CASE("types round trip") {
  Random random(41);
  for (int i = 0; i < 3000; ++i) {
    DataType type = RandomCompositeType(ScalarTypes(), 2 + random.Uniform(4), &random);
    if (random.OneIn(3)) type = DataType::List(type);
    if (random.OneIn(3)) type = DataType::UserType("outer", {{"a", type}, {"b", kInt}});
    std::map<std::string, DataType> user_types;
    const std::function<void(const DataType&)> collect = [&](const DataType& part) {
      if (part.kind() == TypeKind::kUserType) user_types.insert_or_assign(part.user_type_name(), part);
      for (const DataType& inner : part.parameters()) collect(inner);
    };
    collect(type);
    CAPTURE(type.ToString());
    std::string bytes;
    AppendType(type, &bytes);
    Decoder decoder(bytes);
    DataType decoded = kInt;
    REQUIRE(DecodeType(&decoder, &decoded));
    REQUIRE(decoder.Done());
    REQUIRE(decoded == type);
    REQUIRE(decoded.depth() == type.depth());
    REQUIRE(decoded.part_count() == type.part_count());
    for (size_t size = 0; size < bytes.size(); ++size) {
      Decoder cut(std::string_view(bytes).substr(0, size));
      REQUIRE_FALSE(DecodeType(&cut, &decoded));
    }
    const DataType::Resolver resolver = [&](std::string_view name) -> const DataType* {
      const auto found = user_types.find(std::string(name));
      return found == user_types.end() ? nullptr : &found->second;
    };
    const absl::StatusOr<DataType> parsed = DataType::Parse(type.ToString(), resolver);
    REQUIRE(parsed.ok());
    REQUIRE(parsed->ToString() == type.ToString());
  }
}

// Goal: encoded types are fixed, for they are on disk. Method: bytes worked out by hand.
TEST_CASE("encoded types are fixed") {
  const auto hex = [](const DataType& type) {
    std::string bytes;
    AppendType(type, &bytes);
    return HexDump(bytes);
  };
  CHECK(hex(TypeKind::kCounter) == "26");
  CHECK(hex(DataType::List(kInt)) == "20000b");
  CHECK(hex(DataType::Set(kInt).Frozen()) == "21010b");
  CHECK(hex(DataType::Map(kInt, kText)) == "22000b0d");
  CHECK(hex(DataType::Tuple({kInt, kText})) == "23020b0d");
  CHECK(hex(DataType::UserType("u", {{"ab", kInt}})) == "24000175010261620b");
  CHECK(hex(DataType::Vector(kInt, 300)) == "25ac020b");
}

// Goal: any bytes decode to a type or not. Method: encoded types with changed bytes, and noise; whatever is
// accepted must come back.
TEST_CASE("any bytes are a type or none") {
  Random random(42);
  size_t accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    if (random.OneIn(4)) {
      for (size_t size = random.Uniform(20); size > 0; --size)
        bytes.push_back(static_cast<char>(random.Next()));
    } else {
      AppendType(RandomCompositeType(ScalarTypes(), 4, &random), &bytes);
      bytes[random.Uniform(bytes.size())] = static_cast<char>(random.Uniform(48));
    }
    Decoder decoder(bytes);
    DataType type = kInt;
    if (!DecodeType(&decoder, &type)) continue;
    ++accepted;
    std::string again;
    AppendType(type, &again);
    Decoder second(again);
    DataType decoded = kInt;
    REQUIRE(DecodeType(&second, &decoded));
    REQUIRE(decoded == type);
    ValidateType(type).IgnoreError();
  }
  CHECK(accepted > 1000);
}

// Goal: columns have the types that Cassandra gives them. Method: what it accepts, and one type for each rule
// that it refuses, with the message.
TEST_CASE("types are put together as in Cassandra") {
  for (const char* text :
       {"int", "counter", "list<int>", "map<int, duration>", "list<duration>", "set<frozen<list<duration>>>",
        "frozen<map<list<duration>,int>>", "set<tuple<duration>>", "vector<duration, 2>", "addr",
        "frozen<open>", "list<frozen<addr>>", "tuple<addr>", "map<frozen<set<int>>, frozen<map<text, open>>>",
        "vector<addr, 2>"}) {
    CAPTURE(text);
    const absl::StatusOr<DataType> type = DataType::Parse(text, Resolve);
    REQUIRE(type.ok());
    CHECK(ValidateType(*type).ok());
  }
  const auto refusal = [](const char* text) { return Refusal(DataType::Parse(text, Resolve).value()); };
  CHECK(refusal("list<list<int>>") ==
        "type list<list<int>>: element: list<int> must be frozen inside another type");
  CHECK(refusal("map<text, set<int>>") ==
        "type map<text, set<int>>: value: set<int> must be frozen inside another type");
  CHECK(refusal("list<addr>") == "type list<addr>: element: addr must be frozen inside another type");
  CHECK(refusal("open") == "type open: field l: list<int> must be frozen inside another type");
  CHECK(refusal("set<duration>") ==
        "type set<duration>: element: duration has no order and cannot be the element of a set");
  CHECK(refusal("tuple<int, map<duration, int>>") ==
        "type frozen<tuple<int, frozen<map<duration, int>>>>: component 2: key: duration has no order and "
        "cannot "
        "be the key of a map");
  CHECK(refusal("list<counter>") == "type list<counter>: element: counter cannot be part of another type");
  CHECK(refusal("tuple<counter>") ==
        "type frozen<tuple<counter>>: component 1: counter cannot be part of another type");
  CHECK(refusal("vector<float, 0>") == "type vector<float, 0>: dimension 0, allowed are 1 to 8192");
  CHECK(Refusal(DataType::Tuple({})) == "type frozen<tuple<>>: has 0 components, allowed are 1 to 65535");
  CHECK(Refusal(DataType::UserType("u", {})) == "type u: has 0 fields, allowed are 1 to 65535");
  CHECK(Refusal(DataType::UserType("u", {{"a", kInt}, {"b", kInt}, {"a", kText}})) ==
        "type u: field a occurs twice");
  CHECK(Refusal(DataType::UserType("u", {{"", kInt}})) ==
        "type u: field : name has 0 bytes, allowed are 1 to 222");
  CHECK(Refusal(DataType::UserType("a-b", {{"a", kInt}})).find("name has the character '-'") !=
        std::string::npos);

  // Kinds alone, which the compiler lets pass.
  for (TypeKind kind : {TypeKind::kList, TypeKind::kSet, TypeKind::kMap, TypeKind::kTuple,
                        TypeKind::kUserType, TypeKind::kVector, static_cast<TypeKind>(99)}) {
    CHECK_FALSE(ValidateType(kind).ok());
    CHECK_FALSE(ValidateType(DataType::Tuple({kInt, kind})).ok());
  }
  CHECK(Refusal(TypeKind::kList) == "type unknown type: kind 32 needs the types it is made of");

  CHECK(ValidateUserType(*Resolve("open")).ok());
  CHECK_FALSE(ValidateUserType(Resolve("open")->Frozen()).ok());
  CHECK_FALSE(ValidateUserType(DataType::UserType("u", {{"a", *Resolve("addr")}})).ok());
  CHECK(ValidateUserType(DataType::UserType("u", {{"a", Resolve("addr")->Frozen()}})).ok());
}

// Goal: key columns have types with an order and of one cell. Method: types of both kinds.
TEST_CASE("keys have no durations, counters or types of several cells") {
  const auto can = [](const char* text) { return CanBeKey(DataType::Parse(text, Resolve).value()); };
  for (const char* text : {"int", "frozen<list<int>>", "tuple<int, text>", "frozen<addr>", "vector<text, 2>",
                           "frozen<map<text, list<int>>>", "decimal"}) {
    CAPTURE(text);
    CHECK(can(text));
  }
  for (const char* text : {"duration", "counter", "list<int>", "addr", "tuple<duration>",
                           "vector<duration, 2>", "frozen<map<text, list<duration>>>"}) {
    CAPTURE(text);
    CHECK_FALSE(can(text));
  }
  CHECK(TableSchema::Builder("t").PartitionKey("p", DataType::Tuple({kInt, kText})).Build().ok());
  CHECK(
      TableSchema::Builder("t").PartitionKey("p", DataType::Tuple({kDuration})).Build().status().message() ==
      "table t: column p: frozen<tuple<duration>> cannot be the type of a key column");
  CHECK(
      TableSchema::Builder("t")
          .PartitionKey("p", kInt)
          .Regular("r", DataType::Set(kDuration))
          .Build()
          .status()
          .message() ==
      "table t: column r: type set<duration>: element: duration has no order and cannot be the element of a "
      "set");
}

// Goal: the limits of types hold wherever a type comes in. Method: both sides of each, in the parser, the
// decoder and the rules.
TEST_CASE("types are limited in depth, parts, components and dimension") {
  const auto decodes = [](const DataType& type) {
    std::string bytes;
    AppendType(type, &bytes);
    Decoder decoder(bytes);
    DataType decoded = kInt;
    return DecodeType(&decoder, &decoded);
  };
  const DataType deepest = Nested(kTypeDepthMax);
  const DataType deeper = Nested(kTypeDepthMax + 1);
  CHECK(ValidateType(deepest).ok());
  CHECK(Refusal(deeper) == "a type has 33 types inside one another, allowed are at most 32");
  CHECK(decodes(deepest));
  CHECK_FALSE(decodes(deeper));
  CHECK(DataType::Parse(deepest.ToString()).value() == deepest);
  CHECK(Reprint(deeper.ToString()).find("inside one another deeper than 32") != std::string::npos);
  const DataType::Resolver deep = [&](std::string_view) { return &deepest; };
  CHECK(DataType::Parse("frozen<u>", deep).ok());
  CHECK_FALSE(DataType::Parse("list<frozen<u>>", deep).ok());
  std::string frozens;
  for (int i = 0; i < 100'000; ++i) frozens += "frozen<";
  CHECK_FALSE(DataType::Parse(frozens).ok());

  // Doubled 19 times: 2^20 - 1 parts.
  DataType many = kInt;
  while (2 * many.part_count() + 1 <= kTypePartsMax) many = DataType::Tuple({many, many});
  CHECK(many.part_count() == 524'287);
  CHECK(decodes(many));
  const DataType most = DataType::Tuple({many, many});
  CHECK(most.part_count() == 1'048'575);
  CHECK(Refusal(most) == "a type has 1048575 parts, allowed are at most 1000000");
  CHECK_FALSE(decodes(most));
  const DataType::Resolver large = [&](std::string_view) { return &many; };
  CHECK(DataType::Parse("tuple<u>", large).ok());
  CHECK(DataType::Parse("tuple<u, u>", large).status().message().find("more than 1000000 parts") !=
        absl::string_view::npos);

  const DataType widest = DataType::Tuple(std::vector<DataType>(kTupleComponentsMax, kInt));
  const DataType wider = DataType::Tuple(std::vector<DataType>(kTupleComponentsMax + 1, kInt));
  CHECK(ValidateType(widest).ok());
  CHECK(decodes(widest));
  CHECK(DataType::Parse(widest.ToString()).ok());
  CHECK(Refusal(wider).find("has 65536 components, allowed are 1 to 65535") != std::string::npos);
  CHECK_FALSE(decodes(wider));
  CHECK_FALSE(DataType::Parse(wider.ToString()).ok());

  CHECK(ValidateType(DataType::Vector(kInt, kVectorDimensionMax)).ok());
  CHECK(Refusal(DataType::Vector(kInt, kVectorDimensionMax + 1)) ==
        "type vector<int, 8193>: dimension 8193, allowed are 1 to 8192");
}

}  // namespace
}  // namespace stoa
