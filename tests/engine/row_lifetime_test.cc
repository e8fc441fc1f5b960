// A row that was read stays as it is, whatever becomes of where it stood.
#include <string>

#include <stoa/composite.h>

#include "engine/compaction_fixture.h"

namespace stoa {
namespace {

Table CreateWithList(Database* database) {
  return ValueOf(database->CreateTable(ValueOf(TableSchema::Builder("lists")
                                                   .PartitionKey("k", TypeKind::kInt)
                                                   .Static("s", TypeKind::kText)
                                                   .Clustering("c", TypeKind::kInt)
                                                   .Regular("v", TypeKind::kText)
                                                   .Regular("l", DataType::List(TypeKind::kText))
                                                   .Build())));
}

/// Overwrites everything, so that memtables are flushed, files merged and their memory used again.
void WriteOver(CompactionTest* test, const Table& table) {
  const std::string filling(500, 'x');
  for (int round = 0; round < 8; ++round) {
    for (int32_t c = 0; c < 300; ++c) {
      WriteBatch batch;
      REQUIRE_OK(batch.Upsert(table, {1}, {c}, {{table->FindColumn("v")->id, filling}}));
      REQUIRE_OK(test->database->Write(WriteOptions(), batch));
    }
    test->Flush();
  }
  REQUIRE_OK(test->database->Compact(table->name()));
  test->sim.executor.RunAll();
}

TEST_CASE("a row that was read in a memtable outlives the memtable", "[rule]") {
  CompactionTest test;
  const Table table = CreateWithList(test.database.get());
  const std::string value(100, 'a');
  WriteBatch batch;
  const std::string list = ValueOf(SerializeComposite(table->FindColumn("l")->type, {value, "second"}));
  REQUIRE_OK(batch.Upsert(
      table, {1}, {1},
      {{table->FindColumn("v")->id, value}, {table->FindColumn("l")->id, Value::Composite(list)}}));
  test.Write(batch);
  Row row;
  REQUIRE(ValueOf(test.database->ReadRow(ReadOptions(), table, {1}, {1}, {}, &row)));
  WriteOver(&test, table);
  CHECK(row[1] == Value(value));
  Elements elements = row.view().elements(2);
  ElementView element;
  REQUIRE(elements.Next(&element));
  CHECK(element.value == Value(value));
}

TEST_CASE("a row that was read in an SSTable outlives the file, and its static columns with it", "[rule]") {
  CompactionTest test;
  const Table table = CreateWithList(test.database.get());
  const std::string value(100, 'a');
  const std::string shared(100, 's');
  WriteBatch batch;
  REQUIRE_OK(batch.Upsert(table, {1}, {1}, {{table->FindColumn("v")->id, value}}));
  REQUIRE_OK(batch.Update(table, {1}, {}, {{table->FindColumn("s")->id, shared}}));
  test.Write(batch);
  test.Flush();
  Row row;
  REQUIRE(ValueOf(test.database->ReadRow(ReadOptions(), table, {1}, {1}, {}, &row)));
  WriteOver(&test, table);
  CHECK(row[0] == Value(shared));
  CHECK(row[1] == Value(value));
  test.database.reset();
  CHECK(row[0] == Value(shared));
  CHECK(row[1] == Value(value));
}

}  // namespace
}  // namespace stoa
