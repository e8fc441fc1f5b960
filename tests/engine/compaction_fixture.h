// A table on simulated files, for tests of what compaction makes of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <stoa/database.h>

#include "io/sim_file_system.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {

inline constexpr int64_t kSecond = 1'000'000;

class CompactionTest {
 public:
  CompactionTest() : sim(files_, 1) {
    options_.env = &sim.env;
    options_.memory_budget_bytes = 1 << 20;
    options_.wal_segment_bytes = 16 << 10;
    Open();
  }

  void Open() { database = ValueOf(Database::Open(options_, "db")); }
  void Reopen(const Options& options) {
    database.reset();
    options_ = options;
    Open();
  }
  Table table() { return ValueOf(database->OpenTable("t")); }
  const Options& options() const { return options_; }

  Table Create(const TableOptions& table_options) {
    return ValueOf(database->CreateTable(ValueOf(TableSchema::Builder("t")
                                                     .PartitionKey("k", TypeKind::kInt)
                                                     .Clustering("c", TypeKind::kInt)
                                                     .Regular("v", TypeKind::kText)
                                                     .Options(table_options)
                                                     .Build())));
  }

  void Write(const WriteBatch& batch) { REQUIRE_OK(database->Write(WriteOptions(), batch)); }
  /// Rows [first, last) of partition k.
  void Upsert(const Table& table, int32_t k, int32_t first, int32_t last, std::string_view text,
              const WriteAttributes& attributes = {}) {
    WriteBatch batch;
    for (int32_t c = first; c < last; ++c) {
      REQUIRE_OK(batch.Upsert(table, {k}, {c}, {{table->FindColumn("v")->id, text}}, attributes));
    }
    Write(batch);
  }
  void Flush() {
    REQUIRE_OK(database->Flush());
    sim.executor.RunAll();
  }
  uint64_t Rows(const Table& table, const Snapshot* snapshot = nullptr) {
    ReadOptions options;
    options.snapshot = snapshot;
    Cursor cursor = ValueOf(database->Read(options, Query(table)));
    uint64_t rows = 0;
    while (cursor.Next()) ++rows;
    REQUIRE_OK(cursor.status());
    return rows;
  }
  /// Whether the bytes stand in any file.
  bool IsOnDisk(const std::string& bytes) {
    const std::unique_ptr<Directory> directory = ValueOf(files_.OpenDirectory("db"));
    for (const std::string& name : ValueOf(directory->List())) {
      if (ValueOf(files_.ReadFile("db/" + name)).find(bytes) != std::string::npos) return true;
    }
    return false;
  }
  /// Merges since the database was opened.
  CompactionCounters Merges(CompactionReason reason) {
    return database->metrics().compactions_by_reason[static_cast<size_t>(reason)];
  }
  void Pass(int64_t seconds) {
    sim.clock.Advance(seconds * kSecond);
    sim.executor.RunAll();
  }

 private:
  SimFileSystem files_;

 public:
  SimEnv sim;
  std::unique_ptr<Database> database;

 private:
  Options options_;
};

}  // namespace stoa
