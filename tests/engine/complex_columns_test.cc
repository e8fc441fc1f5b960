// Lists, sets, maps, user types and counters, from writes to results.
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <stoa/composite.h>
#include <stoa/database.h>

#include "base/strings.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"
#include "types/literals.h"

namespace stoa {
namespace {

const DataType kList = DataType::List(TypeKind::kInt);
const DataType kSet = DataType::Set(TypeKind::kText);
const DataType kMap = DataType::Map(TypeKind::kText, TypeKind::kInt);
const DataType kAddress =
    DataType::UserType("address", {{"street", TypeKind::kText}, {"number", TypeKind::kInt}});

/// Values as CQL writes them.
std::string Text(const DataType& type, const Value& value) {
  return value.is_null() ? "null" : FormatLiteral(type, value);
}

/// A table of people, with one column of each kind, and one of counters.
class People {
 public:
  People() : sim_(files_, 1) {
    options_.env = &sim_.env;
    database_ = ValueOf(Database::Open(options_, "db"));
    REQUIRE_OK(database_->CreateType("address", {{"street", TypeKind::kText}, {"number", TypeKind::kInt}}));
    people = ValueOf(database_->CreateTable(ValueOf(TableSchema::Builder("people")
                                                        .PartitionKey("id", TypeKind::kInt)
                                                        .Clustering("year", TypeKind::kInt)
                                                        .Static("names", kSet)
                                                        .Regular("list", kList)
                                                        .Regular("set", kSet)
                                                        .Regular("map", kMap)
                                                        .Regular("address", kAddress)
                                                        .Regular("plain", TypeKind::kInt)
                                                        .Build())));
    counters = ValueOf(database_->CreateTable(ValueOf(TableSchema::Builder("counters")
                                                          .PartitionKey("id", TypeKind::kInt)
                                                          .Clustering("year", TypeKind::kInt)
                                                          .Static("all", TypeKind::kCounter)
                                                          .Regular("n", TypeKind::kCounter)
                                                          .Build())));
  }

  Table people;
  Table counters;

  Database& database() { return *database_; }
  ManualClock& clock() { return sim_.clock; }
  ColumnId Id(const char* name) const { return people->FindColumn(name)->id; }

  void Write(const WriteBatch& batch) { REQUIRE_OK(database_->Write(WriteOptions(), batch)); }
  void Set(Assignments cells, const WriteAttributes& attributes = {}) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(people, {1}, {2001}, cells, attributes));
    Write(batch);
  }
  absl::Status Refused(Assignments cells) {
    WriteBatch batch;
    absl::Status status = batch.Update(people, {1}, {2001}, cells);
    CHECK(batch.empty());
    return status;
  }
  void Delete(const char* column, const WriteAttributes& attributes = {}) {
    WriteBatch batch;
    REQUIRE_OK(batch.DeleteCells(people, {1}, {2001}, std::vector<ColumnId>{Id(column)}, attributes));
    Write(batch);
  }
  void Count(const Table& table, int amount) {
    WriteBatch batch;
    const ColumnId n = table->FindColumn("n")->id;
    const Value value(amount < 0 ? -amount : amount);
    REQUIRE_OK(batch.Update(table, {1}, {2001},
                            {amount < 0 ? Assignment::Remove(n, value) : Assignment::Add(n, value)}));
    Write(batch);
  }

  /// The column of the one row, by rows, by batches and by key.
  std::string Get(const Table& table, const char* name) {
    const Column& column = *table->FindColumn(name);
    Row row;
    const std::vector<ColumnId> wanted = {column.id};
    const bool found = ValueOf(database_->ReadRow(ReadOptions(), table, {1}, {2001}, wanted, &row));
    const std::string text = found ? Text(column.type, row[0]) : "none";
    Query query(table);
    query.Partition({1}).Columns({column.id});
    Cursor rows = ValueOf(database_->Read(ReadOptions(), query));
    Cursor batches = ValueOf(database_->Read(ReadOptions(), query));
    if (!rows.Next()) {
      REQUIRE_OK(rows.status());
      return "none";
    }
    CHECK(Text(column.type, rows.row()[0]) == text);
    REQUIRE(batches.NextBatch() == 1);
    const ColumnData data = batches.column(0);
    CHECK(data.IsNull(0) == (text == "null"));
    if (text != "null" && column.type.kind() == TypeKind::kCounter) {
      CHECK(StrCat(data.as_bigint(0)) == text);
    } else if (text != "null" && column.type.is_multi_cell()) {
      CHECK(Text(column.type, Value::Composite(data.bytes()[0])) == text);
    }
    return text;
  }
  std::string Get(const char* name) { return Get(people, name); }

 private:
  SimFileSystem files_;
  SimEnv sim_;
  Options options_;
  std::unique_ptr<Database> database_;
};

/// The bytes of composite values, kept for as long as the test.
class Composites {
 public:
  Value List(Values elements) { return Keep(SerializeComposite(kList, elements)); }
  Value Set(Values elements) { return Keep(SerializeComposite(kSet, elements)); }
  Value Map(std::vector<MapEntry> entries) { return Keep(SerializeMap(kMap, entries)); }
  Value Address(Values fields) { return Keep(SerializeComposite(kAddress, fields)); }

 private:
  Value Keep(const absl::StatusOr<std::string>& bytes) {
    kept_.push_back(std::make_unique<std::string>(ValueOf(bytes)));
    return Value::Composite(*kept_.back());
  }
  std::vector<std::unique_ptr<std::string>> kept_;
};

// Goal: each assignment does to each type what CQL says. Method: one after another, read in every way, in
// memory and from files.
TEST_CASE("Assignments to columns of several cells") {
  Composites make;
  for (const bool flushes : {false, true}) {
    INFO((flushes ? "flushed" : "in memory"));
    People people;
    const auto check = [&](const char* column, const std::string& expected) {
      if (flushes) REQUIRE_OK(people.database().Flush());
      CHECK(people.Get(column) == expected);
    };
    const ColumnId list = people.Id("list");
    people.Set({{list, make.List({1, 2})}});
    check("list", "[1, 2]");
    people.Set({Assignment::Add(list, make.List({3, 3}))});
    people.Set({Assignment::Prepend(list, make.List({8, 9}))});
    people.Set({Assignment::Prepend(list, make.List({7})), Assignment::Add(list, make.List({4}))});
    check("list", "[7, 8, 9, 1, 2, 3, 3, 4]");
    people.Set({Assignment::Add(list, nullptr)});
    people.Set({{list, Value::Unset()}, {people.Id("plain"), 1}});
    check("list", "[7, 8, 9, 1, 2, 3, 3, 4]");
    people.Set({{list, make.List({5})}});
    check("list", "[5]");
    people.Set({{list, make.List({})}});
    check("list", "null");

    const ColumnId set = people.Id("set");
    people.Set({Assignment::Add(set, make.Set({"b", "a", ""}))});
    people.Set({Assignment::Add(set, make.Set({"c"})), Assignment::Remove(set, make.Set({"a", "x"}))});
    check("set", "{'', 'b', 'c'}");
    people.Set({{set, make.Set({"d"})}});
    check("set", "{'d'}");
    people.Set({{set, nullptr}});
    check("set", "null");

    const ColumnId map = people.Id("map");
    people.Set({{map, make.Map({{"b", 2}, {"a", 1}})}});
    people.Set({Assignment::Put(map, "c", 3), Assignment::Put(map, "a", 10)});
    check("map", "{'a': 10, 'b': 2, 'c': 3}");
    people.Set({Assignment::Put(map, "a", nullptr), Assignment::Remove(map, make.Set({"b"}))});
    check("map", "{'c': 3}");
    people.Set({Assignment::Add(map, make.Map({{"d", 4}}))});
    check("map", "{'c': 3, 'd': 4}");
    people.Delete("map");
    check("map", "null");

    const ColumnId address = people.Id("address");
    people.Set({{address, make.Address({"Elm", 5})}});
    check("address", "{street: 'Elm', number: 5}");
    people.Set({Assignment::Put(address, "number", 6)});
    people.Set({Assignment::Put(address, "street", nullptr)});
    check("address", "{street: null, number: 6}");
    people.Set({{address, make.Address({"Oak", nullptr})}});
    check("address", "{street: 'Oak', number: null}");
  }
}

// Goal: overwriting removes what is older and nothing that is as old; deleting what is as old too. Method:
// explicit timestamps on both sides of a tie.
TEST_CASE("Timestamps of overwriting and deleting") {
  Composites make;
  People people;
  const ColumnId set = people.Id("set");
  const auto at = [](int64_t timestamp) { return WriteAttributes{timestamp, std::nullopt}; };
  people.Set({Assignment::Add(set, make.Set({"old"}))}, at(9));
  people.Set({Assignment::Add(set, make.Set({"same"}))}, at(10));
  people.Set({{set, make.Set({"new"})}}, at(10));
  CHECK(people.Get("set") == "{'new', 'same'}");
  people.Set({{set, nullptr}}, at(10));
  CHECK(people.Get("set") == "{'new', 'same'}");
  people.Delete("set", at(10));
  CHECK(people.Get("set") == "none");
}

// Goal: elements have times of their own. Method: writes of different times to live, and what is left as they
// end.
TEST_CASE("Elements have their own times") {
  Composites make;
  People people;
  const ColumnId map = people.Id("map");
  people.Set({{map, make.Map({{"a", 1}})}}, WriteAttributes{5, std::nullopt});
  people.Set({Assignment::Put(map, "b", 2)}, WriteAttributes{std::nullopt, 10});
  const int64_t now = people.clock().NowWallMicros() / 1'000'000;
  Row row;
  const std::vector<ColumnId> wanted = {map};
  REQUIRE(ValueOf(people.database().ReadRow(ReadOptions(), people.people, {1}, {2001}, wanted, &row)));
  CHECK(row.view().write_timestamp(0) > 5);
  CHECK(row.view().expiry(0) == INT64_MAX);
  Elements elements = row.view().elements(0);
  ElementView element;
  REQUIRE(elements.Next(&element));
  CHECK(element.key == Value("a"));
  CHECK(element.value == Value(1));
  CHECK(element.write_timestamp == 5);
  CHECK(element.expiry == INT64_MAX);
  REQUIRE(elements.Next(&element));
  CHECK(element.key == Value("b"));
  CHECK(element.value == Value(2));
  CHECK(element.write_timestamp > 5);
  CHECK(element.expiry == now + 10);
  CHECK_FALSE(elements.Next(&element));
  people.clock().Advance(10'000'000);
  CHECK(people.Get("map") == "{'a': 1}");
}

// Goal: elements of every type are named as they were given. Method: a list, a set and a user type.
TEST_CASE("Elements of each type") {
  Composites make;
  People people;
  people.Set({{people.Id("list"), make.List({7, 7})},
              {people.Id("set"), make.Set({"x"})},
              {people.Id("address"), make.Address({nullptr, 3})}});
  const std::vector<ColumnId> wanted = {people.Id("list"), people.Id("set"), people.Id("address"),
                                        people.Id("plain")};
  Row row;
  REQUIRE(ValueOf(people.database().ReadRow(ReadOptions(), people.people, {1}, {2001}, wanted, &row)));
  std::string text;
  for (size_t i = 0; i < wanted.size(); ++i) {
    Elements elements = row.view().elements(i);
    for (ElementView element; elements.Next(&element);) {
      text += StrCat(" ", element.key.ToString(), "=", element.value.ToString());
    }
  }
  CHECK(text == " 0=7 1=7 'x'='x' 'number'=3");
}

// Goal: static columns may be of several cells. Method: a set shared by two rows.
TEST_CASE("Static columns of several cells") {
  Composites make;
  People people;
  WriteBatch batch;
  const ColumnId names = people.Id("names");
  REQUIRE_OK(batch.Update(people.people, {1}, {}, {Assignment::Add(names, make.Set({"Ann"}))}));
  for (const int year : {2001, 2002}) {
    REQUIRE_OK(batch.Upsert(people.people, {1}, {year}, {Assignment::Add(names, make.Set({"Bo"}))}));
  }
  people.Write(batch);
  Query query(people.people);
  query.Columns({names});
  Cursor cursor = ValueOf(people.database().Read(ReadOptions(), query));
  for (int i = 0; i < 2; ++i) {
    REQUIRE(cursor.Next());
    CHECK(Text(kSet, cursor.row()[0]) == "{'Ann', 'Bo'}");
  }
  CHECK_FALSE(cursor.Next());
}

// Goal: what does not fit is refused with its reason. Method: each mistake.
TEST_CASE("Assignments that do not fit") {
  Composites make;
  People people;
  const auto message = [&](Assignments cells) {
    const absl::Status status = people.Refused(cells);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(FromAbsl(status.message()));
  };
  const ColumnId list = people.Id("list");
  const ColumnId set = people.Id("set");
  const ColumnId map = people.Id("map");
  const ColumnId address = people.Id("address");
  const auto contains = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  contains(message({Assignment::Add(people.Id("plain"), 1)}), "is one value: it can only be set");
  contains(message({{people.Id("plain"), 1}, {people.Id("plain"), 2}}), "column plain is assigned twice");
  contains(message({{set, make.Set({"a"})}, Assignment::Add(set, make.Set({"b"}))}),
           "column set: is assigned twice");
  contains(message({Assignment::Prepend(set, make.Set({"a"}))}), "cannot be put in front of");
  contains(message({Assignment::Add(address, make.Address({"a", 1}))}), "its fields are put");
  contains(message({Assignment::Put(address, "town", "x")}), "has no field 'town'");
  contains(message({Assignment::Put(list, Value(-1), 1)}), "have indices from 0, given -1");
  contains(message({Assignment::Remove(list, make.Set({"a"}))}), "column list: ");
  contains(message({Assignment::Put(set, "a", 1)}), "has no elements that can be put");
  contains(message({Assignment::Put(map, nullptr, 1)}), "given null as a key");
  contains(message({Assignment::Put(map, "a", "text")}), "column map: given text, expected int");
  contains(message({{map, 5}}), "column map: given integer");
  const std::string longest(kKeyBytesMax, 'k');
  people.Set({Assignment::Put(map, longest, 1)});
  const std::string longer = longest + "k";
  contains(message({Assignment::Put(map, longer, 1)}), "65536 bytes, allowed are at most 65535");
}

// Goal: a counter is the sum of what was added, over deletion, flush and merge. Method: each in turn.
TEST_CASE("Counters") {
  People people;
  const auto check = [&](const std::string& expected) {
    CHECK(people.Get(people.counters, "n") == expected);
    REQUIRE_OK(people.database().Flush());
    CHECK(people.Get(people.counters, "n") == expected);
  };
  people.Count(people.counters, 5);
  people.Count(people.counters, -7);
  check("-2");
  people.Count(people.counters, 12);
  people.Count(people.counters, 0);
  check("10");
  REQUIRE_OK(people.database().Compact("counters"));
  check("10");
  WriteBatch batch;
  const ColumnId n = people.counters->FindColumn("n")->id;
  REQUIRE_OK(batch.DeleteCells(people.counters, {1}, {2001}, std::vector<ColumnId>{n}));
  people.Write(batch);
  check("none");
  people.Count(people.counters, 3);
  check("3");
  batch.Clear();
  REQUIRE_OK(batch.DeleteRow(people.counters, {1}, {2001}));
  people.Write(batch);
  check("none");
  batch.Clear();
  const ColumnId all = people.counters->FindColumn("all")->id;
  const int64_t least = std::numeric_limits<int64_t>::min();
  REQUIRE_OK(batch.Update(people.counters, {1}, {2001},
                          {Assignment::Add(n, 1), Assignment::Remove(n, 3), Assignment::Add(all, least)}));
  people.Write(batch);
  CHECK(people.Get(people.counters, "n") == "-2");
  CHECK(people.Get(people.counters, "all") == "-9223372036854775808");
}

// Goal: counters keep to themselves. Method: each thing that is refused, with its neighbour that is not.
TEST_CASE("What counters refuse") {
  People people;
  WriteBatch batch;
  const ColumnId n = people.counters->FindColumn("n")->id;
  const auto refused = [&](const absl::Status& status, const char* part) {
    INFO(status.ToString());
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(std::string(FromAbsl(status.message())).find(part) != std::string::npos);
  };
  refused(batch.Upsert(people.counters, {1}, {1}, {Assignment::Add(n, 1)}), "is not inserted");
  refused(batch.Update(people.counters, {1}, {1}, {{n, 1}}), "is only added to and subtracted from");
  refused(batch.Update(people.counters, {1}, {1}, {Assignment::Add(n, "1")}), "expected an integer");
  refused(batch.Update(people.counters, {1}, {1}, {Assignment::Add(n, 1)}, {std::nullopt, 5}),
          "no time to live");
  refused(batch.Update(people.counters, {1}, {1}, {Assignment::Add(n, 1)}, {5, std::nullopt}),
          "no timestamp");
  refused(batch.DeleteRow(people.counters, {1}, {1}, {5, std::nullopt}), "no timestamp");
  refused(batch.DeletePartition(people.counters, {1}, {5, std::nullopt}), "no timestamp");
  CHECK(batch.empty());
  REQUIRE_OK(batch.Update(people.counters, {1}, {1}, {Assignment::Add(n, 1)}));
  refused(batch.Update(people.people, {1}, {1}, {{people.Id("plain"), 1}}), "has no counters");
  CHECK(batch.operation_count() == 1);
  batch.Clear();
  REQUIRE_OK(batch.Update(people.people, {1}, {1}, {{people.Id("plain"), 1}}));
  refused(batch.Update(people.counters, {1}, {1}, {Assignment::Add(n, 1)}), "has counters");
}

}  // namespace
}  // namespace stoa
