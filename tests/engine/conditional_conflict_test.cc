// What happens when something comes between a conditional write's reading and its commit.
#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <stoa/database.h>

#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

/// A clock that lets something happen when it is asked for the second: a conditional write does that when it
/// has settled what it will read, and has not read it yet.
class InterveningClock : public Clock {
 public:
  explicit InterveningClock(Clock& clock) : clock_(clock) {}
  int64_t NowWallMicros() override { return clock_.NowWallMicros(); }
  int64_t NowMonotonicMicros() override { return clock_.NowMonotonicMicros(); }
  int64_t NowWallSeconds() override {
    if (times_left_ > 0) {
      --times_left_;
      happen_();
    }
    return clock_.NowWallSeconds();
  }

  /// `happen` the next `times` times.
  void Intervene(int times, std::function<void()> happen) {
    times_left_ = times;
    happen_ = std::move(happen);
  }

 private:
  Clock& clock_;
  int times_left_ = 0;
  std::function<void()> happen_;
};

struct Sim {
  Sim() : sim(files, 1), clock(sim.clock), env(files, clock, sim.executor, sim.ids) {
    Options options;
    options.env = &env;
    options.memory_budget_bytes = 1 << 20;
    database = ValueOf(Database::Open(options, "db"));
    table = ValueOf(database->CreateTable(ValueOf(TableSchema::Builder("t")
                                                      .PartitionKey("k", TypeKind::kText)
                                                      .Clustering("c", TypeKind::kInt)
                                                      .Regular("v", TypeKind::kInt)
                                                      .Build())));
    v = table->FindColumn("v")->id;
    Write("a", 1, 0);
  }

  void Write(std::string_view key, int row, int value) {
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(table, {key}, {row}, {{v, value}}));
    REQUIRE_OK(database->Write({}, batch));
  }
  /// Writes `to` to row 1 of partition a if what it holds compares so with `given`.
  absl::StatusOr<ConditionalOutcome> WriteIf(ConditionOperator comparison, int given, int to) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(table, {"a"}, {1}, {{v, to}}));
    return database->WriteIf({}, batch, Conditions(table, {"a"}).If({1}, {v, comparison, given}));
  }
  absl::StatusOr<ConditionalOutcome> Exchange(int from, int to) {
    return WriteIf(ConditionOperator::kEqual, from, to);
  }
  int64_t Read() {
    Row row;
    REQUIRE(ValueOf(database->ReadRow({}, table, {"a"}, {1}, {}, &row)));
    return row[0].integer();
  }
  uint64_t conflicts() const { return database->metrics().conditional_conflicts; }

  SimFileSystem files;
  SimEnv sim;
  InterveningClock clock;
  Env env;
  std::unique_ptr<Database> database;
  Table table;
  ColumnId v = 0;
};

}  // namespace

// Goal: what was written between reading and commit counts: the conditional write is decided again, as often
// as needed, and after some times alone. Method: from none to twenty writes to the row in between, of growing
// values; a condition that always holds, and ones that hold up to a value.
TEST_CASE("a conditional write is decided by what was written meanwhile") {
  constexpr int kAttempts = 8;  // the ninth reading is done alone
  for (int times = 0; times <= 20; ++times) {
    for (const int limit : {1, 5, 100}) {
      INFO(times << " " << limit);
      Sim sim;
      int written = 0;
      sim.clock.Intervene(times, [&] { sim.Write("a", 1, ++written); });
      const ConditionalOutcome outcome = ValueOf(sim.WriteIf(ConditionOperator::kLess, limit, 1000));
      // Every attempt but the last was decided by a value below the limit, and found another one written.
      const int conflicts = std::min({times, limit, kAttempts});
      REQUIRE(sim.conflicts() == static_cast<uint64_t>(conflicts));
      REQUIRE(outcome.applied() == (conflicts < limit));
      sim.clock.Intervene(0, nullptr);
      if (outcome.applied()) {
        REQUIRE(sim.Read() == 1000);
      } else {
        // A refusal writes nothing, so nothing is in its way: it is true of the moment of its reading.
        REQUIRE(outcome.rows()[0].row[0] == Value(limit));
      }
    }
  }
}

// Goal: only what may have changed the partition is in the way. Method: one thing of each kind in between.
TEST_CASE("what is in the way of a conditional write") {
  struct Case {
    const char* name;
    std::function<void(Sim&)> happen;
    uint64_t conflicts;
    bool applied;
  };
  const std::vector<Case> cases = {
      {"another partition", [](Sim& sim) { sim.Write("b", 1, 5); }, 0, true},
      {"another row", [](Sim& sim) { sim.Write("a", 2, 5); }, 1, true},
      {"the same value", [](Sim& sim) { sim.Write("a", 1, 0); }, 1, true},
      {"another value", [](Sim& sim) { sim.Write("a", 1, 5); }, 1, false},
      {"a flush", [](Sim& sim) { REQUIRE_OK(sim.database->Flush()); }, 1, true},
      {"a merge", [](Sim& sim) { REQUIRE_OK(sim.database->Compact("t")); }, 1, true},
      {"truncation", [](Sim& sim) { REQUIRE_OK(sim.database->TruncateTable("t")); }, 1, false},
      {"a conditional write to another partition",
       [](Sim& sim) {
         WriteBatch batch;
         REQUIRE_OK(batch.Upsert(sim.table, {"c"}, {1}, {}));
         REQUIRE(ValueOf(sim.database->WriteIf({}, batch, Conditions(sim.table, {"c"}).IfNotExists({1})))
                     .applied());
       },
       0, true},
      {"a deletion of the partition",
       [](Sim& sim) {
         WriteBatch batch;
         REQUIRE_OK(batch.DeletePartition(sim.table, {"a"}));
         REQUIRE_OK(sim.database->Write({}, batch));
       },
       1, false},
      {"a snapshot", [](Sim& sim) { REQUIRE_OK(sim.database->GetSnapshot()); }, 0, true},
  };
  for (const Case& each : cases) {
    INFO(each.name);
    for (const bool flushed : {false, true}) {
      Sim sim;
      if (flushed) REQUIRE_OK(sim.database->Flush());
      sim.clock.Intervene(1, [&] { each.happen(sim); });
      REQUIRE(ValueOf(sim.Exchange(0, 100)).applied() == each.applied);
      REQUIRE(sim.conflicts() == each.conflicts);
      if (each.applied) REQUIRE(sim.Read() == 100);
    }
  }
}

// Goal: a table that is dropped in between is gone. Method: as above.
TEST_CASE("a table is dropped under a conditional write") {
  Sim sim;
  sim.clock.Intervene(1, [&] { REQUIRE_OK(sim.database->DropTable("t")); });
  REQUIRE(absl::IsNotFound(sim.Exchange(0, 100).status()));
}

}  // namespace stoa
