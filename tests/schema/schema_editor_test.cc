#include "schema/schema_editor.h"

#include <limits>
#include <set>
#include <string>

#include "base/strings.h"
#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

TableSchema Flights() {
  TableOptions options;
  options.default_time_to_live_seconds = 3600;
  options.gc_grace_seconds = 10;
  options.compression_level = 3;
  return SchemaEditor::Create(7,
                              TableSchema::Builder("air.flights")
                                  .PartitionKey("origin", TypeKind::kText)
                                  .PartitionKey("year", TypeKind::kSmallint)
                                  .Clustering("departure", TypeKind::kTimestamp, ClusteringOrder::kDescending)
                                  .Clustering("copy", TypeKind::kInt)
                                  .Static("airport", TypeKind::kText)
                                  .Regular("delay", TypeKind::kInt)
                                  .Regular("carrier", TypeKind::kAscii)
                                  .Options(options)
                                  .Build()
                                  .value());
}

std::string Encoded(const TableSchema& schema) {
  std::string bytes;
  SchemaEditor::Encode(schema, &bytes);
  return bytes;
}

std::string Refusal(const TableAlteration& alteration) {
  const TableSchema schema = Flights();
  const std::string before = Encoded(schema);
  const absl::Status status = SchemaEditor::Apply(schema, alteration).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(Encoded(schema) == before);
  return std::string(FromAbsl(status.message()));
}

// Goal: a new table gets its id, version 1 and column ids from 1. Method: a description that had been altered
// before.
TEST_CASE("creating assigns ids") {
  const TableSchema schema = Flights();
  CHECK(schema.id() == 7);
  CHECK(schema.version() == 1);
  CHECK(schema.FindColumn("origin")->id == 1);
  CHECK(schema.FindColumn("copy")->id == 4);
  CHECK(schema.FindColumn("airport")->id == 5);
  CHECK(schema.FindColumn("carrier")->id == 7);
  const TableSchema altered =
      SchemaEditor::Apply(schema, TableAlteration().DropColumn("delay").AddColumn("gate", TypeKind::kText))
          .value();
  CHECK(altered.FindColumn("gate")->id == 8);
  const TableSchema again = SchemaEditor::Create(8, altered);
  CHECK(again.id() == 8);
  CHECK(again.version() == 1);
  CHECK(again.FindColumn("carrier")->id == 6);
  CHECK(again.FindColumn("gate")->id == 7);
  CHECK(again.next_column_id() == 8);
}

// Goal: every kind of step does what it says, and together they make one version. Method: one alteration of
// all.
TEST_CASE("alterations change columns and options") {
  TableOptions options;
  options.compression_level = 9;
  const TableSchema schema = Flights();
  const TableSchema next = SchemaEditor::Apply(schema, TableAlteration()
                                                           .AddColumn("gate", TypeKind::kText)
                                                           .DropColumn("delay")
                                                           .RenameColumn("carrier", "airline")
                                                           .RenameColumn("origin", "code")
                                                           .RenameColumn("airport", "name")
                                                           .RenameColumn("departure", "off")
                                                           .SetOptions(options))
                               .value();
  CHECK(next.id() == schema.id());
  CHECK(next.version() == 2);
  CHECK(next.options() == options);
  CHECK(next.FindColumn("delay") == nullptr);
  CHECK(next.FindColumn("airline")->id == schema.FindColumn("carrier")->id);
  CHECK(next.FindColumn("code")->id == schema.FindColumn("origin")->id);
  CHECK(next.FindColumn("code")->kind == ColumnKind::kPartitionKey);
  CHECK(next.FindColumn("name")->kind == ColumnKind::kStatic);
  CHECK(next.FindColumn("off")->order == ClusteringOrder::kDescending);
  CHECK(next.FindColumn("gate")->id == 8);
  CHECK(next.next_column_id() == 9);
  CHECK(schema.FindColumn("delay") != nullptr);
}

// Goal: a column that was dropped and is added again is a new one. Method: in one alteration and in two; of
// two dropped columns the names may also be exchanged by renaming.
TEST_CASE("a column added again has a new id") {
  const TableSchema schema = Flights();
  const ColumnId old_id = schema.FindColumn("carrier")->id;
  const TableSchema at_once = SchemaEditor::Apply(schema, TableAlteration().DropColumn("carrier").AddColumn(
                                                              "carrier", TypeKind::kBlob))
                                  .value();
  CHECK(at_once.FindColumn("carrier")->id > old_id);
  CHECK(at_once.FindColumn(old_id) == nullptr);
  const TableSchema dropped = SchemaEditor::Apply(schema, TableAlteration().DropColumn("carrier")).value();
  CHECK(dropped.next_column_id() == schema.next_column_id());
  const TableSchema added =
      SchemaEditor::Apply(dropped, TableAlteration().AddColumn("carrier", TypeKind::kAscii)).value();
  CHECK(added.version() == 3);
  CHECK(added.FindColumn("carrier")->id == schema.next_column_id());

  const TableSchema swapped = SchemaEditor::Apply(schema, TableAlteration()
                                                              .RenameColumn("delay", "x")
                                                              .RenameColumn("carrier", "delay")
                                                              .RenameColumn("x", "carrier"))
                                  .value();
  CHECK(swapped.FindColumn("delay")->id == old_id);
}

// Goal: static and regular columns come and go beside each other, and a name may come back as the other kind.
// Method: alterations, the record of each there and back.
TEST_CASE("static columns are added and dropped") {
  TableSchema schema = SchemaEditor::Apply(Flights(), TableAlteration()
                                                          .AddStaticColumn("city", TypeKind::kText)
                                                          .AddColumn("gate", TypeKind::kText)
                                                          .AddStaticColumn("runways", TypeKind::kInt)
                                                          .DropColumn("airport"))
                           .value();
  REQUIRE(schema.static_columns().size() == 2);
  CHECK(schema.FindColumn("city") == &schema.static_columns()[0]);
  CHECK(schema.FindColumn("runways")->id == 10);
  CHECK(schema.FindColumn(ColumnId{10}) == &schema.static_columns()[1]);
  CHECK(schema.FindColumn("gate")->id == 9);
  CHECK(schema.FindColumn("airport") == nullptr);
  schema =
      SchemaEditor::Apply(
          schema, TableAlteration().DropColumn("city").AddColumn("city", TypeKind::kInt).DropColumn("gate"))
          .value();
  CHECK(schema.FindColumn("city")->kind == ColumnKind::kRegular);
  CHECK(schema.FindColumn("city")->id == 11);
  const TableSchema decoded = SchemaEditor::Decode(Encoded(schema)).value();
  CHECK(Encoded(decoded) == Encoded(schema));
  CHECK(decoded.ToString() == schema.ToString());
  CHECK(decoded.FindColumn("runways")->kind == ColumnKind::kStatic);

  const TableSchema plain =
      SchemaEditor::Create(1, TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Build().value());
  CHECK(FromAbsl(SchemaEditor::Apply(plain, TableAlteration().AddStaticColumn("s", TypeKind::kInt))
                     .status()
                     .message()) ==
        "table t: column s: cannot be static in a table without clustering columns");
}

// Goal: counters stay among themselves through alterations. Method: each way to mix them.
TEST_CASE("alterations do not mix counters with others") {
  const TableSchema counters = SchemaEditor::Create(1, TableSchema::Builder("t")
                                                           .PartitionKey("k", TypeKind::kInt)
                                                           .Regular("hits", TypeKind::kCounter)
                                                           .Build()
                                                           .value());
  const auto refusal = [&](const TableAlteration& alteration) {
    return std::string(FromAbsl(SchemaEditor::Apply(counters, alteration).status().message()));
  };
  CHECK(counters.is_counter_table());
  CHECK(SchemaEditor::Apply(counters, TableAlteration().AddColumn("misses", TypeKind::kCounter)).ok());
  CHECK(SchemaEditor::Apply(counters,
                            TableAlteration().DropColumn("hits").AddColumn("hits", TypeKind::kCounter))
            .value()
            .FindColumn("hits")
            ->id == 3);
  CHECK(refusal(TableAlteration().AddColumn("name", TypeKind::kText)) ==
        "table t: columns hits and name: counters cannot be mixed with columns of other types outside of the "
        "key");
  TableOptions options;
  options.default_time_to_live_seconds = 1;
  CHECK(refusal(TableAlteration().SetOptions(options)) ==
        "table t: option default_time_to_live_seconds is 1, allowed is 0 for a table with counters");
}

// Goal: a step that does not apply changes nothing and names table and column. Method: every way to fail,
// each after a step that would apply.
TEST_CASE("a step that does not apply changes nothing") {
  const auto after_add = [] { return TableAlteration().AddColumn("gate", TypeKind::kText); };
  CHECK(Refusal(after_add().AddColumn("delay", TypeKind::kInt)) ==
        "table air.flights: column delay: cannot be added, it exists already");
  CHECK(Refusal(after_add().AddColumn("gate", TypeKind::kInt)) ==
        "table air.flights: column gate: cannot be added, it exists already");
  CHECK(Refusal(after_add().AddColumn("no good", TypeKind::kInt)) ==
        "table air.flights: column no good: name has the character ' ', allowed are letters, digits and "
        "underscores");
  CHECK(Refusal(after_add().DropColumn("wheels")) ==
        "table air.flights: column wheels: cannot be dropped, there is no such column");
  CHECK(Refusal(after_add().DropColumn("origin")) ==
        "table air.flights: column origin: cannot be dropped, it is part of the primary key");
  CHECK(Refusal(after_add().DropColumn("copy")) ==
        "table air.flights: column copy: cannot be dropped, it is part of the primary key");
  CHECK(Refusal(after_add().RenameColumn("wheels", "doors")) ==
        "table air.flights: column wheels: cannot be renamed, there is no such column");
  CHECK(Refusal(after_add().RenameColumn("delay", "origin")) ==
        "table air.flights: column delay: cannot be renamed to origin, which exists already");
  CHECK(Refusal(after_add().RenameColumn("delay", "")) ==
        "table air.flights: column : name has 0 bytes, allowed are 1 to 222");
  TableOptions options;
  options.compression_level = 20;
  CHECK(Refusal(after_add().SetOptions(options)) ==
        "table air.flights: option compression_level is 20, allowed are 0 to 19");
}

// Goal: the limit of columns holds for alterations too. Method: from 65,534 columns one more and two more.
TEST_CASE("alterations cannot exceed the number of columns") {
  TableSchema::Builder builder("t");
  builder.PartitionKey("k", TypeKind::kInt);
  for (size_t i = 2; i < kColumnsMax; ++i) builder.Regular(StrCat("c", i), TypeKind::kInt);
  const TableSchema schema = SchemaEditor::Create(1, builder.Build().value());
  TableAlteration alteration;
  alteration.AddColumn("a", TypeKind::kInt);
  CHECK(SchemaEditor::Apply(schema, alteration).ok());
  alteration.AddColumn("b", TypeKind::kInt);
  CHECK(FromAbsl(SchemaEditor::Apply(schema, alteration).status().message()) ==
        "table t: has 65536 columns, allowed are at most 65535");
}

// Goal: a catalog record keeps everything, and its layout is fixed. Method: an altered schema there and back;
// golden bytes.
TEST_CASE("catalog records round trip") {
  const TableSchema schema =
      SchemaEditor::Apply(Flights(), TableAlteration().DropColumn("delay").AddColumn("gate", TypeKind::kText))
          .value();
  const std::string bytes = Encoded(schema);
  const TableSchema decoded = SchemaEditor::Decode(bytes).value();
  CHECK(Encoded(decoded) == bytes);
  CHECK(decoded.id() == 7);
  CHECK(decoded.version() == 2);
  CHECK(decoded.options() == schema.options());
  CHECK(decoded.next_column_id() == 9);
  CHECK(decoded.ToString() == schema.ToString());
  CHECK(decoded.FindColumn("gate")->id == 8);
  CHECK(decoded.FindColumn("airport")->kind == ColumnKind::kStatic);
  CHECK(decoded.FindColumn("gate")->kind == ColumnKind::kRegular);
  CHECK(decoded.clustering()[0].order == ClusteringOrder::kDescending);

  const TableSchema small =
      SchemaEditor::Create(300, TableSchema::Builder("t")
                                    .PartitionKey("k", TypeKind::kInt)
                                    .Clustering("c", TypeKind::kUuid, ClusteringOrder::kDescending)
                                    .Build()
                                    .value());
  CHECK(HexDump(Encoded(small), 100) ==
        "01"        // format
        "ac02"      // table id 300
        "01"        // version
        "0174"      // t
        "00000001"  // no TTL, no grace, no deadline, compression level 1
        "025434"    // T4
        "8080808004"
        "80808032"
        "04"                // 1 GiB, 100 MiB, 4 shards
        "555555555555d53f"  // growth 1/3
        "00"
        "20"  // no windows, 32 files
        "0000000000001040"
        "9a9999999999c93f"  // 4, 0.2
        "03"                // next column id
        "01"                // one partition key column
        "010b00016b"        // id 1, int, ascending, k
        "01"                // one clustering column
        "0212010163"        // id 2, uuid, descending, c
        "00"                // no static column
        "00");              // no regular column
}

/// The invariants that code relies on, without the code that is to keep them.
bool IsSound(const TableSchema& schema) {
  ColumnId last_id = 0;
  std::set<ColumnId> ids;
  bool sound = !schema.partition_key().empty();
  for (const auto* columns :
       {&schema.partition_key(), &schema.clustering(), &schema.static_columns(), &schema.regular()}) {
    if (columns == &schema.regular()) last_id = 0;
    for (const Column& column : *columns) {
      sound = sound && column.id > last_id && column.id < schema.next_column_id();
      sound = sound && ids.insert(column.id).second;
      sound = sound &&
              (column.order == ClusteringOrder::kAscending || column.order == ClusteringOrder::kDescending);
      sound = sound && !column.name.empty() && column.name.size() <= kNameBytesMax;
      sound = sound && schema.FindColumn(column.name) == &column && schema.FindColumn(column.id) == &column;
      last_id = column.id;
    }
  }
  return sound;
}

// Goal: damaged records never crash and never give an invalid schema. Method: every truncation, every byte
// replaced by every other, bytes appended; what decodes must be valid and encode again to the same bytes.
TEST_CASE("damaged catalog records are refused or valid") {
  const std::string bytes = Encoded(Flights());
  const auto check = [](const std::string& damaged) {
    const absl::StatusOr<TableSchema> schema = SchemaEditor::Decode(damaged);
    if (!schema.ok()) return schema.status().code() == absl::StatusCode::kInvalidArgument;
    return IsSound(*schema) && Encoded(*schema) == damaged && !schema->ToString().empty();
  };
  for (size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(SchemaEditor::Decode(bytes.substr(0, size)).ok());
  REQUIRE_FALSE(SchemaEditor::Decode(bytes + '\0').ok());
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    for (int byte = 0; byte < 256; ++byte) {
      damaged[at] = static_cast<char>(byte);
      if (!check(damaged)) FAIL("byte " << at << " set to " << byte);
    }
  }
  Random random(41);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = bytes;
    for (size_t n = 2 + random.Uniform(3); n > 0; --n) {
      damaged[random.Uniform(damaged.size())] = static_cast<char>(random.Next());
    }
    if (!check(damaged)) FAIL("seed step " << i);
  }
  CHECK(FromAbsl(SchemaEditor::Decode("\x02").status().message()) ==
        "schema record has format 2, expected 1");
}

// Goal: column ids never wrap around. Method: a record whose next id is the last one.
TEST_CASE("column ids end rather than repeat") {
  const TableSchema first =
      SchemaEditor::Create(1, TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Build().value());
  std::string record = Encoded(first);
  const size_t columns_bytes = 9;
  REQUIRE(record[record.size() - columns_bytes - 1] == 2);  // next column id
  record.replace(record.size() - columns_bytes - 1, 1, "\xff\xff\xff\xff\x0f");
  const TableSchema last = SchemaEditor::Decode(record).value();
  CHECK(last.next_column_id() == std::numeric_limits<ColumnId>::max());
  CHECK(FromAbsl(
            SchemaEditor::Apply(last, TableAlteration().AddColumn("a", TypeKind::kInt)).status().message()) ==
        "table t: column a: cannot be added, all column ids have been used");
}

}  // namespace
}  // namespace stoa
