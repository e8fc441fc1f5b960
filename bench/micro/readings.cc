#include "micro/readings.h"

#include <utility>

#include "data/mutation.h"
#include "schema/cell_columns.h"
#include "schema/keys.h"
#include "schema/schema_editor.h"
#include "stoa_check.h"

namespace stoa {
namespace {

constexpr size_t kRows = 100'000;
constexpr int64_t kReadingSensors = 100;
constexpr int64_t kFirstWrite = 1'700'000'000'000'000;  // microseconds

FragmentContext ContextOf(size_t row) {
  const int64_t timestamp = kFirstWrite + static_cast<int64_t>(row);
  return {timestamp, timestamp / 1'000'000};
}

class StoredSource final : public RowSource {
 public:
  explicit StoredSource(const std::vector<RowBatch>& batches) : batches_(batches) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (next_ == batches_.size()) return false;
    *batch = batches_[next_++];
    return true;
  }
  absl::Status SkipTo(const PositionView&) override {
    return absl::UnimplementedError("a stored stream is read from its beginning");
  }

 private:
  const std::vector<RowBatch>& batches_;
  size_t next_ = 0;
};

}  // namespace

const Readings& Readings::Get() {
  static const Readings readings;
  return readings;
}

Readings::Readings() : series_(kRows, kReadingSensors) {
  TableSchema::Builder builder("readings");
  builder.PartitionKey("sensor", TypeKind::kBigint)
      .Clustering("time", TypeKind::kTimestamp, ClusteringOrder::kDescending);
  for (const char* name : {"a", "b", "c", "d"}) builder.Regular(name, TypeKind::kDouble);
  table_ = std::make_shared<const TableSchema>(SchemaEditor::Create(1, Check(builder.Build())));
  layout_ = BlockLayout::Of(*table_);
  std::vector<Assignment> cells;
  for (const Column* column : CellColumns(*table_)) {
    projection_.push_back({column->id, static_cast<uint8_t>(column->type.word_bytes())});
    cells.push_back({column->id, Value()});
  }
  WriteBatch batch;
  for (const Sample& sample : series_.samples()) {
    batch.Clear();
    for (size_t i = 0; i < cells.size(); ++i) cells[i].value = Value(sample.values[i]);
    Check(batch.Upsert(table_, {sample.sensor}, {Timestamp{sample.time}}, cells));
    mutations_.push_back(batch.mutations());
  }
}

std::string Readings::PartitionKey(int64_t sensor) const {
  std::string key;
  Check(AppendPartitionKey(*table_, {sensor}, &key));
  return key;
}

std::string Readings::ClusteringKey(int64_t time) const {
  std::string key;
  Check(AppendClusteringKey(*table_, {Timestamp{time}}, &key));
  return key;
}

void Readings::Insert(size_t row, Memtable* memtable) const {
  const FragmentContext context = ContextOf(row);
  MutationReader reader(mutations_[row], context);
  Mutation mutation;
  while (reader.Next(&mutation)) memtable->Apply(mutation, context, row + 1);
}

std::unique_ptr<Memtable> Readings::NewMemtable(size_t first, size_t step) const {
  auto memtable = std::make_unique<Memtable>(table_->id(), nullptr);
  for (size_t row = first; row < row_count(); row += step) Insert(row, memtable.get());
  return memtable;
}

StoredStream::StoredStream(RowSource* source, const Projection* projection) {
  RowBatch batch;
  while (Check(source->Next(&batch))) {
    auto builder = std::make_unique<BatchBuilder>(projection);
    builder->Clear(batch.open_deletion);
    const PartitionRun& first = batch.runs.front();
    builder->StartRun(first.token, first.key, first.deletion, first.starts);
    Check(builder->AppendRuns(batch, batch.begin, batch.end, batch.runs.subspan(1)));
    batches_.push_back(builder->Finish());
    builders_.push_back(std::move(builder));
    row_count_ += batch.row_count();
  }
}

std::unique_ptr<RowSource> StoredStream::NewSource() const {
  return std::make_unique<StoredSource>(batches_);
}

}  // namespace stoa
