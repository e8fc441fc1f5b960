// Stoa: samples are a table with one partition per sensor, newest first, and a column per value; records one
// with a partition per key and a column per field.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <utility>

#include <stoa/database.h>

#include "engine.h"
#include "stoa_check.h"

namespace {

stoa::TableOptions TableOptionsFor(const EngineOptions& engine_options) {
  stoa::TableOptions options;
  options.compaction.scaling_parameters = engine_options.merges ? engine_options.scaling_parameters : "T256";
  if (!engine_options.merges) options.compaction.space_amplification_max = 100;
  return options;
}

stoa::TableSchema SamplesSchema(const EngineOptions& engine_options) {
  return Check(stoa::TableSchema::Builder("samples")
                   .PartitionKey("sensor", stoa::TypeKind::kBigint)
                   .Clustering("time", stoa::TypeKind::kTimestamp, stoa::ClusteringOrder::kDescending)
                   .Regular("a", stoa::TypeKind::kDouble)
                   .Regular("b", stoa::TypeKind::kDouble)
                   .Regular("c", stoa::TypeKind::kDouble)
                   .Regular("d", stoa::TypeKind::kDouble)
                   .Options(TableOptionsFor(engine_options))
                   .Build());
}

stoa::TableSchema RecordsSchema(const EngineOptions& engine_options) {
  stoa::TableSchema::Builder builder("records");
  builder.PartitionKey("key", stoa::TypeKind::kBlob).Options(TableOptionsFor(engine_options));
  for (size_t i = 0; i < engine_options.fields; ++i) {
    builder.Regular("field" + std::to_string(i), stoa::TypeKind::kBlob);
  }
  return Check(builder.Build());
}

stoa::Table OpenOrCreate(stoa::Database* database, const stoa::TableSchema& schema) {
  auto table = database->OpenTable(schema.name());
  return table.ok() ? *table : Check(database->CreateTable(schema));
}

std::vector<stoa::ColumnId> RegularColumns(const stoa::Table& table) {
  std::vector<stoa::ColumnId> columns;
  for (const stoa::Column& column : table->regular()) columns.push_back(column.id);
  return columns;
}

stoa::Value Key(std::string_view key) { return stoa::Value::Bytes(key); }

/// In lanes: with a single sum every addition would wait for the one before.
double SumOf(const stoa::ColumnData& data, size_t rows) {
  std::array<double, 8> lanes{};
  size_t row = 0;
  for (; row + lanes.size() <= rows; row += lanes.size()) {
    for (size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += data.as_double(row + lane);
  }
  for (; row < rows; ++row) lanes[0] += data.as_double(row);
  return std::accumulate(lanes.begin(), lanes.end(), 0.0);
}

class StoaClient : public Client {
 public:
  StoaClient(stoa::Database* database, stoa::Table samples, stoa::Table records)
      : database_(*database),
        samples_(std::move(samples)),
        records_(std::move(records)),
        columns_(RegularColumns(samples_)),
        fields_(RegularColumns(records_)) {}

  void Write(std::span<const Sample> samples) override {
    for (const Sample& sample : samples) {
      Check(batch_.Upsert(samples_, {sample.sensor}, {stoa::Timestamp{sample.time}},
                          {{columns_[0], sample.values[0]},
                           {columns_[1], sample.values[1]},
                           {columns_[2], sample.values[2]},
                           {columns_[3], sample.values[3]}}));
    }
    Commit();
  }

  void Delete(std::span<const Sample> samples) override {
    for (const Sample& sample : samples) {
      Check(batch_.DeleteRow(samples_, {sample.sensor}, {stoa::Timestamp{sample.time}}));
    }
    Commit();
  }

  void DeleteNewest(int64_t sensor, int64_t time) override {
    Check(batch_.DeleteRange(samples_, {sensor}, {{}, true, {stoa::Timestamp{time}}, true}));
    Commit();
  }

  bool Get(int64_t sensor, int64_t time, std::array<double, kColumns>* values) override {
    if (!Check(database_.ReadRow(stoa::ReadOptions(), samples_, {sensor}, {stoa::Timestamp{time}}, columns_,
                                 &row_))) {
      return false;
    }
    for (size_t i = 0; i < kColumns; ++i) (*values)[i] = row_[i].double_value();
    return true;
  }

  bool Newest(int64_t sensor, int64_t* time) override {
    stoa::Query query(samples_);
    query.Partition({sensor}).Columns({columns_[0]}).Limit(1);
    stoa::Cursor cursor = Check(database_.Read(stoa::ReadOptions(), query));
    const bool found = cursor.Next();
    Check(cursor.status());
    if (found) *time = cursor.row().clustering(0).timestamp().milliseconds;
    return found;
  }

  double SumNewest(int64_t sensor, size_t rows) override {
    stoa::Query query(samples_);
    query.Partition({sensor}).Columns(columns_).Limit(rows);
    return Sum(query, kColumns);
  }

  double SumAscending(int64_t sensor, int64_t from_time, size_t rows) override {
    stoa::Query query(samples_);
    query.Partition({sensor}).Slice({{}, true, {stoa::Timestamp{from_time}}, true}).Reverse();
    query.Columns(columns_).Limit(rows);
    return Sum(query, kColumns);
  }

  double SumColumn(size_t column) override {
    stoa::Query query(samples_);
    query.Columns({columns_[column]});
    return Sum(query, 1);
  }

  double SumAll() override {
    stoa::Query query(samples_);
    query.Columns(columns_);
    return Sum(query, kColumns);
  }

  void Insert(std::string_view key, std::span<const std::string_view> fields) override {
    assignments_.clear();
    for (size_t i = 0; i < fields.size(); ++i) {
      assignments_.push_back({fields_[i], stoa::Value::Bytes(fields[i])});
    }
    Check(batch_.Upsert(records_, {Key(key)}, {}, assignments_));
    Commit();
  }

  void Update(std::string_view key, size_t field, std::string_view value) override {
    Check(batch_.Update(records_, {Key(key)}, {}, {{fields_[field], stoa::Value::Bytes(value)}}));
    Commit();
  }

  void Remove(std::string_view key) override {
    Check(batch_.DeletePartition(records_, {Key(key)}));
    Commit();
  }

  bool Read(std::string_view key, std::vector<std::string_view>* fields) override {
    if (!Check(database_.ReadRow(stoa::ReadOptions(), records_, {Key(key)}, {}, fields_, &row_)))
      return false;
    fields->clear();
    for (size_t i = 0; i < fields_.size(); ++i) fields->push_back(row_[i].bytes());
    return true;
  }

  size_t Scan(std::string_view key, size_t records) override {
    stoa::Query query(records_);
    if (!key.empty()) query.Tokens({Check(stoa::PartitionToken(*records_, {Key(key)})), INT64_MAX});
    query.Columns(fields_).Limit(records);
    stoa::Cursor cursor = Check(database_.Read(stoa::ReadOptions(), query));
    size_t bytes = 0;
    while (const size_t rows = cursor.NextBatch()) {
      for (size_t field = 0; field < fields_.size(); ++field) {
        const std::string_view* values = cursor.column(field).bytes();
        for (size_t row = 0; values != nullptr && row < rows; ++row) bytes += values[row].size();
      }
    }
    Check(cursor.status());
    return bytes;
  }

 private:
  void Commit() {
    Check(database_.Write(stoa::WriteOptions(), batch_));
    batch_.Clear();
  }

  double Sum(const stoa::Query& query, size_t columns) const {
    stoa::Cursor cursor = Check(database_.Read(stoa::ReadOptions(), query));
    double sum = 0;
    while (const size_t rows = cursor.NextBatch()) {
      for (size_t column = 0; column < columns; ++column) {
        sum += SumOf(cursor.column(column), rows);
      }
    }
    Check(cursor.status());
    return sum;
  }

  stoa::Database& database_;
  const stoa::Table samples_;
  const stoa::Table records_;
  const std::vector<stoa::ColumnId> columns_;
  const std::vector<stoa::ColumnId> fields_;
  stoa::WriteBatch batch_;
  std::vector<stoa::Assignment> assignments_;
  stoa::Row row_;
};

class StoaDatabase : public Engine {
 public:
  StoaDatabase(const std::string& path, const EngineOptions& engine_options) {
    stoa::Options options;
    options.memory_budget_bytes = engine_options.memory_bytes;
    options.background_threads = engine_options.background_threads;
    // It has no write that is lost with the process.
    options.durability = engine_options.durability == BenchDurability::kMachine ? stoa::Durability::kSync
                                                                                : stoa::Durability::kProcess;
    database_ = Check(stoa::Database::Open(options, path));
    samples_ = OpenOrCreate(database_.get(), SamplesSchema(engine_options));
    records_ = OpenOrCreate(database_.get(), RecordsSchema(engine_options));
  }
  ~StoaDatabase() override { Check(database_->Close()); }

  std::unique_ptr<Client> NewClient() override {
    return std::make_unique<StoaClient>(database_.get(), samples_, records_);
  }

  void Flush() override { Check(database_->Flush()); }

  void Settle() override {
    Flush();
    Check(database_->Compact("samples"));
    Check(database_->Compact("records"));
  }

  uint64_t BytesWritten() override {
    const stoa::Metrics metrics = database_->metrics();
    return metrics.flushed_bytes + metrics.compaction_bytes_written;
  }

  uint64_t LogBytesWritten() override { return database_->metrics().log_bytes; }

 private:
  std::unique_ptr<stoa::Database> database_;
  stoa::Table samples_;
  stoa::Table records_;
};

}  // namespace

EngineKind StoaEngine() {
  return {"stoa",
          [](const std::string& path, const EngineOptions& options) -> std::unique_ptr<Engine> {
            return std::make_unique<StoaDatabase>(path, options);
          },
          [](const std::string&) { return false; }};
}
