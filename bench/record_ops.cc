#include "record_ops.h"

#include <benchmark/benchmark.h>

#include <algorithm>

#include "workloads.h"

namespace {

constexpr int kRecordsChecked = 1000;

uint64_t InsertsExpected(const Mix& mix, uint64_t operations) {
  uint64_t percent = 0;
  for (const Mix::Share& share : mix.shares) {
    if (share.kind == OpKind::kInsert) percent += static_cast<uint64_t>(share.percent);
  }
  return operations * percent / 100;
}

}  // namespace

// Room for twice the new records that are expected, as YCSB has it.
OpStream::OpStream(const Mix& mix, const RecordTable& table, uint64_t operations)
    : mix_(mix),
      fields_(table.shape.fields),
      chooser_(mix.choice, table.records, table.records + 2 * InsertsExpected(mix, operations)) {}

Op OpStream::Next() {
  Op op;
  int64_t percent = random_.Below(100);
  for (const Mix::Share& share : mix_.shares) {
    op.kind = share.kind;
    percent -= share.percent;
    if (percent < 0) break;
  }
  op.version = ++version_;
  if (op.kind == OpKind::kInsert) {
    op.record = chooser_.count();
    op.version = 0;
    chooser_.Grow();
    return op;
  }
  op.record = chooser_.Next(&random_);
  if (op.kind == OpKind::kScan) {
    op.scan_records = mix_.scan_min + random_.Next() % (mix_.scan_max - mix_.scan_min + 1);
  } else {
    op.field = random_.Next() % fields_;
  }
  return op;
}

RecordRun::RecordRun(const EngineKind& kind, Engine* engine, const Mix& mix, const RecordTable& table,
                     uint64_t operations)
    : kind_(kind),
      client_(engine->NewClient()),
      mix_(mix),
      table_(table),
      operations_(operations),
      stream_(mix, table, operations),
      maker_(table.shape) {}

void RecordRun::DoNext() {
  const Op op = stream_.Next();
  ++done_;
  switch (op.kind) {
    case OpKind::kRead:
      return Read(op);
    case OpKind::kUpdate:
      return Update(op);
    case OpKind::kUpsert:
    case OpKind::kInsert:
      return Insert(op);
    case OpKind::kScan:
      return Scan(op);
    case OpKind::kReadModifyWrite:
      Read(op);
      return Update(op);
    case OpKind::kUpdateThenRead:
      Update(op);
      Read(op);
      if (fields_[op.field] != maker_.Value(op.record, op.field, op.version))
        WrongAnswer(kind_, "updated field");
      return;
  }
}

void RecordRun::Insert(const Op& op) {
  const std::string_view key = maker_.Key(op.record);
  client_->Insert(key, maker_.Fields(op.record, op.version));
  bytes_written_ += key.size() + table_.shape.value_bytes();
}

void RecordRun::Update(const Op& op) {
  const std::string_view key = maker_.Key(op.record);
  client_->Update(key, op.field, maker_.Value(op.record, op.field, op.version));
  bytes_written_ += key.size() + table_.shape.field_bytes;
}

// Looks at the end of every field, as whoever reads a record does.
void RecordRun::Read(const Op& op) {
  if (!client_->Read(maker_.Key(op.record), &fields_)) WrongAnswer(kind_, "record not found");
  if (fields_.size() != table_.shape.fields) WrongAnswer(kind_, "fields of a record");
  for (const std::string_view field : fields_) {
    if (field.size() != table_.shape.field_bytes) WrongAnswer(kind_, "size of a field");
    char last = field.back();
    benchmark::DoNotOptimize(last);
  }
}

void RecordRun::Scan(const Op& op) {
  const size_t bytes = client_->Scan(maker_.Key(op.record), op.scan_records);
  const size_t record_bytes = table_.shape.value_bytes();
  if (bytes == 0 || bytes % record_bytes != 0 || bytes > op.scan_records * record_bytes)
    WrongAnswer(kind_, "scan");
}

// The operations are made once more: which of them was the last to write a field says what is in it.
void RecordRun::CheckResult() {
  const size_t fields = table_.shape.fields;
  OpStream again(mix_, table_, operations_);
  std::vector<uint32_t> versions(stream_.records() * fields, 0);
  for (uint64_t i = 0; i < done_; ++i) {
    const Op op = again.Next();
    const auto version = static_cast<uint32_t>(op.version);
    uint32_t* of_record = &versions[op.record * fields];
    switch (op.kind) {
      case OpKind::kUpsert:
        std::fill_n(of_record, fields, version);
        break;
      case OpKind::kUpdate:
      case OpKind::kReadModifyWrite:
      case OpKind::kUpdateThenRead:
        of_record[op.field] = version;
        break;
      case OpKind::kInsert:
      case OpKind::kRead:
      case OpKind::kScan:
        break;
    }
  }
  KeyChooser random(7);
  for (int i = 0; i < kRecordsChecked; ++i) {
    CheckRecord(random.Next() % table_.records, versions);
    if (stream_.records() > table_.records) {
      CheckRecord(table_.records + random.Next() % (stream_.records() - table_.records), versions);
    }
  }
}

void RecordRun::CheckRecord(uint64_t record, const std::vector<uint32_t>& versions) {
  const size_t fields = table_.shape.fields;
  const bool is_new = record >= table_.records;
  const bool is_there = table_.loaded || is_new || versions[record * fields] != 0;
  if (client_->Read(maker_.Key(record), &fields_) != is_there) WrongAnswer(kind_, "which records there are");
  for (size_t field = 0; is_there && field < fields; ++field) {
    if (fields_[field] != maker_.Value(record, field, versions[record * fields + field])) {
      WrongAnswer(kind_, "contents of a field");
    }
  }
}
