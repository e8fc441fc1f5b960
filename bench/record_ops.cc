#include "record_ops.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <span>

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

OpKind KindOf(const Mix& mix, int64_t percent) {
  for (const Mix::Share& share : mix.shares) {
    percent -= share.percent;
    if (percent < 0) return share.kind;
  }
  return mix.shares.back().kind;
}

// Room for twice the new records that are expected, as YCSB has it.
std::vector<Op> Choose(const Mix& mix, const RecordTable& table, uint64_t count) {
  KeyChooser random(1);
  RecordChooser chooser(mix.choice, table.records, table.records + 2 * InsertsExpected(mix, count));
  std::vector<Op> operations(count);
  uint32_t number = 0;
  for (Op& op : operations) {
    ++number;
    op.kind = KindOf(mix, random.Below(100));
    if (op.kind == OpKind::kInsert) {
      op.record = chooser.count();
      chooser.Grow();
      continue;
    }
    op.version = number;
    op.record = chooser.Next(&random);
    if (op.kind == OpKind::kScan) {
      op.scan_records =
          static_cast<uint8_t>(mix.scan_min + random.Next() % (mix.scan_max - mix.scan_min + 1U));
    } else {
      op.field = static_cast<uint16_t>(random.Next() % table.shape.fields);
    }
  }
  return operations;
}

}  // namespace

RecordRun::RecordRun(const EngineKind& kind, Engine* engine, const Mix& mix, const RecordTable& table,
                     uint64_t operations)
    : kind_(kind),
      client_(engine->NewClient()),
      table_(table),
      operations_(Choose(mix, table, operations)),
      maker_(table.shape) {}

void RecordRun::DoNext() {
  const Op& op = operations_[done_++];
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

// Which of the operations was the last to write a field says what is in it.
void RecordRun::CheckResult() {
  const size_t fields = table_.shape.fields;
  const auto done = std::span(operations_).first(done_);
  const uint64_t records =
      table_.records + static_cast<uint64_t>(std::count_if(done.begin(), done.end(), [](const Op& op) {
        return op.kind == OpKind::kInsert;
      }));
  std::vector<uint32_t> versions(records * fields, 0);
  for (const Op& op : done) {
    uint32_t* of_record = &versions[op.record * fields];
    switch (op.kind) {
      case OpKind::kUpsert:
        std::fill_n(of_record, fields, op.version);
        break;
      case OpKind::kUpdate:
      case OpKind::kReadModifyWrite:
      case OpKind::kUpdateThenRead:
        of_record[op.field] = op.version;
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
    if (records > table_.records) {
      CheckRecord(table_.records + random.Next() % (records - table_.records), versions);
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
