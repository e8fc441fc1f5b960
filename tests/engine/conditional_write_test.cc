// Conditional writes, one after the other: what decides, what is written, what is told.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <stoa/composite.h>
#include <stoa/database.h>

#include "base/strings.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

using Operator = ConditionOperator;

/// A database in simulated files with one table.
struct Sim {
  Sim() : env(files, 1) {
    options.env = &env.env;
    options.memory_budget_bytes = 4 << 20;
    options.inline_value_bytes_max = 64;
    Open();
    table = ValueOf(database->CreateTable(ValueOf(TableSchema::Builder("accounts")
                                                      .PartitionKey("owner", TypeKind::kText)
                                                      .Clustering("number", TypeKind::kInt)
                                                      .Regular("balance", TypeKind::kInt)
                                                      .Regular("note", TypeKind::kText)
                                                      .Build())));
    balance = table->FindColumn("balance")->id;
    note = table->FindColumn("note")->id;
  }
  void Open() { database = ValueOf(Database::Open(options, "db")); }

  Conditions Ask(std::string_view owner = "alice") { return Conditions(table, {owner}); }
  WriteBatch Set(int number, Assignments cells, const WriteAttributes& attributes = {}) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(table, {"alice"}, {number}, cells, attributes));
    return batch;
  }
  WriteBatch Insert(int number, Assignments cells, const WriteAttributes& attributes = {}) {
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(table, {"alice"}, {number}, cells, attributes));
    return batch;
  }
  ConditionalOutcome WriteIf(const WriteBatch& batch, const Conditions& conditions,
                             const WriteOptions& write = {}) {
    return ValueOf(database->WriteIf(write, batch, conditions));
  }
  /// The row as text; "-" when there is none.
  std::string Read(int number) {
    Row row;
    if (!ValueOf(database->ReadRow(ReadOptions{}, table, {"alice"}, {number}, {}, &row))) return "-";
    return row[0].ToString() + " " + row[1].ToString();
  }
  std::string Refusal(const WriteBatch& batch, const Conditions& conditions) {
    const auto outcome = database->WriteIf(WriteOptions{}, batch, conditions);
    REQUIRE(outcome.status().code() == absl::StatusCode::kInvalidArgument);
    return std::string(FromAbsl(outcome.status().message()));
  }

  SimFileSystem files;
  SimEnv env;
  Options options;
  std::unique_ptr<Database> database;
  Table table;
  ColumnId balance = 0;
  ColumnId note = 0;
};

}  // namespace

// Goal: a row is created once. Method: in the memtable, in an SSTable, after a deletion, after it expired,
// and when it lives by a cell alone.
TEST_CASE("IF NOT EXISTS and IF EXISTS") {
  Sim sim;
  const auto create = [&] {
    return sim.WriteIf(sim.Insert(1, {{sim.balance, 10}}), sim.Ask().IfNotExists({1}));
  };
  const auto change = [&] {
    return sim.WriteIf(sim.Set(1, {{sim.note, "changed"}}), sim.Ask().IfExists({1}));
  };
  REQUIRE(!change().applied());
  REQUIRE(create().applied());
  REQUIRE(!create().applied());
  REQUIRE_OK(sim.database->Flush());
  const ConditionalOutcome refused = create();
  REQUIRE(!refused.applied());
  REQUIRE(refused.columns() == std::vector<ColumnId>{sim.balance, sim.note});
  REQUIRE(refused.rows().size() == 1);
  REQUIRE(refused.rows()[0].exists);
  REQUIRE(refused.rows()[0].row[0] == Value(10));
  REQUIRE(refused.rows()[0].row[1].is_null());
  REQUIRE(refused.rows()[0].row.view().clustering(0) == Value(1));
  REQUIRE(change().applied());
  REQUIRE(sim.Read(1) == "10 'changed'");

  WriteBatch batch;
  REQUIRE_OK(batch.DeleteRow(sim.table, {"alice"}, {1}));
  REQUIRE(sim.WriteIf(batch, sim.Ask().IfExists({1})).applied());
  const ConditionalOutcome gone = sim.WriteIf(batch, sim.Ask().IfExists({1}));
  REQUIRE(!gone.applied());
  REQUIRE(!gone.rows()[0].exists);
  REQUIRE_OK(sim.database->Flush());
  REQUIRE_OK(sim.database->Compact("accounts"));

  REQUIRE(sim.WriteIf(sim.Insert(1, {}, {std::nullopt, 10}), sim.Ask().IfNotExists({1})).applied());
  REQUIRE(!create().applied());
  sim.env.clock.Advance(10'000'000);
  REQUIRE(!change().applied());
  REQUIRE(create().applied());
  REQUIRE_OK(sim.database->Write({}, sim.Set(2, {{sim.note, "only a cell"}})));
  REQUIRE(
      !sim.WriteIf(sim.Insert(2, {}), sim.Ask().IfNotExists({2}).If({2}, {sim.balance, Operator::kEqual, 1}))
           .applied());
}

// Goal: conditions on columns decide by reconciled values, and the outcome has those that they name. Method:
// one value in the memtable, in an SSTable, overwritten, deleted; a row that does not exist.
TEST_CASE("IF column op value") {
  Sim sim;
  const auto move = [&](int from, int to) {
    return sim.WriteIf(sim.Set(1, {{sim.balance, to}}),
                       sim.Ask().If({1}, {sim.balance, Operator::kEqual, from}));
  };
  REQUIRE(!move(0, 1).applied());
  REQUIRE(!move(0, 1).rows()[0].exists);
  REQUIRE(
      sim.WriteIf(sim.Set(1, {{sim.balance, 1}}), sim.Ask().If({1}, {sim.balance, Operator::kEqual, nullptr}))
          .applied());
  REQUIRE(move(1, 2).applied());
  REQUIRE_OK(sim.database->Flush());
  REQUIRE(move(2, 3).applied());
  const ConditionalOutcome stale = move(2, 4);
  REQUIRE(!stale.applied());
  REQUIRE(stale.columns() == std::vector<ColumnId>{sim.balance});
  REQUIRE(stale.rows()[0].row[0] == Value(3));
  REQUIRE_OK(sim.database->Flush());
  REQUIRE_OK(sim.database->Compact("accounts"));
  REQUIRE(move(3, 4).applied());
  sim.database.reset();
  sim.Open();
  sim.table = ValueOf(sim.database->OpenTable("accounts"));
  REQUIRE(move(4, 5).applied());
  REQUIRE(sim.WriteIf(sim.Set(1, {{sim.balance, nullptr}, {sim.note, "n"}}),
                      sim.Ask().If({1}, {sim.balance, Operator::kGreater, 4}))
              .applied());
  REQUIRE(sim.Read(1) == "null 'n'");
  // The row exists by another column than the one that was asked about.
  const ConditionalOutcome other = move(5, 6);
  REQUIRE(other.rows()[0].exists);
  REQUIRE(other.rows()[0].row[0].is_null());
  REQUIRE(sim.database->metrics().conditional_writes == 3);
  REQUIRE(sim.database->metrics().conditional_conflicts == 0);
}

// Goal: a batch is applied whole if the conditions of all its rows hold, else not at all; the outcome has all
// of these rows. Method: two rows with conditions, one without.
TEST_CASE("conditional batches") {
  Sim sim;
  REQUIRE_OK(sim.database->Write({}, sim.Insert(1, {{sim.balance, 100}, {sim.note, "first"}})));
  const auto transfer = [&](int amount) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(sim.table, {"alice"}, {1}, {{sim.balance, 100 - amount}}));
    REQUIRE_OK(batch.Upsert(sim.table, {"alice"}, {2}, {{sim.balance, amount}}));
    REQUIRE_OK(batch.Upsert(sim.table, {"alice"}, {3}, {{sim.note, "log"}}));
    REQUIRE_OK(batch.DeleteRange(sim.table, {"alice"}, ClusteringRange{{9}, true, {}, true}));
    return sim.WriteIf(batch, sim.Ask()
                                  .If({1}, {sim.balance, Operator::kGreaterOrEqual, amount})
                                  .If({2}, {sim.note, Operator::kEqual, nullptr}));
  };
  const ConditionalOutcome refused = transfer(101);
  REQUIRE(!refused.applied());
  REQUIRE(refused.columns() == std::vector<ColumnId>{sim.balance, sim.note});
  REQUIRE(refused.rows().size() == 2);
  REQUIRE(refused.rows()[0].exists);
  REQUIRE(refused.rows()[0].row[0] == Value(100));
  REQUIRE(refused.rows()[0].row[1] == Value("first"));
  REQUIRE(!refused.rows()[1].exists);
  REQUIRE(sim.Read(3) == "-");
  REQUIRE(transfer(30).applied());
  REQUIRE(sim.Read(1) == "70 'first'");
  REQUIRE(sim.Read(2) == "30 null");
  REQUIRE(sim.Read(3) == "null 'log'");
  // As soon as one asks for existence, all columns are told.
  const ConditionalOutcome existing =
      sim.WriteIf(sim.Insert(2, {}), sim.Ask().IfNotExists({2}).If({1}, {sim.balance, Operator::kEqual, 70}));
  REQUIRE(existing.columns().size() == 2);
  REQUIRE(existing.rows()[1].row[0] == Value(70));
}

// Goal: conditions on what collections contain decide by their live elements, those of static columns as
// well, and a refusal has the whole collections. Method: elements in the memtable and in an SSTable, removed,
// expired; other conditions beside; the messages of what cannot be asked.
TEST_CASE("IF column CONTAINS value") {
  Sim sim;
  const DataType attributes = DataType::Map(TypeKind::kText, TypeKind::kInt);
  const Table table =
      ValueOf(sim.database->CreateTable(ValueOf(TableSchema::Builder("posts")
                                                    .PartitionKey("k", TypeKind::kInt)
                                                    .Clustering("c", TypeKind::kInt)
                                                    .Static("owners", DataType::Set(TypeKind::kText))
                                                    .Regular("tags", DataType::List(TypeKind::kText))
                                                    .Regular("attributes", attributes)
                                                    .Build())));
  const ColumnId owners = table->FindColumn("owners")->id;
  const ColumnId tags = table->FindColumn("tags")->id;
  const ColumnId map = table->FindColumn("attributes")->id;
  const auto strings = [](const DataType& type, Values values) {
    return ValueOf(SerializeComposite(type, values));
  };
  const auto change = [&](const Assignment& assignment, const WriteAttributes& times = {}) {
    WriteBatch batch;
    std::vector<Value> row;  // none for a static column
    if (assignment.column != owners) row.emplace_back(1);
    REQUIRE_OK(batch.Update(table, {1}, row, {assignment}, times));
    REQUIRE_OK(sim.database->Write({}, batch));
  };
  const auto ask = [&](const ColumnCondition& condition) {
    WriteBatch batch;
    return sim.WriteIf(batch, Conditions(table, {1}).If({1}, condition));
  };
  const auto has_tag = [&](std::string_view tag) { return ask({tags, Operator::kContains, tag}).applied(); };
  REQUIRE_FALSE(has_tag("new"));
  const DataType list = DataType::List(TypeKind::kText);
  const std::string fresh = strings(list, {"new", "hot"});
  const std::string soon = strings(list, {"soon"});
  change(Assignment::Add(tags, Value::Composite(fresh)));
  change(Assignment::Add(tags, Value::Composite(soon)), {std::nullopt, 10});
  const std::vector<MapEntry> entries = {{"stars", 5}};
  const std::string stars = ValueOf(SerializeMap(attributes, entries));
  change({map, Value::Composite(stars)});
  const std::string alice = strings(DataType::Set(TypeKind::kText), {"alice"});
  change({owners, Value::Composite(alice)});
  for (int round = 0; round < 2; ++round) {
    REQUIRE(has_tag("new"));
    REQUIRE(has_tag("soon"));
    REQUIRE_FALSE(has_tag("old"));
    REQUIRE(ask({map, Operator::kContains, 5}).applied());
    REQUIRE(ask({map, Operator::kContainsKey, "stars"}).applied());
    REQUIRE_FALSE(ask({map, Operator::kContainsKey, "hot"}).applied());
    REQUIRE(ask({owners, Operator::kContains, "alice"}).applied());
    REQUIRE_FALSE(ask({owners, Operator::kContains, "bob"}).applied());
    WriteBatch batch;
    const ConditionalOutcome refused = sim.WriteIf(batch, Conditions(table, {1})
                                                              .If({1}, {tags, Operator::kContains, "new"})
                                                              .If({1}, {map, Operator::kContains, 4}));
    REQUIRE_FALSE(refused.applied());
    REQUIRE(refused.columns() == std::vector<ColumnId>{tags, map});
    REQUIRE(refused.rows()[0].row[1] == Value::Composite(stars));
    REQUIRE_OK(sim.database->Flush());
  }
  change(Assignment::Remove(tags, Value::Composite(strings(list, {"new"}))));
  REQUIRE_FALSE(has_tag("new"));
  REQUIRE(has_tag("hot"));
  sim.env.clock.Advance(10'000'000);
  REQUIRE_FALSE(has_tag("soon"));
  change({tags, nullptr});
  REQUIRE_FALSE(has_tag("hot"));

  WriteBatch batch;
  REQUIRE(sim.Refusal(batch, Conditions(table, {1}).If({1}, {tags, Operator::kContains, nullptr})) ==
          "table posts: column tags: a condition asks whether a collection contains null, which none does");
  REQUIRE(sim.Refusal(batch, Conditions(table, {1}).If({1}, {tags, Operator::kContains, 7})) ==
          "table posts: column tags: given integer, expected text");
  REQUIRE(
      sim.Refusal(batch, Conditions(table, {1}).If({1}, {tags, Operator::kContainsKey, "new"})) ==
      "table posts: column tags: a condition asks whether a value of type list<text> contains the key 'new'; "
      "maps contain keys");
}

// Goal: what is written conditionally gets the time of its commit and the batch's time to live, counted from
// the reading; large values go to files of their own. Method: reads of times; a value over the limit, applied
// and not.
TEST_CASE("conditional writes with times to live and large values") {
  Sim sim;
  REQUIRE_OK(sim.database->Write({}, sim.Insert(1, {{sim.balance, 1}})));
  const std::string large(1000, 'x');
  REQUIRE(sim.WriteIf(sim.Set(1, {{sim.note, large}}, {std::nullopt, 60}),
                      sim.Ask().If({1}, {sim.balance, Operator::kEqual, 1}))
              .applied());
  Row row;
  REQUIRE(ValueOf(sim.database->ReadRow({}, sim.table, {"alice"}, {1}, {}, &row)));
  REQUIRE(row[1] == Value(large));
  REQUIRE(row.view().expiry(1) == SimEnv::kStartMicros / 1'000'000 + 60);
  REQUIRE(row.view().write_timestamp(1) > row.view().write_timestamp(0));
  const auto blobs = [&] { return ValueOf(sim.database->Verify()).blobs; };
  REQUIRE(blobs() == 1);
  REQUIRE(
      !sim.WriteIf(sim.Set(1, {{sim.note, large}}), sim.Ask().If({1}, {sim.note, Operator::kNotEqual, large}))
           .applied());
  REQUIRE(blobs() == 1);
}

// Goal: what cannot be done is refused, naming it, and nothing is written. Method: golden messages.
TEST_CASE("conditional writes that are refused") {
  Sim sim;
  const auto is_one = [&] { return sim.Ask().If({1}, {sim.balance, Operator::kEqual, 1}); };
  const WriteBatch batch = sim.Set(1, {{sim.balance, 2}});
  REQUIRE(sim.Refusal(batch, sim.Ask()) == "table accounts: conditional write: there is no condition");
  REQUIRE(
      sim.Refusal(sim.Set(1, {{sim.balance, 2}}, {5, std::nullopt}), is_one()) ==
      "table accounts: conditional write: it takes the timestamp of its commit, an operation of the batch "
      "has its own");
  WriteBatch deletion;
  REQUIRE_OK(deletion.DeletePartition(sim.table, {"alice"}, {5, std::nullopt}));
  REQUIRE(sim.Refusal(deletion, is_one()).find("has its own") != std::string::npos);
  WriteBatch elsewhere = sim.Set(1, {{sim.balance, 2}});
  REQUIRE_OK(elsewhere.Update(sim.table, {"bob"}, {1}, {{sim.balance, 2}}));
  REQUIRE(
      sim.Refusal(elsewhere, is_one()) ==
      "table accounts: conditional write: the batch writes to partition 0x626f62, the conditions are about "
      "partition 0x616c696365");
  const Table other = ValueOf(sim.database->CreateTable(
      ValueOf(TableSchema::Builder("other").PartitionKey("k", TypeKind::kText).Build())));
  WriteBatch two_tables;
  REQUIRE_OK(two_tables.Upsert(other, {"alice"}, {}, {}));
  REQUIRE(
      sim.Refusal(two_tables, is_one()) ==
      "table accounts: conditional write: the batch writes to table id 2, the conditions are about table id "
      "1");
  REQUIRE(sim.Refusal(batch, sim.Ask().If({1}, {sim.balance, Operator::kEqual, "one"})) ==
          "table accounts: column balance: given text, expected int");
  REQUIRE(sim.Refusal(batch, sim.Ask().If({1}, {sim.balance, Operator::kLess, nullptr})) ==
          "table accounts: column balance: a condition asks whether a value is less or greater than null");
  REQUIRE(sim.Refusal(batch, sim.Ask().If({1}, {sim.balance, Operator::kEqual, Value::Unset()})) ==
          "table accounts: column balance: a condition compares with an unset value");
  REQUIRE(
      sim.Refusal(batch, sim.Ask().If({1}, {sim.balance, Operator::kContains, 5})) ==
      "table accounts: column balance: a condition asks whether a value of type int contains 5; lists, sets "
      "and maps contain values");
  REQUIRE(
      sim.Refusal(batch, sim.Ask().If({1}, {sim.note, Operator::kContainsKey, "n"})) ==
      "table accounts: column note: a condition asks whether a value of type text contains the key 'n'; maps "
      "contain keys");
  REQUIRE(sim.Refusal(batch, sim.Ask().If({1}, {99, Operator::kEqual, 1})) ==
          "table accounts: there is no column with id 99; a condition names another column");
  REQUIRE(sim.Refusal(batch, Conditions(nullptr, {"alice"})).find("the table is null") != std::string::npos);
  REQUIRE(sim.Refusal(batch, sim.Ask().IfExists({"one"})).find("number") != std::string::npos);
  REQUIRE(sim.Read(1) == "-");
  REQUIRE_OK(sim.database->DropTable("accounts"));
  REQUIRE(sim.database->WriteIf({}, batch, is_one()).status().code() == absl::StatusCode::kNotFound);
}

// Goal: static columns are as a row of their own for conditions, and are told with every row. Method: what
// Cassandra 5 answered to the same statements; in the memtable and in SSTables.
TEST_CASE("conditions on static columns") {
  Sim sim;
  const Table table = ValueOf(sim.database->CreateTable(ValueOf(TableSchema::Builder("statics")
                                                                    .PartitionKey("k", TypeKind::kInt)
                                                                    .Clustering("c", TypeKind::kInt)
                                                                    .Static("s", TypeKind::kInt)
                                                                    .Static("t", TypeKind::kText)
                                                                    .Regular("v", TypeKind::kInt)
                                                                    .Build())));
  const ColumnId s = table->FindColumn("s")->id;
  const ColumnId t = table->FindColumn("t")->id;
  const ColumnId v = table->FindColumn("v")->id;
  const auto is = [](ColumnId column, const Value& value) {
    return ColumnCondition{column, Operator::kEqual, value};
  };
  const auto set = [&](int k, Values clustering, const Assignment& assignment, const Conditions& conditions) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(table, {k}, clustering, {assignment}));
    return sim.WriteIf(batch, conditions);
  };
  const auto ask = [&](int k) { return Conditions(table, {k}); };
  for (const int k : {2, 4}) {
    REQUIRE(set(k, {}, {s, 1}, ask(k).If({}, is(s, nullptr))).applied());
    if (k == 4) REQUIRE_OK(sim.database->Flush());
    const ConditionalOutcome other = set(k, {}, {s, 2}, ask(k).If({}, is(s, 5)));
    REQUIRE(!other.applied());
    REQUIRE(other.columns() == std::vector<ColumnId>{s});
    REQUIRE(other.rows()[0].row[0] == Value(1));
    const ConditionalOutcome exists = set(k, {}, {s, 3}, ask(k).IfNotExists({}));
    REQUIRE(!exists.applied());
    REQUIRE(exists.columns() == std::vector<ColumnId>{s, t, v});
    REQUIRE(exists.rows()[0].row[0] == Value(1));
    REQUIRE(exists.rows()[0].row[1].is_null());
    REQUIRE(exists.rows()[0].row[2].is_null());
    REQUIRE(exists.rows()[0].row.view().clustering(0).is_null());
    REQUIRE(set(k, {0}, {v, 3}, ask(k).IfNotExists({0})).applied());
    // The row is told with the static columns; one that does not exist leaves them to themselves.
    const ConditionalOutcome row = set(k, {0}, {v, 7}, ask(k).If({0}, is(s, 9)).If({0}, is(v, 3)));
    REQUIRE(row.rows().size() == 2);
    REQUIRE(row.rows()[0].row[0] == Value(1));
    REQUIRE(row.rows()[1].row[0] == Value(1));
    REQUIRE(row.rows()[1].row[1] == Value(3));
    const ConditionalOutcome no_row = set(k, {1}, {v, 7}, ask(k).If({1}, is(s, 1)).If({1}, is(v, 3)));
    REQUIRE(!no_row.applied());
    REQUIRE(no_row.rows()[0].row[0] == Value(1));
    REQUIRE(!no_row.rows()[1].exists);
  }
  // Rows do not make static columns exist.
  WriteBatch row;
  REQUIRE_OK(row.Upsert(table, {3}, {0}, {{v, 3}}));
  REQUIRE_OK(sim.database->Write({}, row));
  REQUIRE(!set(3, {}, {s, 7}, ask(3).IfExists({})).applied());
  REQUIRE(set(3, {}, {t, "t"}, ask(3).IfNotExists({})).applied());
  const ConditionalOutcome by_t = set(3, {}, {s, 7}, ask(3).If({}, is(s, 1)));
  REQUIRE(!by_t.applied());
  REQUIRE(by_t.rows()[0].exists);
  REQUIRE(by_t.rows()[0].row[0].is_null());
  REQUIRE(set(3, {}, {s, 7}, ask(3).IfExists({})).applied());

  WriteBatch batch;
  REQUIRE(sim.Refusal(batch, ask(1).If({}, is(v, 1))) ==
          "table statics: column v is not static; a condition on it names a row");
  REQUIRE(sim.Refusal(batch, sim.Ask().IfExists({})).find("clustering key") != std::string::npos);
}

// Goal: an outcome that was acknowledged with kSync survives a power failure, also when nothing was written:
// then what it tells of does. Method: a write of the process, refused over it, power failure.
TEST_CASE("an outcome is as durable as was asked for") {
  for (const Durability durability : {Durability::kProcess, Durability::kSync}) {
    Sim sim;
    const WriteOptions process{.durability = Durability::kProcess};
    REQUIRE_OK(sim.database->Write(process, sim.Insert(1, {{sim.balance, 1}})));
    REQUIRE(!sim.WriteIf(sim.Insert(1, {{sim.balance, 2}}), sim.Ask().IfNotExists({1}),
                         {.durability = durability})
                 .applied());
    std::unique_ptr<SimFileSystem> lost =
        sim.files.CrashImage({.policy = ImageChoice::Policy::kNothingUnsynced});
    SimEnv env(*lost, 2);
    Options options = sim.options;
    options.env = &env.env;
    const std::unique_ptr<Database> database = ValueOf(Database::Open(options, "db"));
    Row row;
    const bool found = ValueOf(database->ReadRow({}, sim.table, {"alice"}, {1}, {}, &row));
    REQUIRE(found == (durability == Durability::kSync));
  }
}

}  // namespace stoa
