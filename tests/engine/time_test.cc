// Time: clocks that are wrong, and times far away.
#include <memory>
#include <string>

#include <stoa/database.h>

#include "engine/purge_clock.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

constexpr int64_t kHour = 3600 * kMicrosPerSecond;
constexpr int64_t kDay = 24 * kHour;

/// A database in simulated files, with one table.
struct SimDatabase {
  explicit SimDatabase(int64_t wall_micros = SimEnv::kStartMicros) : sim(files, 1, wall_micros) {
    options.env = &sim.env;
    database = ValueOf(Database::Open(options, "db"));
    table = ValueOf(database->CreateTable(ValueOf(
        TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Regular("v", TypeKind::kInt).Build())));
  }

  void Put(int key, int ttl_seconds) {
    WriteAttributes attributes;
    if (ttl_seconds > 0) attributes.ttl_seconds = ttl_seconds;
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(table, {key}, {}, {{table->regular()[0].id, key}}, attributes));
    REQUIRE_OK(database->Write(WriteOptions{}, batch));
  }

  bool Has(int key) {
    const bool found = ValueOf(database->ReadRow(ReadOptions{}, table, {key}, {}, {}, &row));
    if (found) REQUIRE(row[0] == Value(key));
    return found;
  }

  void Merge() {
    REQUIRE_OK(database->Flush());
    REQUIRE_OK(database->Compact("t"));
  }

  SimFileSystem files;
  SimEnv sim;
  Options options;
  std::unique_ptr<Database> database;
  Table table;
  Row row;
};

}  // namespace

// Goal: purging follows the clock, but a jump forward by more than an hour only after an hour, and not if the
// clock comes back. Method: a clock that is set.
TEST_CASE("the purge clock doubts jumps forward [rule]") {
  ManualClock clock(kDay);
  PurgeClock purge(clock);
  const auto now_hours = [&] { return purge.NowSeconds() / 3600; };
  REQUIRE(now_hours() == 24);
  clock.Advance(5 * kHour);  // time passes unseen: no jump
  REQUIRE(now_hours() == 29);
  clock.SetWall(29 * kHour + kHour);  // an hour is believed
  REQUIRE(now_hours() == 30);

  clock.Advance(9 * kHour);
  clock.SetWall(500 *
                kHour);  // what it showed when it was last asked does not count, but what is to be expected
  REQUIRE(now_hours() == 39);
  clock.Advance(kHour);
  REQUIRE(now_hours() == 40);
  clock.SetWall(41 * kHour);  // it was wrong
  REQUIRE(now_hours() == 41);

  clock.SetWall(1000 * kHour);  // a new doubt begins anew
  REQUIRE(now_hours() == 41);
  clock.Advance(kHour / 2);
  REQUIRE(now_hours() == 41);
  clock.Advance(kHour / 2 + 1);
  REQUIRE(now_hours() == 1001);

  clock.SetWall(10 * kHour);  // back: believed at once
  REQUIRE(now_hours() == 10);
}

// Goal: a clock that is wrong for a while hides what expires by it, and destroys nothing. Method: set it ten
// days forward, merge, set it back; then let the days pass.
TEST_CASE("a wrong clock destroys nothing [rule]") {
  SimDatabase db;
  db.Put(1, 60);
  db.Put(2, 0);
  const int64_t right = db.sim.clock.NowWallMicros();
  db.sim.clock.SetWall(right + 10 * kDay);
  REQUIRE_FALSE(db.Has(1));
  db.Merge();
  db.sim.clock.SetWall(right);
  REQUIRE(db.Has(1));
  REQUIRE(db.Has(2));

  db.sim.clock.Advance(10 * kDay);
  REQUIRE_FALSE(db.Has(1));
  db.Put(3, 0);  // so that there is something to merge
  db.Merge();
  REQUIRE(db.database->Describe("t")->find(" 2 rows") != std::string::npos);
  REQUIRE(db.Has(2));
}

// Goal: neither does the dropping of files in which everything has expired believe a wrong clock. Method:
// such a file, and another flush, which makes the engine look.
TEST_CASE("a wrong clock drops no file") {
  SimDatabase db;
  db.Put(1, 60);
  REQUIRE_OK(db.database->Flush());
  const int64_t right = db.sim.clock.NowWallMicros();
  db.sim.clock.SetWall(right + 10 * kDay);
  db.Put(100, 0);
  REQUIRE_OK(db.database->Flush());
  db.sim.executor.RunAll();
  db.sim.clock.SetWall(right);
  REQUIRE(db.Has(1));

  db.sim.clock.Advance(10 * kDay);
  db.sim.executor.RunAll();
  REQUIRE(db.database->metrics().sstables == 1);
}

// Goal: a clock set back neither brings back what was overwritten nor kills what has not expired by it, and
// deletions go on working. Method: a row before, an overwrite and a deletion after, over a merge.
TEST_CASE("a clock set back loses no write") {
  SimDatabase db;
  db.Put(1, 3600);
  db.Put(2, 0);
  db.sim.clock.SetWall(SimEnv::kStartMicros - 100 * kDay);
  REQUIRE(db.Has(1));
  WriteBatch batch;
  REQUIRE_OK(batch.Update(db.table, {1}, {}, {{db.table->regular()[0].id, 7}}));
  REQUIRE_OK(batch.DeletePartition(db.table, {2}));
  REQUIRE_OK(db.database->Write(WriteOptions{}, batch));
  for (int round = 0; round < 2; ++round) {
    REQUIRE(ValueOf(db.database->ReadRow(ReadOptions{}, db.table, {1}, {}, {}, &db.row)));
    REQUIRE(db.row[0] == Value(7));
    REQUIRE_FALSE(db.Has(2));
    db.Merge();
  }
}

// Goal: a conditional write is decided by the clock as it stands, and wins over what was written before, by
// whatever clock. Method: a row that expires, is there again when the clock is set back, and is changed then.
TEST_CASE("a clock set back decides conditional writes") {
  SimDatabase db;
  const ColumnId v = db.table->regular()[0].id;
  const auto change = [&](int from, int to) {
    WriteBatch batch;
    REQUIRE_OK(batch.Update(db.table, {1}, {}, {{v, to}}));
    const Conditions conditions = Conditions(db.table, {1}).If({}, {v, ConditionOperator::kEqual, from});
    return ValueOf(db.database->WriteIf(WriteOptions{}, batch, conditions)).applied();
  };
  db.Put(1, 10);
  db.sim.clock.Advance(20 * kMicrosPerSecond);
  REQUIRE_FALSE(change(1, 2));
  db.sim.clock.SetWall(SimEnv::kStartMicros - kDay);
  REQUIRE(change(1, 2));
  REQUIRE_FALSE(change(1, 3));
  REQUIRE(change(2, 3));
  db.sim.clock.SetWall(SimEnv::kStartMicros + kDay);
  for (int round = 0; round < 2; ++round) {
    REQUIRE(ValueOf(db.database->ReadRow(ReadOptions{}, db.table, {1}, {}, {}, &db.row)));
    REQUIRE(db.row[0] == Value(3));
    db.Merge();
  }
}

// Goal: neither 2038 nor 2106 (seconds of 32 bits, signed and not) is an end. Method: cells that expire
// beyond, written before and after, over log, memtable, SSTable and reopening.
TEST_CASE("times beyond 2038 and 2106") {
  for (const int64_t start_seconds :
       {int64_t{2'100'000'000}, int64_t{4'200'000'000}, int64_t{9'000'000'000}}) {
    CAPTURE(start_seconds);
    SimDatabase db(start_seconds * kMicrosPerSecond);
    constexpr int kTtl = 200'000'000;
    db.Put(1, kTtl);
    db.Put(2, 0);
    for (int round = 0; round < 3; ++round) {
      REQUIRE(db.Has(1));
      REQUIRE(db.row.view().expiry(0) == start_seconds + kTtl);
      if (round == 0) db.Merge();
      if (round == 1) {
        db.database.reset();
        db.database = ValueOf(Database::Open(db.options, "db"));
        db.table = ValueOf(db.database->OpenTable("t"));
      }
    }
    db.sim.clock.Advance((kTtl - 1) * kMicrosPerSecond);
    REQUIRE(db.Has(1));
    db.sim.clock.Advance(kMicrosPerSecond);
    REQUIRE_FALSE(db.Has(1));
    REQUIRE(db.Has(2));
  }
}

}  // namespace stoa
