// Snapshots while what they see is flushed, merged, truncated.
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <stoa/database.h>

#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

std::map<int64_t, int64_t> Contents(const Database& database, const Table& table, const Snapshot* snapshot) {
  std::map<int64_t, int64_t> rows;
  ReadOptions read;
  read.snapshot = snapshot;
  Cursor cursor = ValueOf(database.Read(read, Query(table)));
  while (cursor.Next()) rows[cursor.row().clustering(0).integer()] = cursor.row()[0].integer();
  REQUIRE_OK(cursor.status());
  return rows;
}

struct Kept {
  std::unique_ptr<Snapshot> snapshot;
  std::map<int64_t, int64_t> rows;
};

class SnapshotsOfATable {
 public:
  SnapshotsOfATable() : sim_(files_, 1) {
    Options options;
    options.env = &sim_.env;
    options.memory_budget_bytes = 4 << 20;
    database_ = ValueOf(Database::Open(options, "db"));
    table_ = ValueOf(database_->CreateTable(ValueOf(TableSchema::Builder("t")
                                                        .PartitionKey("p", TypeKind::kBigint)
                                                        .Clustering("c", TypeKind::kBigint)
                                                        .Regular("v", TypeKind::kBigint)
                                                        .Build())));
  }
  ~SnapshotsOfATable() {
    kept_.clear();
    CHECK(database_->Close().ok());
  }

  Database& database() { return *database_; }

  /// Overwrites, adds and deletes rows.
  void WriteSome() {
    WriteBatch batch;
    for (int i = 0; i < 20; ++i, ++writes_) {
      REQUIRE_OK(batch.Upsert(table_, {int64_t{1}}, {writes_ % 13}, {{table_->regular()[0].id, writes_}}));
      if (writes_ % 7 == 0) REQUIRE_OK(batch.DeleteRow(table_, {int64_t{1}}, {(writes_ + 3) % 13}));
      REQUIRE_OK(database_->Write(WriteOptions(), batch));
      batch.Clear();
    }
  }
  void Keep() { kept_.push_back({ValueOf(database_->GetSnapshot()), Contents(*database_, table_, nullptr)}); }
  void CheckKept() {
    for (const Kept& kept : kept_) REQUIRE(Contents(*database_, table_, kept.snapshot.get()) == kept.rows);
    Row row;
    const std::vector<ColumnId> columns = {table_->regular()[0].id};
    for (const Kept& kept : kept_) {
      ReadOptions read;
      read.snapshot = kept.snapshot.get();
      for (int64_t c = 0; c < 13; ++c) {
        const bool found = ValueOf(database_->ReadRow(read, table_, {int64_t{1}}, {c}, columns, &row));
        REQUIRE(found == kept.rows.contains(c));
        if (found) REQUIRE(row.view()[0].integer() == kept.rows.at(c));
      }
    }
  }
  void Forget() { kept_.clear(); }

 private:
  SimFileSystem files_;
  SimEnv sim_;
  std::unique_ptr<Database> database_;
  Table table_;
  int64_t writes_ = 0;
  std::vector<Kept> kept_;
};

TEST_CASE("a flush cuts its output for the snapshots, which give back the memtable") {
  SnapshotsOfATable test;
  const uint64_t idle_bytes = test.database().metrics().memtable_bytes;
  for (int i = 0; i < 5; ++i) {
    test.WriteSome();
    test.Keep();
  }
  test.WriteSome();
  REQUIRE_OK(test.database().Flush());
  CHECK(test.database().metrics().sstables == 6);
  CHECK(test.database().metrics().memtable_bytes < idle_bytes + 1000);
  test.CheckKept();
  REQUIRE_OK(test.database().Compact("t"));
  CHECK(test.database().metrics().sstables == 1);
  test.CheckKept();
}

TEST_CASE("one flush makes at most nine files, and later snapshots keep the memtable") {
  SnapshotsOfATable test;
  const uint64_t idle_bytes = test.database().metrics().memtable_bytes;
  for (int i = 0; i < 12; ++i) {
    test.WriteSome();
    test.Keep();
  }
  test.WriteSome();
  REQUIRE_OK(test.database().Flush());
  CHECK(test.database().metrics().sstables == 9);
  CHECK(test.database().metrics().memtable_bytes > idle_bytes + 1000);
  test.CheckKept();
  test.Forget();
  test.WriteSome();  // notices
  CHECK(test.database().metrics().memtable_bytes < idle_bytes + 100000);
}

TEST_CASE("snapshots outlast truncation and further flushes") {
  SnapshotsOfATable test;
  for (int i = 0; i < 6; ++i) {
    test.WriteSome();
    test.Keep();
    if (i % 2 == 1) REQUIRE_OK(test.database().Flush());
    if (i == 3) REQUIRE_OK(test.database().TruncateTable("t"));
    test.CheckKept();
  }
  REQUIRE_OK(test.database().Compact("t"));
  test.CheckKept();
}

}  // namespace
}  // namespace stoa
