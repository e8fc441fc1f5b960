// Values that are neither null nor plain - empty, unset, composite - through a whole database: memtable, file
// and reopened log.
#include <stoa/composite.h>
#include <stoa/database.h>

#include <memory>
#include <string>

#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

const DataType kTags = DataType::Set(TypeKind::kText).Frozen();

class ValueForms {
 public:
  ValueForms() : sim_(files_, 1) {
    options_.env = &sim_.env;
    database_ = ValueOf(Database::Open(options_, "db"));
    table_ = ValueOf(database_->CreateTable(
        ValueOf(TableSchema::Builder("t")
                    .PartitionKey("k", TypeKind::kInt)
                    .Clustering("c", DataType::Tuple({TypeKind::kInt, TypeKind::kText}))
                    .Regular("number", TypeKind::kInt)
                    .Regular("text", TypeKind::kText)
                    .Regular("uuid", TypeKind::kUuid)
                    .Regular("tags", kTags)
                    .Build())));
  }

  const Table& table() const { return table_; }
  ColumnId Id(std::string_view name) const { return table_->FindColumn(name)->id; }
  void Write(const WriteBatch& batch) { REQUIRE_OK(database_->Write(WriteOptions(), batch)); }
  void Flush() { REQUIRE_OK(database_->Flush()); }
  void Reopen() {
    REQUIRE_OK(database_->Close());
    database_ = ValueOf(Database::Open(options_, "db"));
    table_ = ValueOf(database_->OpenTable("t"));
  }
  Cursor Read() { return ValueOf(database_->Read(ReadOptions(), Query(table_).Partition({1}))); }

 private:
  SimFileSystem files_;
  SimEnv sim_;
  Options options_;
  std::unique_ptr<Database> database_;
  Table table_;
};

std::string Clustering(int number) {
  return ValueOf(SerializeComposite(DataType::Tuple({TypeKind::kInt, TypeKind::kText}), {number}));
}

}  // namespace

// Goal: an empty value is stored and read as such wherever it is, and is not null. Method: one in every
// column, and as a clustering key, read from the memtable, after reopening, and from a file.
TEST_CASE("empty values are read back") {
  ValueForms db;
  WriteBatch batch;
  const std::string one = Clustering(1);
  REQUIRE_OK(batch.Upsert(db.table(), {1}, {Value::Empty()}, {{db.Id("number"), Value::Empty()}}));
  REQUIRE_OK(
      batch.Upsert(db.table(), {1}, {Value::Composite(one)},
                   {{db.Id("number"), 7}, {db.Id("text"), Value::Empty()}, {db.Id("uuid"), Value::Empty()}}));
  REQUIRE(batch.Upsert(db.table(), {1}, {Value::Empty()}, {{db.Id("tags"), Value::Empty()}}).message() ==
          "table t: column tags: given empty, expected frozen<set<text>>");
  db.Write(batch);
  const auto check = [&] {
    Cursor cursor = db.Read();
    REQUIRE(cursor.Next());
    CHECK(cursor.row().clustering(0) == Value::Empty());
    CHECK(cursor.row()[0] == Value::Empty());
    CHECK(cursor.row()[1].is_null());
    REQUIRE(cursor.Next());
    CHECK(cursor.row()[0] == Value(7));
    CHECK(cursor.row()[1] == Value(""));
    CHECK(cursor.row()[2] == Value::Empty());
    REQUIRE_FALSE(cursor.Next());
    REQUIRE_OK(cursor.status());
  };
  check();
  db.Reopen();
  check();
  db.Flush();
  check();
}

// Goal: an unset value leaves its cell alone; an update of nothing else writes nothing. Method: over cells
// that have values, and for a row that does not exist.
TEST_CASE("unset values write nothing") {
  ValueForms db;
  const std::string one = Clustering(1);
  const std::string two = Clustering(2);
  WriteBatch batch;
  REQUIRE_OK(
      batch.Upsert(db.table(), {1}, {Value::Composite(one)}, {{db.Id("number"), 7}, {db.Id("text"), "a"}}));
  db.Write(batch);
  batch.Clear();
  REQUIRE_OK(batch.Update(db.table(), {1}, {Value::Composite(one)},
                          {{db.Id("number"), Value::Unset()}, {db.Id("text"), "b"}}));
  CHECK(batch.operation_count() == 1);
  REQUIRE_OK(batch.Update(db.table(), {1}, {Value::Composite(two)}, {{db.Id("number"), Value::Unset()}}));
  CHECK(batch.operation_count() == 1);
  CHECK(batch.Update(db.table(), {1}, {Value::Unset()}, {{db.Id("number"), 1}}).message() ==
        "table t: column c: given unset, expected frozen<tuple<int, text>>");
  CHECK_FALSE(batch.Update(db.table(), {1}, {Value::Composite(two)}, {{99, Value::Unset()}}).ok());
  db.Write(batch);
  Cursor cursor = db.Read();
  REQUIRE(cursor.Next());
  CHECK(cursor.row()[0] == Value(7));
  CHECK(cursor.row()[1] == Value("b"));
  REQUIRE_FALSE(cursor.Next());
}

// Goal: frozen values are stored in canonical form, in cells and in keys, and come back with their type's
// values. Method: a set given out of order, tuples as clustering keys, from the memtable and from a file.
TEST_CASE("frozen values are read back in canonical form") {
  ValueForms db;
  WriteBatch batch;
  const std::string unordered("\0\0\0\3\0\0\0\1b\0\0\0\1a\0\0\0\1b", 19);
  const std::string ordered = ValueOf(SerializeComposite(kTags, {"a", "b"}));
  for (int number : {3, -1, 2}) {
    const std::string clustering = Clustering(number);
    REQUIRE_OK(batch.Upsert(db.table(), {1}, {Value::Composite(clustering)},
                            {{db.Id("number"), number}, {db.Id("tags"), Value::Composite(unordered)}}));
  }
  db.Write(batch);
  const auto check = [&] {
    Cursor cursor = db.Read();
    for (int number : {-1, 2, 3}) {
      REQUIRE(cursor.Next());
      CHECK(cursor.row()[0] == Value(number));
      CHECK(cursor.row()[3] == Value::Composite(ordered));
      CompositeReader key(db.table()->clustering()[0].type, cursor.row().clustering(0));
      Value component;
      CHECK((key.Next(&component) && component == Value(number)));
      CHECK((key.Next(&component) && component.is_null()));
    }
    REQUIRE_FALSE(cursor.Next());
  };
  check();
  db.Reopen();
  db.Flush();
  check();
}

}  // namespace stoa
