#include "fuzz/small_database.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "fuzz/fuzz_target.h"
#include "model/sim_env.h"
#include "types/literals.h"
#include "types/random_values.h"

namespace stoa::fuzz {
namespace {

constexpr uint64_t kSeed = 7;
constexpr int kWrites = 40;

void Require(const absl::Status& status) {
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  STOA_FUZZ_CHECK(status.ok());
}

template <typename T>
T ValueOf(absl::StatusOr<T> result) {
  Require(result.status());
  return std::move(result).value();
}

/// All types, and a clustering key of which every component ends in another way.
TableSchema WideSchema() {
  TableSchema::Builder builder("wide");
  builder.PartitionKey("k", TypeKind::kVarint);
  builder.Clustering("a", TypeKind::kText)
      .Clustering("b", TypeKind::kBlob, ClusteringOrder::kDescending)
      .Clustering("c", TypeKind::kInt, ClusteringOrder::kDescending)
      .Clustering("d", TypeKind::kUuid);
  for (const DataType& type : ScalarTypes()) builder.Regular(StrCat("r_", type.ToString()), type);
  TableOptions options;
  options.gc_grace_seconds = INT32_MAX;
  return ValueOf(builder.Options(options).Build());
}

/// A key of two columns, and a clustering key whose rest is one string.
TableSchema TailSchema() {
  TableOptions options;
  options.gc_grace_seconds = INT32_MAX;
  return ValueOf(TableSchema::Builder("tail")
                     .PartitionKey("k", TypeKind::kInt)
                     .PartitionKey("l", TypeKind::kAscii)
                     .Clustering("a", TypeKind::kTimestamp)
                     .Clustering("b", TypeKind::kVarint)
                     .Regular("x", TypeKind::kDouble)
                     .Regular("y", TypeKind::kText)
                     .Options(options)
                     .Build());
}

const DataType kNumbers = DataType::List(TypeKind::kInt);
const DataType kNames = DataType::Set(TypeKind::kText);
const DataType kAges = DataType::Map(TypeKind::kText, TypeKind::kInt);

/// Columns of several cells, a static one among them.
TableSchema ManySchema() {
  TableOptions options;
  options.gc_grace_seconds = INT32_MAX;
  return ValueOf(TableSchema::Builder("many")
                     .PartitionKey("k", TypeKind::kInt)
                     .Clustering("a", TypeKind::kInt)
                     .Static("names", kNames)
                     .Regular("numbers", kNumbers)
                     .Regular("ages", kAges)
                     .Options(options)
                     .Build());
}

TableSchema CountersSchema() {
  TableOptions options;
  options.gc_grace_seconds = INT32_MAX;
  return ValueOf(TableSchema::Builder("counters")
                     .PartitionKey("k", TypeKind::kInt)
                     .Clustering("a", TypeKind::kInt)
                     .Regular("n", TypeKind::kCounter)
                     .Options(options)
                     .Build());
}

/// Columns that are bundled.
TableSchema RecordsSchema() {
  TableOptions options;
  options.gc_grace_seconds = INT32_MAX;
  return ValueOf(TableSchema::Builder("records")
                     .PartitionKey("k", TypeKind::kInt)
                     .Regular("x", TypeKind::kBlob)
                     .Regular("y", TypeKind::kBlob)
                     .Options(options)
                     .Build());
}

/// All of a record, or one column of one of the first.
void WriteRecord(const Table& table, int64_t number, Random& random, WriteBatch* batch) {
  std::array<std::string, 2> noise;
  for (std::string& bytes : noise) {
    for (int i = 0; i < 32; ++i) bytes.push_back(static_cast<char>(random.Next()));
  }
  const ColumnId x = table->FindColumn("x")->id;
  const ColumnId y = table->FindColumn("y")->id;
  Require(batch->Upsert(table, {number}, {}, {{x, Value::Bytes(noise[0])}, {y, Value::Bytes(noise[1])}}));
  if (number % 4 != 0) return;
  WriteAttributes attributes;
  attributes.ttl_seconds = 1000;
  Require(batch->Update(table, {number}, {}, {{y, Value::Bytes(noise[0])}}, attributes));
}

/// A row, sometimes one whose key is empty, or the static row.
void WriteMany(const Table& table, Random& random, WriteBatch* batch) {
  const OwnedValue numbers = ValueOf(ParseLiteral(kNumbers, "[1, 2]"));
  const OwnedValue names = ValueOf(ParseLiteral(kNames, "{'a', 'b'}"));
  const OwnedValue ages = ValueOf(ParseLiteral(kAges, random.OneIn(2) ? "{'a': 1, 'b': 2}" : "{'b': 3}"));
  const Value row = random.OneIn(4) ? Value::Empty() : Value(static_cast<int64_t>(random.Uniform(3)));
  const Value partition(static_cast<int64_t>(random.Uniform(2)));
  const ColumnId numbers_id = table->FindColumn("numbers")->id;
  const ColumnId ages_id = table->FindColumn("ages")->id;
  WriteAttributes attributes;
  if (random.OneIn(4)) attributes.ttl_seconds = 1 + static_cast<int32_t>(random.Uniform(1000));
  absl::Status status;
  switch (random.Uniform(6)) {
    case 0:
      status = batch->Update(table, {partition}, {}, {{table->FindColumn("names")->id, names.value()}},
                             attributes);
      break;
    case 1:
      status = batch->Upsert(table, {partition}, {row}, {{numbers_id, numbers.value()}, {ages_id, Value()}},
                             attributes);
      break;
    case 2:
      status = batch->Update(table, {partition}, {row}, {Assignment::Put(ages_id, "b", Value())});
      break;
    case 3:
      status = batch->Update(table, {partition}, {row}, {Assignment::Prepend(numbers_id, numbers.value())});
      break;
    default:
      status = batch->Update(
          table, {partition}, {row},
          {Assignment::Add(numbers_id, numbers.value()), Assignment::Add(ages_id, ages.value())}, attributes);
  }
  Require(status);
}

void Count(const Table& table, Random& random, WriteBatch* batch) {
  const Value partition(static_cast<int64_t>(random.Uniform(2)));
  const Value row(static_cast<int64_t>(random.Uniform(3)));
  const ColumnId n = table->FindColumn("n")->id;
  Require(random.OneIn(8) ? batch->DeleteCells(table, {partition}, {row}, std::vector<ColumnId>{n})
                          : batch->Update(table, {partition}, {row}, {Assignment::Add(n, 5)}));
}

/// Random writes over few keys.
class Writer {
 public:
  Writer(Table table, Random& random) : table_(std::move(table)), random_(random) {}

  void Write(WriteBatch* batch) {
    Draw(table_->partition_key(), 2, &partition_);
    Draw(table_->clustering(), 3, &clustering_);
    WriteAttributes attributes;
    if (random_.OneIn(4)) attributes.timestamp_micros = static_cast<int64_t>(random_.Uniform(5));
    const uint64_t kind = random_.Uniform(16);
    absl::Status status;
    if (kind == 0) {
      status = batch->DeletePartition(table_, partition_, attributes);
    } else if (kind <= 2) {
      status = batch->DeleteRow(table_, partition_, clustering_, attributes);
    } else if (kind <= 4) {
      const auto prefix = std::span<const Value>(clustering_).subspan(0, 1);
      status = batch->DeleteRange(table_, partition_, ClusteringRange::Prefix(Values(prefix)), attributes);
    } else {
      status = WriteRow(batch, attributes, kind < 12);
    }
    Require(status);
  }

 private:
  absl::Status WriteRow(WriteBatch* batch, WriteAttributes attributes, bool upsert) {
    std::vector<OwnedValue> owned;
    std::vector<Assignment> cells;
    owned.reserve(table_->regular().size());
    for (const Column& column : table_->regular()) {
      if (random_.OneIn(3)) continue;
      owned.push_back(RandomValue(column.type, &random_));
      cells.push_back({column.id, random_.OneIn(8) ? Value() : owned.back().value()});
    }
    if (random_.OneIn(5)) attributes.ttl_seconds = 1 + static_cast<int32_t>(random_.Uniform(1000));
    return upsert || cells.empty() ? batch->Upsert(table_, partition_, clustering_, cells, attributes)
                                   : batch->Update(table_, partition_, clustering_, cells, attributes);
  }

  /// One of `choices` keys.
  void Draw(const std::vector<Column>& columns, uint64_t choices, std::vector<Value>* values) {
    Random random(1 + random_.Uniform(choices));
    values->clear();
    for (const Column& column : columns) {
      kept_.push_back(std::make_unique<OwnedValue>(RandomValue(column.type, &random)));
      values->push_back(kept_.back()->value());
    }
  }

  const Table table_;
  Random& random_;
  std::vector<std::unique_ptr<OwnedValue>> kept_;
  std::vector<Value> partition_;
  std::vector<Value> clustering_;
};

}  // namespace

Options SmallDatabaseOptions(Env* env) {
  Options options;
  options.env = env;
  options.memory_budget_bytes = 1 << 20;
  options.wal_segment_bytes = 4 << 10;
  options.wal_bytes_max = 64 << 10;
  return options;
}

std::unique_ptr<SimFileSystem> MakeSmallDatabase(bool close) {
  auto files = std::make_unique<SimFileSystem>();
  SimEnv sim(*files, kSeed);
  auto database = ValueOf(Database::Open(SmallDatabaseOptions(&sim.env), std::string(kDatabasePath)));
  Random random(kSeed);
  Writer wide(ValueOf(database->CreateTable(WideSchema())), random);
  Writer tail(ValueOf(database->CreateTable(TailSchema())), random);
  const Table many = ValueOf(database->CreateTable(ManySchema()));
  const Table counters = ValueOf(database->CreateTable(CountersSchema()));
  const Table records = ValueOf(database->CreateTable(RecordsSchema()));
  for (int i = 0; i < kWrites; ++i) {
    WriteBatch batch;
    wide.Write(&batch);
    tail.Write(&batch);
    WriteMany(many, random, &batch);
    WriteRecord(records, i, random, &batch);
    Require(database->Write(WriteOptions(), batch));
    batch.Clear();
    Count(counters, random, &batch);
    Require(database->Write(WriteOptions(), batch));
    if (i == kWrites / 2) Require(database->Flush());
  }
  if (close) Require(database->Close());
  database.reset();
  return files;
}

SampleTables::SampleTables() : files_(MakeSmallDatabase(/*close=*/true)) {
  directory_ = ValueOf(files_->OpenDirectory(std::string(kDatabasePath)));
  for (const std::string& name : ValueOf(directory_->List())) {
    if (ParseSSTableName(name) == 0) continue;
    Sample& sample = samples_.emplace_back();
    sample.name = name;
    sample.bytes = ValueOf(files_->ReadFile(StrCat(kDatabasePath, "/", name)));
    sample.reader = ValueOf(TableReader::Open(*directory_, name, nullptr, &cache_));
  }
}

std::string SampleTables::Sample::Payload(const FileRange& range, SectionKind kind) const {
  DecompressorPool decompressors;
  return std::string(ValueOf(reader->file().ReadSection(range, kind, decompressors, nullptr)).view());
}

}  // namespace stoa::fuzz
