// What Cassandra's data model has and engines of byte strings have not, Stoa alone: what it costs beside a
// plain write.
#include <cstdio>
#include <cstdlib>

#include <stoa/composite.h>
#include <stoa/database.h>

#include "meter.h"
#include "stoa_check.h"
#include "workloads.h"

namespace {

namespace fs = std::filesystem;
using stoa::Assignment;

constexpr int32_t kRows = 1000;

// A table of columns of every kind, or of a counter, with rows 0 to kRows - 1.
class Fixture {
 public:
  Fixture(const fs::path& directory, bool counters) : directory_(directory) {
    stoa::Options options;
    options.durability = stoa::Durability::kProcess;
    database = Check(stoa::Database::Open(options, directory_));
    stoa::TableSchema::Builder builder("t");
    builder.PartitionKey("k", stoa::TypeKind::kInt);
    if (counters) {
      builder.Regular("v", stoa::TypeKind::kCounter);
    } else {
      builder.Regular("v", stoa::TypeKind::kInt)
          .Regular("m", stoa::DataType::Map(stoa::TypeKind::kInt, stoa::TypeKind::kText))
          .Regular("l", stoa::DataType::List(stoa::TypeKind::kInt));
    }
    table = Check(database->CreateTable(Check(builder.Build())));
    value = table->FindColumn("v")->id;
  }
  ~Fixture() {
    Check(database->Close());
    fs::remove_all(directory_);
  }

  void Write() {
    Check(database->Write(stoa::WriteOptions(), batch));
    batch.Clear();
  }

  std::unique_ptr<stoa::Database> database;
  stoa::Table table;
  stoa::ColumnId value = 0;
  stoa::WriteBatch batch;

 private:
  const fs::path directory_;
};

void Add(Bench* bench, const std::string& name, bool counters, void (*write)(Fixture&, int32_t)) {
  AddWorkload(name, {StoaEngine()}, Loop::kTimed, [=](benchmark::State& state, const EngineKind&) {
    Fixture fixture(bench->EmptyDirectory("features"), counters);
    LatencySampler sampler(LatencySampler::Which::kEvery16th);
    const Meter meter;
    int32_t i = 0;
    for (auto _ : state) {
      sampler.Run([&] { write(fixture, i++); });
    }
    meter.Report(&state, state.iterations());
    sampler.latencies().Report(&state);
  });
}

}  // namespace

void RegisterFeatures(Bench* bench) {
  Add(bench, "feature/plain", false, [](Fixture& f, int32_t i) {
    Check(f.batch.Update(f.table, {i % kRows}, {}, {{f.value, i}}));
    f.Write();
  });
  Add(bench, "feature/map_put", false, [](Fixture& f, int32_t i) {
    Check(f.batch.Update(f.table, {i % kRows}, {},
                         {Assignment::Put(f.table->FindColumn("m")->id, i % 16, "text")}));
    f.Write();
  });
  Add(bench, "feature/list_append", false, [](Fixture& f, int32_t i) {
    const std::vector<stoa::Value> one = {i};
    const std::string list = Check(stoa::SerializeComposite(stoa::DataType::List(stoa::TypeKind::kInt), one));
    Check(f.batch.Update(f.table, {i % kRows}, {},
                         {Assignment::Add(f.table->FindColumn("l")->id, stoa::Value::Composite(list))}));
    f.Write();
  });
  Add(bench, "feature/counter_add", true, [](Fixture& f, int32_t i) {
    Check(f.batch.Update(f.table, {i % kRows}, {}, {Assignment::Add(f.value, int64_t{1})}));
    f.Write();
  });
  Add(bench, "feature/conditional", false, [](Fixture& f, int32_t i) {
    stoa::Conditions conditions(f.table, {i % kRows});
    const stoa::Value expected = i < kRows ? stoa::Value() : stoa::Value(i - kRows);
    conditions.If({}, {f.value, stoa::ConditionOperator::kEqual, expected});
    Check(f.batch.Update(f.table, {i % kRows}, {}, {{f.value, i}}));
    if (!Check(f.database->WriteIf(stoa::WriteOptions(), f.batch, conditions)).applied()) {
      Check(absl::InternalError("a condition that holds was refused"));
    }
    f.batch.Clear();
  });
}
