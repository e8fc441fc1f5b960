// A time series whose rows live for a while: how much more space it takes than what is alive.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <stoa/database.h>

#include "stoa_check.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr int kTtlSeconds = 20;
constexpr int kWindowSeconds = 2;
constexpr int kSeconds = 3 * kTtlSeconds;
constexpr int64_t kRowsPerSecond = 100'000;
constexpr int64_t kBatch = 1000;  // rows of as many sensors, a hundred times a second
constexpr uint64_t kMemoryBytes = 32 << 20;

class TtlTable {
 public:
  explicit TtlTable(const fs::path& directory) : directory_(directory) {
    stoa::Options options;
    options.memory_budget_bytes = kMemoryBytes;
    options.durability = stoa::Durability::kProcess;
    database_ = Check(stoa::Database::Open(options, directory_));
    stoa::TableOptions table_options;
    table_options.default_time_to_live_seconds = kTtlSeconds;
    table_options.compaction.window_seconds = kWindowSeconds;
    table_ = Check(database_->CreateTable(Check(stoa::TableSchema::Builder("t")
                                                    .PartitionKey("sensor", stoa::TypeKind::kBigint)
                                                    .Clustering("time", stoa::TypeKind::kTimestamp)
                                                    .Regular("v", stoa::TypeKind::kDouble)
                                                    .Options(table_options)
                                                    .Build())));
  }
  ~TtlTable() {
    Check(database_->Close());
    fs::remove_all(directory_);
  }

  void WriteBatch(int64_t tick) {
    batch_.Clear();
    for (int64_t sensor = 0; sensor < kBatch; ++sensor) {
      const double value =
          static_cast<double>(KeyChooser::Mix(static_cast<uint64_t>(tick * kBatch + sensor)) % 10'000) / 100;
      Check(
          batch_.Upsert(table_, {sensor}, {stoa::Timestamp{tick * 10}}, {{table_->regular()[0].id, value}}));
    }
    Check(database_->Write(stoa::WriteOptions(), batch_));
  }
  uint64_t bytes() const { return database_->metrics().sstable_bytes; }
  int64_t CountRows() const {
    stoa::Query query(table_);
    query.Columns({table_->regular()[0].id});
    stoa::Cursor cursor = Check(database_->Read(stoa::ReadOptions(), query));
    int64_t rows = 0;
    while (const size_t batch = cursor.NextBatch()) rows += static_cast<int64_t>(batch);
    Check(cursor.status());
    return rows;
  }
  void Merge() {
    Check(database_->Flush());
    Check(database_->Compact("t"));
  }

 private:
  const fs::path directory_;
  std::unique_ptr<stoa::Database> database_;
  stoa::Table table_;
  stoa::WriteBatch batch_;
};

// As many rows are alive as were written in the time that they live, as closely as a busy machine keeps time.
void CheckAlive(int64_t rows) {
  const double share = static_cast<double>(rows) / (kTtlSeconds * kRowsPerSecond);
  if (share > 0.9 && share < 1.1) return;
  std::fprintf(stderr, "stoa: %lld rows are alive\n", static_cast<long long>(rows));
  std::exit(1);
}

void TtlSpace(Bench* bench, benchmark::State& state) {
  std::vector<double> bytes;
  double live = 0;
  for (auto _ : state) {
    TtlTable table(bench->EmptyDirectory("ttl"));
    const SteadyClock::time_point begin = SteadyClock::now();
    constexpr int64_t kTicks = kSeconds * kRowsPerSecond / kBatch;
    for (int64_t tick = 0; tick < kTicks; ++tick) {
      std::this_thread::sleep_until(begin +
                                    std::chrono::microseconds(tick * 1'000'000 * kBatch / kRowsPerSecond));
      table.WriteBatch(tick);
      if (tick > kTicks / 2 && tick % 10 == 0) bytes.push_back(static_cast<double>(table.bytes()));
    }
    CheckAlive(table.CountRows());
    table.Merge();  // leaves what is alive
    live = static_cast<double>(table.bytes());
  }
  std::sort(bytes.begin(), bytes.end());
  state.counters["space"] = bytes[bytes.size() / 2] / live;
  state.counters["space_max"] = bytes.back() / live;
  state.SetItemsProcessed(kSeconds * kRowsPerSecond);
}

}  // namespace

void RegisterTtl(Bench* bench) {
  AddWorkload("ttl", {StoaEngine()}, Loop::kOnce,
              [=](benchmark::State& state, const EngineKind&) { TtlSpace(bench, state); });
}
