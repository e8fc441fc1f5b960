#include "schema/keys.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/strings.h"
#include "support/catch.h"
#include "types/byte_comparable.h"
#include "types/literals.h"
#include "types/random_values.h"
#include "types/typed_order.h"

namespace stoa {
namespace {

std::string Message(const absl::Status& status) {
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(FromAbsl(status.message()));
}

TableSchema Flights() {
  return TableSchema::Builder("flights")
      .PartitionKey("origin", TypeKind::kText)
      .PartitionKey("year", TypeKind::kSmallint)
      .Clustering("departure", TypeKind::kTimestamp, ClusteringOrder::kDescending)
      .Clustering("tail", TypeKind::kText)
      .Build()
      .value();
}

TableSchema WithPartitionKey(const DataType& type) {
  return TableSchema::Builder("t").PartitionKey("k", type).Build().value();
}

TableSchema WithClustering(const DataType& type, ClusteringOrder order = ClusteringOrder::kAscending) {
  return TableSchema::Builder("t")
      .PartitionKey("k", TypeKind::kInt)
      .Clustering("c", type, order)
      .Build()
      .value();
}

std::string PartitionKey(const TableSchema& schema, Values values) {
  std::string key;
  REQUIRE(AppendPartitionKey(schema, values, &key).ok());
  return key;
}
std::string ClusteringKey(const TableSchema& schema, Values values) {
  std::string key;
  REQUIRE(AppendClusteringKey(schema, values, &key).ok());
  return key;
}
std::string Bound(const TableSchema& schema, Values prefix, BoundSide side) {
  std::string bound;
  REQUIRE(AppendClusteringBound(schema, prefix, side, &bound).ok());
  return bound;
}

/// Values that own their bytes, one per column.
struct Row {
  std::vector<OwnedValue> owned;
  std::vector<Value> values() const {
    std::vector<Value> values;
    for (const OwnedValue& value : owned) values.push_back(value.value());
    return values;
  }
};

/// Empty values among them, where a key may have them.
Row RandomRow(const std::vector<Column>& columns, Random* random) {
  Row row;
  for (const Column& column : columns) {
    const bool may_be_empty = column.kind == ColumnKind::kClustering || columns.size() > 1;
    if (may_be_empty && HasEmptyValue(column.type) && random->OneIn(6)) {
      row.owned.emplace_back(column.type, "");
    } else {
      row.owned.push_back(RandomValue(column.type, random));
    }
  }
  return row;
}

/// Another row with the first values of `row`, so that rows share prefixes.
Row Sibling(const std::vector<Column>& columns, const Row& row, Random* random) {
  Row sibling = RandomRow(columns, random);
  const size_t shared = random->Uniform(columns.size() + 1);
  std::copy_n(row.owned.begin(), shared, sibling.owned.begin());
  return sibling;
}

/// The order of the first `count` components.
int CompareRows(const std::vector<Column>& columns, const std::vector<Value>& a, const std::vector<Value>& b,
                size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const int order = CompareTyped(columns[i].type, a[i], b[i]);
    if (order != 0) return columns[i].order == ClusteringOrder::kAscending ? order : -order;
  }
  return 0;
}

DataType RandomKeyType(Random* random) {
  static const std::vector<DataType> scalars = KeyTypes();
  if (random->OneIn(4)) return RandomCompositeType(scalars, 2 + random->Uniform(2), random);
  return scalars[random->Uniform(scalars.size())];
}

TableSchema RandomSchema(Random* random) {
  TableSchema::Builder builder("t");
  for (size_t n = 1 + random->Uniform(3); n > 0; --n) {
    builder.PartitionKey(StrCat("p", n), RandomKeyType(random));
  }
  for (size_t n = 1 + random->Uniform(4); n > 0; --n) {
    const auto order = static_cast<ClusteringOrder>(random->Uniform(2));
    builder.Clustering(StrCat("c", n), RandomKeyType(random), order);
  }
  return builder.Build().value();
}

// Goal: partition keys are Cassandra's bytes, on which tokens depend. Method: golden bytes.
TEST_CASE("partition keys are serialized as Cassandra does") {
  CHECK(HexDump(PartitionKey(WithPartitionKey(TypeKind::kText), {"ORD"})) == "4f5244");
  CHECK(HexDump(PartitionKey(WithPartitionKey(TypeKind::kInt), {-2})) == "fffffffe");
  CHECK(HexDump(PartitionKey(Flights(), {"ORD", 2001})) == "00034f524400000207d100");
  CHECK(HexDump(PartitionKey(Flights(), {"", -1})) == "0000000002ffff00");
}

// Goal: clustering keys and bounds have the bytes of byte_comparable.h. Method: golden bytes.
TEST_CASE("clustering keys and bounds are markers and components") {
  CHECK(HexDump(ClusteringKey(Flights(), {Timestamp{1}, "a"})) == "407ffffffffffffffe40610038");
  CHECK(HexDump(Bound(Flights(), {Timestamp{1}}, BoundSide::kBefore)) == "407ffffffffffffffe20");
  CHECK(HexDump(Bound(Flights(), {Timestamp{1}}, BoundSide::kAfter)) == "407ffffffffffffffe60");
  CHECK(HexDump(Bound(Flights(), {}, BoundSide::kBefore)) == "20");
  CHECK(HexDump(Bound(Flights(), {}, BoundSide::kAfter)) == "60");
  CHECK(HexDump(ClusteringKey(WithPartitionKey(TypeKind::kInt), {})) == "38");
}

// Goal: an empty value is a marker, before all other values of its type, after them in a descending column;
// as the only partition key it is refused. Method: golden bytes and messages. The strings have no such value.
TEST_CASE("empty values are components of keys") {
  const TableSchema up = WithClustering(TypeKind::kInt);
  const TableSchema down = WithClustering(TypeKind::kInt, ClusteringOrder::kDescending);
  CHECK(HexDump(ClusteringKey(up, {Value::Empty()})) == "3f38");
  CHECK(HexDump(ClusteringKey(down, {Value::Empty()})) == "4138");
  CHECK(HexDump(Bound(down, {Value::Empty()}, BoundSide::kAfter)) == "4160");
  CHECK(HexDump(ClusteringKey(WithClustering(TypeKind::kText), {Value::Empty()})) == "400038");
  CHECK(HexDump(ClusteringKey(WithClustering(TypeKind::kVarint), {Value::Bytes("")})) == "3f38");
  CHECK(HexDump(ClusteringKey(WithClustering(DataType::Tuple({TypeKind::kInt})), {Value::Empty()})) ==
        "3f38");
  std::string storage;
  std::vector<Value> values;
  REQUIRE(DecodeClusteringKey(down, "\x41\x38", &storage, &values).ok());
  CHECK(values == std::vector<Value>{Value::Empty()});
  CHECK_FALSE(IsClusteringKey(up, "\x41\x38"));
  CHECK_FALSE(IsClusteringKey(down, "\x3f\x38"));
  CHECK_FALSE(IsClusteringKey(WithClustering(TypeKind::kText), "\x3f\x38"));
  CHECK_FALSE(IsClusteringKey(WithClustering(TypeKind::kTinyint), "\x3f\x38"));

  std::string out;
  CHECK(Message(AppendClusteringKey(WithClustering(TypeKind::kTinyint), {Value::Empty()}, &out)) ==
        "table t: column c: given empty, expected tinyint");
  CHECK(Message(AppendClusteringKey(up, {Value::Unset()}, &out)) ==
        "table t: column c: given unset, expected int");
  CHECK(Message(AppendPartitionKey(up, {Value::Unset()}, &out)) ==
        "table t: column k: given unset, expected int");
  CHECK(Message(AppendPartitionKey(up, {Value::Empty()}, &out)) ==
        "table t: partition key (k): given 0 bytes, allowed are 1 to 65535");
  const TableSchema pair = TableSchema::Builder("t")
                               .PartitionKey("a", TypeKind::kInt)
                               .PartitionKey("b", TypeKind::kText)
                               .Build()
                               .value();
  const std::string key = PartitionKey(pair, {Value::Empty(), Value::Empty()});
  CHECK(HexDump(key) == "000000000000");
  REQUIRE(DecodePartitionKey(pair, key, &values).ok());
  CHECK(values == std::vector<Value>{Value::Empty(), Value("")});
}

// Goal: a partition key of a composite type is one of bytes in canonical form. Method: a set out of order.
TEST_CASE("partition keys are canonical") {
  const TableSchema sets = WithPartitionKey(DataType::Set(TypeKind::kTinyint).Frozen());
  const std::string ordered("\0\0\0\2\0\0\0\1\1\0\0\0\1\2", 14);
  const std::string unordered("\0\0\0\2\0\0\0\1\2\0\0\0\1\1", 14);
  CHECK(PartitionKey(sets, {Value::Composite(unordered)}) == ordered);
  std::vector<Value> values;
  CHECK(DecodePartitionKey(sets, ordered, &values).ok());
  CHECK_FALSE(DecodePartitionKey(sets, unordered, &values).ok());
}

// Goal: memcmp orders keys as rows, equal rows have one key, and every bound separates the rows before it
// from those after it. Method: random schemas, pairs of rows which share prefixes, every prefix of one as a
// bound for the other.
TEST_CASE("clustering keys and bounds are ordered as rows") {
  Random random(51);
  for (int i = 0; i < 400; ++i) {
    const TableSchema schema = RandomSchema(&random);
    const std::vector<Column>& columns = schema.clustering();
    CAPTURE(schema.ToString());
    for (int j = 0; j < 25; ++j) {
      const Row a_row = RandomRow(columns, &random);
      const Row b_row = Sibling(columns, a_row, &random);
      const std::vector<Value> a = a_row.values();
      const std::vector<Value> b = b_row.values();
      const std::string a_key = ClusteringKey(schema, a);
      const std::string b_key = ClusteringKey(schema, b);
      REQUIRE(Sign(a_key.compare(b_key), 0) == CompareRows(columns, a, b, columns.size()));
      for (size_t size = 0; size <= columns.size(); ++size) {
        const Values prefix(std::span<const Value>(b).first(size));
        const std::string before = Bound(schema, prefix, BoundSide::kBefore);
        const std::string after = Bound(schema, prefix, BoundSide::kAfter);
        const int order = CompareRows(columns, a, b, size);
        REQUIRE(before < after);
        REQUIRE(Sign(a_key.compare(before), 0) == (order == 0 ? 1 : order));
        REQUIRE(Sign(a_key.compare(after), 0) == (order == 0 ? -1 : order));
        REQUIRE_FALSE(IsClusteringKey(schema, before));
        REQUIRE_FALSE(IsClusteringKey(schema, after));
        if (size == 0) continue;
        // Bounds nest: those of a longer prefix lie between those of a shorter one.
        const Values shorter(std::span<const Value>(b).first(size - 1));
        REQUIRE(Bound(schema, shorter, BoundSide::kBefore) < before);
        REQUIRE(after < Bound(schema, shorter, BoundSide::kAfter));
      }
    }
  }
}

// Goal: keys give their values back. Method: random rows of random schemas; clustering values come back equal
// in order (a decimal may have another scale), partition values exactly.
TEST_CASE("keys round trip") {
  Random random(52);
  for (int i = 0; i < 2000; ++i) {
    const TableSchema schema = RandomSchema(&random);
    const Row partition = RandomRow(schema.partition_key(), &random);
    std::string key;
    std::vector<Value> values = {Value(1)};
    if (AppendPartitionKey(schema, partition.values(), &key).ok()) {
      REQUIRE(DecodePartitionKey(schema, key, &values).ok());
      REQUIRE(values == partition.values());
    } else {
      REQUIRE(schema.partition_key().size() == 1);  // an empty value
    }
    const Row clustering = RandomRow(schema.clustering(), &random);
    const std::vector<Value> given = clustering.values();
    key = ClusteringKey(schema, given);
    std::string storage = "left over";
    REQUIRE(DecodeClusteringKey(schema, key, &storage, &values).ok());
    REQUIRE(values.size() == given.size());
    REQUIRE(CompareRows(schema.clustering(), values, given, given.size()) == 0);
    REQUIRE(ClusteringKey(schema, values) == key);
    REQUIRE(IsClusteringKey(schema, key));
  }
}

// Goal: bytes that are no key are refused, and what is accepted is the one key of its values. Method:
// truncations, every byte changed in several ways, bytes appended, noise.
TEST_CASE("malformed keys are refused") {
  Random random(53);
  std::string storage;
  std::vector<Value> values;
  const auto check_clustering = [&](const TableSchema& schema, const std::string& key) {
    const absl::Status status = DecodeClusteringKey(schema, key, &storage, &values);
    REQUIRE(status.ok() == IsClusteringKey(schema, key));
    if (status.ok()) REQUIRE(ClusteringKey(schema, values) == key);
    if (!status.ok()) REQUIRE(status.code() == absl::StatusCode::kDataLoss);
    return status.ok();
  };
  const auto check_partition = [&](const TableSchema& schema, const std::string& key) {
    const absl::Status status = DecodePartitionKey(schema, key, &values);
    if (status.ok()) REQUIRE(PartitionKey(schema, values) == key);
    if (!status.ok()) REQUIRE(status.code() == absl::StatusCode::kDataLoss);
    return status.ok();
  };
  for (int i = 0; i < 300; ++i) {
    const TableSchema schema = RandomSchema(&random);
    CAPTURE(schema.ToString());
    std::string clustering = ClusteringKey(schema, RandomRow(schema.clustering(), &random).values());
    std::string partition;
    const bool composite = schema.partition_key().size() > 1;
    if (!AppendPartitionKey(schema, RandomRow(schema.partition_key(), &random).values(), &partition).ok())
      continue;
    for (size_t size = 0; size < clustering.size(); ++size) {
      REQUIRE_FALSE(check_clustering(schema, clustering.substr(0, size)));
    }
    for (size_t size = 0; size < partition.size(); ++size) {
      const bool valid = check_partition(schema, partition.substr(0, size));
      if (composite) REQUIRE_FALSE(valid);  // the lengths say so
    }
    REQUIRE_FALSE(check_clustering(schema, clustering + '\0'));
    if (composite) REQUIRE_FALSE(check_partition(schema, partition + '\0'));
    for (auto [key, is_clustering] : {std::pair{&clustering, true}, {&partition, false}}) {
      for (size_t at = 0; at < std::min<size_t>(key->size(), 60); ++at) {
        const char original = (*key)[at];
        for (int change : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
          (*key)[at] = static_cast<char>(original ^ change);
          is_clustering ? check_clustering(schema, *key) : check_partition(schema, *key);
        }
        (*key)[at] = original;
      }
    }
    std::string noise;
    for (size_t size = random.Uniform(30); size > 0; --size)
      noise.push_back(static_cast<char>(random.Next()));
    check_clustering(schema, noise);
    check_partition(schema, noise);
  }
  const absl::Status status = DecodeClusteringKey(Flights(), "abc", &storage, &values);
  CHECK(FromAbsl(status.message()) ==
        "table flights: clustering key (departure, tail): 3 bytes are not a key: 0x616263");
}

// Goal: a key is refused by a message that names table, column, given and expected, and leaves no bytes.
// Method: golden messages.
TEST_CASE("refusals of keys name table and column") {
  const TableSchema schema = Flights();
  std::string out = "kept";
  const auto partition = [&](Values values) { return Message(AppendPartitionKey(schema, values, &out)); };
  const auto clustering = [&](Values values) { return Message(AppendClusteringKey(schema, values, &out)); };
  CHECK(partition({"ORD"}) == "table flights: partition key (origin, year) has 2 columns, given 1 values");
  CHECK(partition({"ORD", 1, 2}) ==
        "table flights: partition key (origin, year) has 2 columns, given 3 values");
  CHECK(partition({"ORD", "2001"}) == "table flights: column year: given text, expected smallint");
  CHECK(partition({"ORD", 40000}) ==
        "table flights: column year: given 40000, expected smallint (-32768 to 32767)");
  CHECK(partition({Value(), 1}) == "table flights: column origin: given null, expected text");
  CHECK(clustering({Timestamp{1}}) ==
        "table flights: clustering key (departure, tail) has 2 columns, given 1 values");
  CHECK(clustering({Timestamp{1}, nullptr}) == "table flights: column tail: given null, expected text");
  CHECK(clustering({1, "a"}) == "table flights: column departure: given integer, expected timestamp");
  CHECK(Message(AppendClusteringBound(schema, {Timestamp{1}, "a", 1}, BoundSide::kAfter, &out)) ==
        "table flights: clustering key (departure, tail) has 2 columns, given 3 values");
  CHECK(Message(AppendClusteringBound(schema, {"a"}, BoundSide::kAfter, &out)) ==
        "table flights: column departure: given text, expected timestamp");
  CHECK(Message(AppendPartitionKey(WithPartitionKey(TypeKind::kText), {""}, &out)) ==
        "table t: partition key (k): given 0 bytes, allowed are 1 to 65535");
  CHECK(out == "kept");
}

// Goal: the limits of keys. Method: both sides, for single, composite and clustering keys, with bytes that
// the encoding doubles.
TEST_CASE("keys have at most 65,535 bytes") {
  const std::string longest(kKeyBytesMax, 'a');
  const std::string longer(kKeyBytesMax + 1, 'a');
  std::string out;
  std::string storage;
  std::vector<Value> values;
  const TableSchema single = WithPartitionKey(TypeKind::kText);
  const std::string partition = PartitionKey(single, {longest});
  REQUIRE(DecodePartitionKey(single, partition, &values).ok());
  CHECK(values[0] == Value(longest));
  CHECK(Message(AppendPartitionKey(single, {longer}, &out)) ==
        "table t: partition key (k): given 65536 bytes, allowed are 1 to 65535");
  CHECK_FALSE(DecodePartitionKey(single, longer, &values).ok());

  // Two lengths and two ends are 6 bytes, the smallint 2.
  const std::string rest = longest.substr(8);
  CHECK(PartitionKey(Flights(), {rest, 1}).size() == kKeyBytesMax);
  CHECK(Message(AppendPartitionKey(Flights(), {std::string_view(rest + "a"), 1}, &out)) ==
        "table flights: partition key (origin, year): given 65536 bytes, allowed are 1 to 65535");
  CHECK(Message(AppendPartitionKey(Flights(), {longer, 1}, &out)) ==
        "table flights: column origin: given 65536 bytes, expected at most 65535 in a key");

  const TableSchema zeros = WithClustering(TypeKind::kBlob, ClusteringOrder::kDescending);
  const std::string key =
      ClusteringKey(zeros, {Value::Bytes(std::string_view(std::string(kKeyBytesMax, '\0')))});
  CHECK(key.size() == 2 * kKeyBytesMax + 3);
  CHECK(DecodeClusteringKey(zeros, key, &storage, &values).ok());
  CHECK(Message(AppendClusteringKey(zeros, {Value::Bytes(longer)}, &out)) ==
        "table t: column c: given 65536 bytes, expected at most 65535 in a key");

  // A decimal that comes back longer than it was given, 1E+17 as 100000000000000000, must not exceed the
  // limit.
  const TableSchema prices = TableSchema::Builder("t")
                                 .PartitionKey("k", TypeKind::kInt)
                                 .Clustering("price", TypeKind::kDecimal)
                                 .Clustering("name", TypeKind::kText)
                                 .Build()
                                 .value();
  const Value price = Value::Bytes(std::string_view("\xff\xff\xff\xef\x01", 5));
  const std::string name = longest.substr(12);
  const std::string price_key = ClusteringKey(prices, {price, name});
  REQUIRE(DecodeClusteringKey(prices, price_key, &storage, &values).ok());
  CHECK(values[0].bytes().size() == 12);
  CHECK(ClusteringKey(prices, values) == price_key);
  CHECK_FALSE(AppendClusteringKey(prices, {price, std::string_view(name + "a")}, &out).ok());

  const std::string tail = longest.substr(8);
  CHECK(IsClusteringKey(Flights(), ClusteringKey(Flights(), {Timestamp{1}, tail})));
  CHECK(Message(AppendClusteringKey(Flights(), {Timestamp{1}, std::string_view(tail + "a")}, &out)) ==
        "table flights: clustering key (departure, tail): given 65536 bytes, allowed are 0 to 65535");
  std::string too_long = ClusteringKey(Flights(), {Timestamp{1}, tail});
  too_long.insert(too_long.size() - 2, "a");
  CHECK_FALSE(IsClusteringKey(Flights(), too_long));
  CHECK(out.empty());
}

}  // namespace
}  // namespace stoa
