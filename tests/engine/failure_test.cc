// What the first error of the log or the manifest leaves of a database.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {
namespace {

TableSchema CounterSchema() {
  return ValueOf(
      TableSchema::Builder("t").PartitionKey("p", TypeKind::kInt).Clustering("c", TypeKind::kInt).Build());
}

absl::Status PutRows(Database& database, const Table& table, int first, int count, Durability durability) {
  WriteBatch batch;
  for (int i = first; i < first + count; ++i) {
    if (absl::Status status = batch.Upsert(table, {1}, {i}, {}); !status.ok()) return status;
  }
  WriteOptions options;
  options.durability = durability;
  return database.Write(options, batch);
}

int CountRows(const Database& database, const Table& table) {
  Cursor cursor = ValueOf(database.Read(ReadOptions(), Query(table)));
  int rows = 0;
  while (cursor.Next()) ++rows;
  REQUIRE_OK(cursor.status());
  return rows;
}

bool IsOfLogOrManifest(std::string_view call) {
  const bool writes = call.starts_with("append ") || call.starts_with("map ") || call.starts_with("store ") ||
                      call.starts_with("sync ");
  return writes && (call.ends_with(".wal") || call.find(".wal ") != std::string_view::npos ||
                    call.find(" MANIFEST-") != std::string_view::npos);
}

/// A database of one row, and what is then done to it while a call fails.
struct Run {
  Run() : sim(files, 1) {
    Options options;
    options.env = &sim.env;
    database = ValueOf(Database::Open(options, "db"));
    table = ValueOf(database->CreateTable(CounterSchema()));
    REQUIRE_OK(PutRows(*database, table, 0, 1, Durability::kSync));
    files.SetTraceText(TraceText::kMutations);
  }
  absl::Status Go() {
    absl::Status status = PutRows(*database, table, 1, 1, Durability::kSync);
    acknowledged += status.ok() ? 1 : 0;
    return status.ok() ? database->Flush() : status;
  }

  SimFileSystem files;
  SimEnv sim;
  std::unique_ptr<Database> database;
  Table table;
  int acknowledged = 1;
};

}  // namespace

// Goal: the first error of log or manifest ends writing, with its cause; neither is written or synced again;
// reading goes on, and reopening finds all that was acknowledged. Method: a write and a flush, in which each
// append and sync of either fails once.
TEST_CASE("an error of log or manifest latches the database [rule]") {
  std::vector<std::string> calls;
  {
    Run intact;
    REQUIRE_OK(intact.Go());
    calls = intact.files.TakeTrace();
  }
  int failed = 0;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (!IsOfLogOrManifest(calls[i])) continue;
    INFO(calls[i]);
    ++failed;
    Run run;
    run.files.FailCall(run.files.calls() + i, absl::UnavailableError("no more"), FaultSpan::kOnce);
    REQUIRE_FALSE(run.Go().ok());
    run.files.TakeTrace();
    for (const Durability durability : {Durability::kProcess, Durability::kSync}) {
      const absl::Status refused = PutRows(*run.database, run.table, 9, 1, durability);
      CHECK(absl::IsFailedPrecondition(refused));
      CHECK(FromAbsl(refused.message()).find("no more") != std::string_view::npos);
    }
    CHECK_FALSE(run.database->Sync().ok());
    CHECK_FALSE(run.database->Flush().ok());
    CHECK_FALSE(run.database->DropTable("t").ok());
    run.sim.executor.RunAll();
    CHECK(CountRows(*run.database, run.table) >= run.acknowledged);
    CHECK_FALSE(run.database->Close().ok());
    run.database.reset();
    for (const std::string& call : run.files.TakeTrace()) {
      INFO(call);
      CHECK_FALSE(IsOfLogOrManifest(call));
    }
    Options options;
    options.env = &run.sim.env;
    run.database = ValueOf(Database::Open(options, "db"));
    run.table = ValueOf(run.database->OpenTable("t"));
    CHECK(CountRows(*run.database, run.table) >= run.acknowledged);
    REQUIRE_OK(PutRows(*run.database, run.table, 5, 1, Durability::kSync));
  }
  CHECK(failed >= 4);  // each kind of call on each of the two
}

// Goal: a batch becomes visible when all of it is applied, and not before. Method: large batches, and a
// reader who counts meanwhile.
TEST_CASE("a batch becomes visible whole [rule]") {
  constexpr int kBatchRows = 4000;
  constexpr int kBatches = 30;
  TempDirectory directory;
  const auto database = ValueOf(Database::Open(Options(), directory.path() + "/db"));
  const Table table = ValueOf(database->CreateTable(CounterSchema()));
  std::atomic<bool> written{false};
  std::atomic<bool> failed{false};
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      if (!PutRows(*database, table, i * kBatchRows, kBatchRows, Durability::kProcess).ok())
        failed.store(true);
    }
    written.store(true);
  });
  int torn = 0;
  while (!written.load()) torn += CountRows(*database, table) % kBatchRows != 0 ? 1 : 0;
  writer.join();
  CHECK_FALSE(failed.load());
  CHECK(torn == 0);
  CHECK(CountRows(*database, table) == kBatches * kBatchRows);
}

}  // namespace stoa
