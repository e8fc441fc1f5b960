// Lists changed by position and by value.
#include <functional>
#include <memory>
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

struct Sim {
  Sim() : sim(files, 1) {
    options.env = &sim.env;
    database = ValueOf(Database::Open(options, "db"));
    table = ValueOf(database->CreateTable(ValueOf(TableSchema::Builder("t")
                                                      .PartitionKey("k", TypeKind::kInt)
                                                      .Clustering("c", TypeKind::kInt)
                                                      .Static("s", kList)
                                                      .Regular("l", kList)
                                                      .Regular("v", TypeKind::kInt)
                                                      .Build())));
    l = table->FindColumn("l")->id;
    s = table->FindColumn("s")->id;
    v = table->FindColumn("v")->id;
  }

  std::string List(Values elements) { return ValueOf(SerializeComposite(kList, elements)); }
  absl::Status Update(Values clustering, Assignments assignments, const WriteAttributes& attributes = {}) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(table, {1}, clustering, assignments, attributes));
    return database->Write({}, batch);
  }
  void Set(Values elements) {
    const std::string list = List(elements);
    REQUIRE_OK(Update({1}, {{l, Value::Composite(list)}}));
  }
  std::string Get(ColumnId column) {
    Row row;
    const std::vector<ColumnId> columns{column};
    if (!ValueOf(database->ReadRow({}, table, {1}, {1}, columns, &row))) return "-";
    return row[0].is_null() ? "null" : FormatLiteral(kList, row[0]);
  }

  SimFileSystem files;
  SimEnv sim;
  Options options;
  std::unique_ptr<Database> database;
  Table table;
  ColumnId l = 0;
  ColumnId s = 0;
  ColumnId v = 0;
};

}  // namespace

// Goal: elements are set and removed by index and by value, in the memtable and in SSTables. Method: what
// Cassandra 5 answered to the same statements.
TEST_CASE("lists by index and value") {
  for (const bool flushed : {false, true}) {
    Sim sim;
    const auto settle = [&] {
      if (flushed) REQUIRE_OK(sim.database->Flush());
    };
    sim.Set({5, 6, 7});
    settle();
    REQUIRE_OK(sim.Update({1}, {Assignment::Put(sim.l, 1, 60)}));
    settle();
    REQUIRE(sim.Get(sim.l) == "[5, 60, 7]");
    REQUIRE_OK(sim.Update({1}, {Assignment::Put(sim.l, 0, nullptr)}));
    REQUIRE(sim.Get(sim.l) == "[60, 7]");
    REQUIRE_OK(sim.Update({1}, {Assignment::Put(sim.l, 0, 6), {sim.v, 3}}));
    settle();
    REQUIRE(sim.Get(sim.l) == "[6, 7]");
    const std::string more = sim.List({6, 8, 6});
    REQUIRE_OK(sim.Update({1}, {Assignment::Add(sim.l, Value::Composite(more))}));
    const std::string sixes = sim.List({6, 9});
    REQUIRE_OK(sim.Update({1}, {Assignment::Remove(sim.l, Value::Composite(sixes))}));
    REQUIRE(sim.Get(sim.l) == "[7, 8]");
    // Older than what is there: nothing changes.
    REQUIRE_OK(sim.Update({1}, {Assignment::Put(sim.l, 0, 51)}, {1, std::nullopt}));
    REQUIRE(sim.Get(sim.l) == "[7, 8]");
    REQUIRE_OK(sim.Update({1}, {Assignment::Put(sim.l, 0, 1)}, {std::nullopt, 10}));
    REQUIRE(sim.Get(sim.l) == "[1, 8]");
    sim.sim.clock.Advance(10'000'000);
    REQUIRE(sim.Get(sim.l) == "[8]");
    REQUIRE_OK(sim.Update({1}, {Assignment::Put(sim.l, 0, 9)}));
    REQUIRE(sim.Get(sim.l) == "[9]");
  }
}

// Goal: all operations of a batch are about the list as it was before the batch. Method: what Cassandra 5
// made of it.
TEST_CASE("several operations on a list in one batch") {
  Sim sim;
  sim.Set({5, 6, 7});
  const std::string six = sim.List({6});
  WriteBatch batch;
  REQUIRE_OK(batch.Update(sim.table, {1}, {1}, {Assignment::Put(sim.l, 0, 50)}));
  REQUIRE_OK(batch.Update(sim.table, {1}, {1}, {Assignment::Put(sim.l, 0, nullptr)}));
  REQUIRE_OK(batch.Update(sim.table, {1}, {1}, {Assignment::Remove(sim.l, Value::Composite(six))}));
  REQUIRE(batch.operation_count() == 3);
  REQUIRE_OK(sim.database->Write({}, batch));
  REQUIRE(sim.Get(sim.l) == "[7]");
}

// Goal: an index that the list does not have, and what is no index, are refused, naming them; nothing of the
// batch is written. Method: golden messages.
TEST_CASE("indices that a list does not have") {
  Sim sim;
  const auto refusal = [&](int row, int index) {
    const absl::Status status = sim.Update({row}, {{sim.v, 9}, Assignment::Put(sim.l, index, 1)});
    REQUIRE(absl::IsInvalidArgument(status));
    return std::string(FromAbsl(status.message()));
  };
  sim.Set({5, 6, 7});
  REQUIRE(refusal(1, 9) == "table t: column l: there is no element at index 9, the list has 3");
  REQUIRE(refusal(1, 3) == "table t: column l: there is no element at index 3, the list has 3");
  REQUIRE(refusal(2, 0) == "table t: column l: there is no element at index 0, the list has 0");
  Row row;
  REQUIRE(ValueOf(sim.database->ReadRow({}, sim.table, {1}, {1}, std::vector<ColumnId>{sim.v}, &row)));
  REQUIRE(row[0].is_null());
  WriteBatch batch;
  for (const Value& index : {Value(-1), Value(), Value("0"), Value::Unset()}) {
    REQUIRE(absl::IsInvalidArgument(batch.Update(sim.table, {1}, {1}, {Assignment::Put(sim.l, index, 1)})));
  }
  REQUIRE_OK(batch.Update(sim.table, {1}, {1}, {Assignment::Put(sim.l, 0, Value::Unset())}));
  const std::string none = sim.List({});
  REQUIRE_OK(batch.Update(sim.table, {1}, {1}, {Assignment::Remove(sim.l, Value::Composite(none))}));
  REQUIRE_OK(batch.Update(sim.table, {1}, {1}, {Assignment::Remove(sim.l, nullptr)}));
  REQUIRE(batch.empty());
}

// Goal: the same for static lists and under conditions on elements. Method: one of each.
TEST_CASE("operations on static lists, and conditional ones") {
  Sim sim;
  sim.Set({1});
  const std::string list = sim.List({5, 6, 7});
  REQUIRE_OK(sim.Update({}, {{sim.s, Value::Composite(list)}}));
  REQUIRE_OK(sim.Update({}, {Assignment::Put(sim.s, 2, 70)}));
  REQUIRE(sim.Get(sim.s) == "[5, 6, 70]");
  const auto exchange = [&](int from, int to) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(sim.table, {1}, {}, {Assignment::Put(sim.s, 0, to)}));
    return ValueOf(sim.database->WriteIf(
        {}, batch,
        Conditions(sim.table, {1})
            .If({}, ColumnCondition::Element(sim.s, 0, ConditionOperator::kEqual, from))));
  };
  REQUIRE(exchange(5, 50).applied());
  const ConditionalOutcome refused = exchange(5, 51);
  REQUIRE(!refused.applied());
  REQUIRE(FormatLiteral(kList, refused.rows()[0].row[0]) == "[50, 6, 70]");
  REQUIRE(sim.Get(sim.s) == "[50, 6, 70]");
}

}  // namespace stoa
