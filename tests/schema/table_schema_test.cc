#include <string>

#include <stoa/schema.h>

#include "base/strings.h"
#include "schema/schema_validation.h"
#include "support/catch.h"

namespace stoa {
namespace {

TableSchema::Builder Flights() {
  return TableSchema::Builder("flights")
      .PartitionKey("origin", TypeKind::kText)
      .Clustering("departure", TypeKind::kTimestamp, ClusteringOrder::kDescending)
      .Regular("delay", TypeKind::kInt);
}

std::string Refusal(const TableSchema::Builder& builder) {
  const absl::Status status = builder.Build().status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(FromAbsl(status.message()));
}

// Goal: a builder makes the schema that it describes. Method: the example of the public header.
TEST_CASE("a table is built from its description") {
  const TableSchema schema = Flights().Build().value();
  CHECK(schema.name() == "flights");
  CHECK(schema.version() == 1);
  CHECK(schema.options() == TableOptions{});
  REQUIRE(schema.partition_key().size() == 1);
  REQUIRE(schema.clustering().size() == 1);
  REQUIRE(schema.regular().size() == 1);
  CHECK(schema.partition_key()[0].name == "origin");
  CHECK(schema.partition_key()[0].type == DataType(TypeKind::kText));
  CHECK(schema.clustering()[0].kind == ColumnKind::kClustering);
  CHECK(schema.clustering()[0].order == ClusteringOrder::kDescending);
  CHECK(schema.regular()[0].id == 3);
  CHECK(schema.next_column_id() == 4);
  CHECK(schema.FindColumn("delay") == &schema.regular()[0]);
  CHECK(schema.FindColumn(ColumnId{1}) == &schema.partition_key()[0]);
  CHECK(schema.FindColumn(ColumnId{2}) == &schema.clustering()[0]);
  CHECK(schema.FindColumn(ColumnId{3}) == &schema.regular()[0]);
  CHECK(schema.FindColumn("Delay") == nullptr);
  CHECK(schema.FindColumn(ColumnId{0}) == nullptr);
  CHECK(schema.FindColumn(ColumnId{4}) == nullptr);
}

// Goal: a schema prints as the CQL statement that makes it. Method: golden texts, quoted names among them.
TEST_CASE("a schema prints as CREATE TABLE") {
  CHECK(Flights().Build().value().ToString() == R"(CREATE TABLE flights (
    origin text,
    departure timestamp,
    delay int,
    PRIMARY KEY (origin, departure)
) WITH CLUSTERING ORDER BY (departure DESC)
    AND default_time_to_live = 0
    AND gc_grace_seconds = 0
    AND compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}
    AND compression = {'class': 'ZstdCompressor', 'compression_level': 1};)");

  TableOptions options;
  options.default_time_to_live_seconds = 60;
  options.gc_grace_seconds = 864'000;
  options.delete_persistence_seconds = 1'000'000;
  options.compaction.scaling_parameters = "L10";
  options.compaction.window_seconds = 86'400;
  options.compression_level = 7;
  const TableSchema::Builder builder = TableSchema::Builder("Shop.order")
                                           .PartitionKey("a", TypeKind::kInt)
                                           .PartitionKey("9b", TypeKind::kUuid)
                                           .Clustering("C", TypeKind::kDecimal)
                                           .Clustering("d_1", TypeKind::kInet, ClusteringOrder::kDescending)
                                           .Options(options);
  CHECK(builder.Build().value().ToString() == R"(CREATE TABLE "Shop"."order" (
    a int,
    "9b" uuid,
    "C" decimal,
    d_1 inet,
    PRIMARY KEY ((a, "9b"), "C", d_1)
) WITH CLUSTERING ORDER BY ("C" ASC, d_1 DESC)
    AND default_time_to_live = 60
    AND gc_grace_seconds = 864000
    AND delete_persistence_seconds = 1000000
    AND compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L10', 'window_seconds': '86400'}
    AND compression = {'class': 'ZstdCompressor', 'compression_level': 7};)");

  CHECK(TableSchema::Builder("t").PartitionKey("_k", TypeKind::kBlob).Build().value().ToString() ==
        R"(CREATE TABLE t (
    "_k" blob,
    PRIMARY KEY ("_k")
) WITH default_time_to_live = 0
    AND gc_grace_seconds = 0
    AND compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}
    AND compression = {'class': 'ZstdCompressor', 'compression_level': 1};)");
}

// Goal: names are bounded in length and letters. Method: both sides of every limit, for table, keyspace and
// column.
TEST_CASE("names are validated") {
  const std::string longest(kNameBytesMax, 'n');
  const auto with_table = [](std::string_view name) {
    return TableSchema::Builder(name).PartitionKey("k", TypeKind::kInt);
  };
  const auto with_column = [](std::string_view name) { return Flights().Regular(name, TypeKind::kInt); };
  CHECK(with_table(longest).Build().ok());
  CHECK(with_table(longest + "." + longest).Build().ok());
  CHECK(with_column(longest).Build().ok());
  CHECK(with_column("aZ_09").Build().ok());

  CHECK(Refusal(with_table("")) == "table : name has 0 bytes, allowed are 1 to 222");
  CHECK(Refusal(with_table(longest + "n")) ==
        "table " + longest + "..: name has 223 bytes, allowed are 1 to 222");
  CHECK(Refusal(with_table(".t")) == "table .t: keyspace: name has 0 bytes, allowed are 1 to 222");
  CHECK(Refusal(with_table("ks.")) == "table ks.: name has 0 bytes, allowed are 1 to 222");
  CHECK(Refusal(with_table("a.b.c")) ==
        "table a.b.c: name has the character '.', allowed are letters, digits and underscores");
  CHECK(Refusal(with_table("fl ights")) ==
        "table fl ights: name has the character ' ', allowed are letters, digits and underscores");
  CHECK(Refusal(with_column("")) == "table flights: column : name has 0 bytes, allowed are 1 to 222");
  CHECK(Refusal(with_column(longest + "n")) ==
        "table flights: column " + longest + "..: name has 223 bytes, allowed are 1 to 222");
  CHECK(Refusal(with_column("d\n")) ==
        "table flights: column d\\n: name has the character '\\n', allowed are letters, digits and "
        "underscores");
  CHECK(Refusal(with_column("\xc3\xa9")) ==
        "table flights: column \\xc3\\xa9: name has the character '\\xc3', allowed are letters, digits and "
        "underscores");
  CHECK(Refusal(with_column("departure")) == "table flights: column departure occurs twice");
}

// Goal: keys are of types that order. Method: no key, and duration in each kind of column.
TEST_CASE("keys are validated") {
  CHECK(Refusal(TableSchema::Builder("t").Regular("a", TypeKind::kInt)) ==
        "table t: has no partition key column");
  CHECK(Refusal(TableSchema::Builder("t").PartitionKey("p", TypeKind::kDuration)) ==
        "table t: column p: duration cannot be the type of a key column");
  CHECK(Refusal(Flights().Clustering("c", TypeKind::kDuration)) ==
        "table flights: column c: duration cannot be the type of a key column");
  CHECK(Flights().Regular("r", TypeKind::kDuration).Build().ok());
}

// Goal: static columns need rows to be shared by. Method: with and without a clustering column, and as CQL.
TEST_CASE("static columns are built and printed") {
  const auto table = [] { return TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt); };
  const TableSchema schema = table()
                                 .Regular("v", TypeKind::kInt)
                                 .Static("s", TypeKind::kText)
                                 .Clustering("c", TypeKind::kInt)
                                 .Build()
                                 .value();
  REQUIRE(schema.static_columns().size() == 1);
  CHECK(schema.static_columns()[0].kind == ColumnKind::kStatic);
  CHECK(schema.FindColumn("s") == &schema.static_columns()[0]);
  CHECK(schema.FindColumn(ColumnId{3}) == &schema.static_columns()[0]);
  CHECK(schema.ToString().starts_with("CREATE TABLE t (\n    k int,\n    c int,\n    s text static,\n"));
  CHECK(Refusal(table().Static("s", TypeKind::kText)) ==
        "table t: column s: cannot be static in a table without clustering columns");
  CHECK(
      Refusal(
          table().Clustering("c", TypeKind::kInt).Static("s", TypeKind::kInt).Regular("s", TypeKind::kInt)) ==
      "table t: column s occurs twice");
}

// Goal: counters have no others beside them. Method: counters and others, static and regular, in both orders,
// in the key, and with a time to live.
TEST_CASE("counters are not mixed with others") {
  const auto table = [] {
    return TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Clustering("c", TypeKind::kInt);
  };
  CHECK(table().Regular("n", TypeKind::kCounter).Build().value().is_counter_table());
  CHECK(table().Static("n", TypeKind::kCounter).Build().value().is_counter_table());
  CHECK_FALSE(table().Build().value().is_counter_table());
  CHECK_FALSE(table().Regular("v", TypeKind::kInt).Build().value().is_counter_table());
  for (const auto& mixed : {table().Regular("n", TypeKind::kCounter).Regular("v", TypeKind::kInt),
                            table().Regular("v", TypeKind::kInt).Regular("n", TypeKind::kCounter),
                            table().Static("v", TypeKind::kInt).Regular("n", TypeKind::kCounter),
                            table().Static("n", TypeKind::kCounter).Regular("v", TypeKind::kInt)}) {
    CHECK(
        Refusal(mixed) ==
        "table t: columns n and v: counters cannot be mixed with columns of other types outside of the key");
  }
  CHECK(Refusal(TableSchema::Builder("t").PartitionKey("k", TypeKind::kCounter))
            .ends_with("cannot be the type of a key column"));
  TableOptions options;
  options.default_time_to_live_seconds = 60;
  CHECK(Refusal(table().Regular("n", TypeKind::kCounter).Options(options)) ==
        "table t: option default_time_to_live_seconds is 60, allowed is 0 for a table with counters");
}

// Goal: options are bounded, nothing is clipped. Method: both sides of every bound.
TEST_CASE("options are validated") {
  const auto with = [](auto TableOptions::*option, int64_t value) {
    TableOptions options;
    options.*option = static_cast<std::remove_reference_t<decltype(options.*option)>>(value);
    return Flights().Options(options);
  };
  CHECK(with(&TableOptions::default_time_to_live_seconds, 630'720'000).Build().ok());
  CHECK(Refusal(with(&TableOptions::default_time_to_live_seconds, 630'720'001)) ==
        "table flights: option default_time_to_live_seconds is 630720001, allowed are 0 to 630720000");
  CHECK(Refusal(with(&TableOptions::default_time_to_live_seconds, -1)) ==
        "table flights: option default_time_to_live_seconds is -1, allowed are 0 to 630720000");
  CHECK(with(&TableOptions::gc_grace_seconds, 2'147'483'647).Build().ok());
  CHECK(Refusal(with(&TableOptions::gc_grace_seconds, 2'147'483'648)) ==
        "table flights: option gc_grace_seconds is 2147483648, allowed are 0 to 2147483647");
  CHECK(Refusal(with(&TableOptions::gc_grace_seconds, -1)) ==
        "table flights: option gc_grace_seconds is -1, allowed are 0 to 2147483647");
  CHECK(with(&TableOptions::compression_level, 0).Build().ok());
  CHECK(with(&TableOptions::compression_level, 0)
            .Build()
            ->ToString()
            .ends_with("AND compression = {'enabled': 'false'};"));
  CHECK(with(&TableOptions::compression_level, 19).Build().ok());
  CHECK(Refusal(with(&TableOptions::compression_level, -1)) ==
        "table flights: option compression_level is -1, allowed are 0 to 19");
  CHECK(Refusal(with(&TableOptions::compression_level, 20)) ==
        "table flights: option compression_level is 20, allowed are 0 to 19");
}

// Goal: the number of columns is bounded, and many columns are found. Method: 65,535 of them and one more.
TEST_CASE("a table has at most 65,535 columns") {
  TableSchema::Builder builder("t");
  builder.PartitionKey("k", TypeKind::kInt);
  for (size_t i = 1; i < kColumnsMax; ++i) builder.Regular(StrCat("c", i), TypeKind::kInt);
  const TableSchema schema = builder.Build().value();
  CHECK(schema.FindColumn("c65534")->id == 65535);
  for (ColumnId id : {2u, 3u, 30000u, 65534u, 65535u}) CHECK(schema.FindColumn(id)->id == id);
  builder.Regular("one_more", TypeKind::kInt);
  CHECK(Refusal(builder) == "table t: has 65536 columns, allowed are at most 65535");
}

}  // namespace
}  // namespace stoa
