// Stoa: one partition per sensor, newest first, a column per value.
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <stoa/database.h>

#include "engine.h"
#include "stoa_check.h"

namespace {

stoa::TableSchema SamplesSchema(const EngineOptions& engine_options) {
  stoa::TableOptions options;
  options.compaction.scaling_parameters = engine_options.merges ? engine_options.scaling_parameters : "T256";
  if (!engine_options.merges) options.compaction.space_amplification_max = 100;
  return Check(stoa::TableSchema::Builder("samples")
                   .PartitionKey("sensor", stoa::TypeKind::kBigint)
                   .Clustering("time", stoa::TypeKind::kTimestamp, stoa::ClusteringOrder::kDescending)
                   .Regular("a", stoa::TypeKind::kDouble)
                   .Regular("b", stoa::TypeKind::kDouble)
                   .Regular("c", stoa::TypeKind::kDouble)
                   .Regular("d", stoa::TypeKind::kDouble)
                   .Options(options)
                   .Build());
}

class StoaDatabase : public Engine {
 public:
  StoaDatabase(const std::string& path, const EngineOptions& engine_options) {
    stoa::Options options;
    options.memory_budget_bytes = engine_options.memory_bytes;
    options.background_threads = engine_options.background_threads;
    options.durability = stoa::Durability::kProcess;
    database_ = Check(stoa::Database::Open(options, path));
    auto table = database_->OpenTable("samples");
    table_ = table.ok() ? *table : Check(database_->CreateTable(SamplesSchema(engine_options)));
    for (size_t i = 0; i < kColumns; ++i) columns_[i] = table_->regular()[i].id;
  }
  ~StoaDatabase() override { Check(database_->Close()); }

  void Write(std::span<const Sample> samples) override {
    batch_.Clear();
    for (const Sample& sample : samples) {
      Check(batch_.Upsert(table_, {sample.sensor}, {stoa::Timestamp{sample.time}},
                          {{columns_[0], sample.values[0]},
                           {columns_[1], sample.values[1]},
                           {columns_[2], sample.values[2]},
                           {columns_[3], sample.values[3]}}));
    }
    Check(database_->Write(stoa::WriteOptions(), batch_));
  }

  void Delete(std::span<const Sample> samples) override {
    batch_.Clear();
    for (const Sample& sample : samples) {
      Check(batch_.DeleteRow(table_, {sample.sensor}, {stoa::Timestamp{sample.time}}));
    }
    Check(database_->Write(stoa::WriteOptions(), batch_));
  }

  void DeleteNewest(int64_t sensor, int64_t time) override {
    batch_.Clear();
    Check(batch_.DeleteRange(table_, {sensor}, {{}, true, {stoa::Timestamp{time}}, true}));
    Check(database_->Write(stoa::WriteOptions(), batch_));
  }

  void Flush() override { Check(database_->Flush()); }

  bool Newest(int64_t sensor, int64_t* time) override {
    stoa::Query query(table_);
    query.Partition({sensor}).Columns({columns_[0]}).Limit(1);
    stoa::Cursor cursor = Check(database_->Read(stoa::ReadOptions(), query));
    const bool found = cursor.Next();
    Check(cursor.status());
    if (found) *time = cursor.row().clustering(0).timestamp().milliseconds;
    return found;
  }

  void Settle() override {
    Check(database_->Flush());
    Check(database_->Compact("samples"));
  }

  bool Get(int64_t sensor, int64_t time, std::array<double, kColumns>* values) override {
    if (!Check(database_->ReadRow(stoa::ReadOptions(), table_, {sensor}, {stoa::Timestamp{time}}, columns_,
                                  &row_))) {
      return false;
    }
    for (size_t i = 0; i < kColumns; ++i) (*values)[i] = row_[i].double_value();
    return true;
  }

  double SumNewest(int64_t sensor, size_t rows) override {
    stoa::Query query(table_);
    query.Partition({sensor}).Columns(columns_).Limit(rows);
    return Sum(query, kColumns);
  }

  double SumColumn(size_t column) override {
    stoa::Query query(table_);
    query.Columns({columns_[column]});
    return Sum(query, 1);
  }

  uint64_t BytesWritten() override {
    const stoa::Metrics metrics = database_->metrics();
    return metrics.flushed_bytes + metrics.compaction_bytes_written;
  }

 private:
  double Sum(const stoa::Query& query, size_t columns) const {
    stoa::Cursor cursor = Check(database_->Read(stoa::ReadOptions(), query));
    double sum = 0;
    while (const size_t rows = cursor.NextBatch()) {
      for (size_t column = 0; column < columns; ++column) {
        const stoa::ColumnData data = cursor.column(column);
        for (size_t row = 0; row < rows; ++row) sum += data.as_double(row);
      }
    }
    Check(cursor.status());
    return sum;
  }

  std::unique_ptr<stoa::Database> database_;
  stoa::Table table_;
  std::array<stoa::ColumnId, kColumns> columns_;
  stoa::WriteBatch batch_;
  stoa::Row row_;
};

}  // namespace

EngineKind StoaEngine() {
  return {"stoa",
          [](const std::string& path, const EngineOptions& options) -> std::unique_ptr<Engine> {
            return std::make_unique<StoaDatabase>(path, options);
          },
          [](const std::string&) { return false; }};
}
