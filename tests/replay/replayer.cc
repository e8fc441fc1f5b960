#include "replay/replayer.h"

#include <algorithm>
#include <iterator>

#include <absl/strings/numbers.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "support/status.h"

namespace stoa::replay {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;
/// What is reported in full; the others are counted.
constexpr size_t kDifferencesMax = 200;

}  // namespace

Replayer::Replayer(uint64_t seed, std::string_view history, Tally* tally)
    : random_(seed),
      increments_deleted_(Line(history)[1] == "counters_deleted"),
      tally_(tally),
      sim_(std::make_unique<SimEnv>(files_, seed)) {
  options_.env = &sim_->env;
  options_.memory_budget_bytes = 1 << 20;
  Open();
}

Replayer::~Replayer() = default;

void Replayer::Open() {
  database_.reset();
  tables_.clear();
  database_ = ValueOf(Database::Open(options_, "db"));
}

void Replayer::Differ(std::string_view line, const std::string& what) {
  if (tally_->differences.size() < kDifferencesMax) {
    tally_->differences.push_back(StrCat("line ", line_number_, ": ", line, ": ", what));
  }
}

/// What must not change any answer.
void Replayer::Disturb() {
  absl::Status status;
  switch (random_.Uniform(40)) {
    case 0:
    case 1:
      status = database_->Flush();
      break;
    case 2:
      for (const Table& table : database_->ListTables()) status.Update(database_->Compact(table->name()));
      break;
    case 3:
      sim_->executor.RunAll();
      break;
    case 4:
      if (random_.OneIn(2)) status = database_->Close();
      Open();
      break;
    default:
      break;
  }
  if (!status.ok()) Differ("disturbance", status.ToString());
}

const Table& Replayer::TableOf(std::string_view name) {
  auto it = tables_.find(name);
  if (it == tables_.end()) {
    absl::StatusOr<Table> table = database_->OpenTable(name);
    it = tables_.emplace(name, table.ok() ? *table : nullptr).first;
  }
  return it->second;
}

absl::StatusOr<DataType> Replayer::ParseType(std::string_view text) const {
  std::vector<std::unique_ptr<DataType>> found;
  return DataType::Parse(text, [&](std::string_view name) -> const DataType* {
    absl::StatusOr<DataType> type = database_->FindType(name);
    if (!type.ok()) return nullptr;
    found.push_back(std::make_unique<DataType>(*std::move(type)));
    return found.back().get();
  });
}

void Replayer::Run(Lines* lines) {
  ++tally_->histories;
  while (!lines->done()) {
    const std::string_view text = lines->Take();
    line_number_ = lines->number();
    const Line line(text);
    if (line.verb() == "end") return;
    absl::Status status;
    if (line.verb() == "type") {
      status = CreateType(line);
    } else if (line.verb() == "table") {
      status = CreateTable(line, lines);
    } else if (line.verb() == "clock") {
      int64_t millis = 0;
      if (absl::SimpleAtoi(ToAbsl(line[1]), &millis)) sim_->clock.SetWall(millis * kMicrosPerMilli);
    } else if (line.verb()[0] == '+') {
      Disturb();
      int64_t millis = 0;
      if (absl::SimpleAtoi(ToAbsl(line.verb().substr(1)), &millis)) MoveClock(millis * kMicrosPerMilli);
    } else {
      Operate(line, lines);
    }
    if (!status.ok()) Differ(text, status.ToString());
  }
}

void Replayer::MoveClock(int64_t micros) {
  if (micros >= 0) return sim_->clock.Advance(micros);
  sim_->clock.SetWall(sim_->clock.NowWallMicros() + micros);
}

absl::Status Replayer::CreateType(const Line& line) {
  std::vector<TypeField> fields;
  for (size_t i = 2; i + 1 < line.size(); i += 2) {
    STOA_ASSIGN_OR_RETURN(const DataType type, ParseType(line[i + 1]));
    fields.push_back({std::string(line[i]), type});
  }
  return database_->CreateType(line[1], fields).status();
}

absl::Status Replayer::CreateTable(const Line& line, Lines* lines) {
  TableSchema::Builder builder(line[1]);
  while (Line(lines->Peek()).verb() == "column") {
    const Line column(lines->Take());
    STOA_ASSIGN_OR_RETURN(const DataType type, ParseType(column[3]));
    if (column[1] == "partition") {
      builder.PartitionKey(column[2], type);
    } else if (column[1] == "clustering") {
      builder.Clustering(column[2], type,
                         column.size() > 4 ? ClusteringOrder::kDescending : ClusteringOrder::kAscending);
    } else if (column[1] == "static") {
      builder.Static(column[2], type);
    } else {
      builder.Regular(column[2], type);
    }
  }
  TableOptions options;
  // The recorded Cassandra merged nothing, and so purged nothing.
  options.gc_grace_seconds = INT32_MAX;
  options.default_time_to_live_seconds = static_cast<int32_t>(line.FindNumber("ttl").value_or(0));
  STOA_ASSIGN_OR_RETURN(const TableSchema schema, builder.Options(options).Build());
  return database_->CreateTable(schema).status();
}

absl::Status Replayer::ChangeSchema(const Line& line) {
  if (line.verb() == "truncate") return database_->TruncateTable(line[1]);
  if (line.verb() == "addfield") {
    STOA_ASSIGN_OR_RETURN(const DataType type, ParseType(line[3]));
    return database_->AlterType(line[1], TypeAlteration().AddField(line[2], type)).status();
  }
  if (line.verb() == "renamefield") {
    return database_->AlterType(line[1], TypeAlteration().RenameField(line[2], line[3])).status();
  }
  TableAlteration alteration;
  if (line.verb() == "add") {
    if (dropped_.count(std::string(line[3])) != 0) explained_.insert(std::string(line[1]));
    STOA_ASSIGN_OR_RETURN(const DataType type, ParseType(line[4]));
    if (line[2] == "static") {
      alteration.AddStaticColumn(line[3], type);
    } else {
      alteration.AddColumn(line[3], type);
    }
  } else if (line.verb() == "drop") {
    dropped_.insert(std::string(line[2]));
    alteration.DropColumn(line[2]);
  } else if (line.verb() == "rename") {
    alteration.RenameColumn(line[2], line[3]);
  } else if (line.verb() == "option") {
    TableOptions options = TableOf(line[1])->options();
    options.default_time_to_live_seconds = static_cast<int32_t>(line.FindNumber("ttl").value_or(0));
    alteration.SetOptions(options);
  } else {
    return InvalidArgument("transcript: unknown operation ", line.verb());
  }
  return database_->AlterTable(line[1], alteration).status();
}

void Replayer::Operate(const Line& line, Lines* lines) {
  static constexpr std::string_view kSchemaChanges[] = {"truncate", "add",      "drop",       "rename",
                                                        "option",   "addfield", "renamefield"};
  if (line.verb() == "select") return Select(line, lines);
  absl::Status status;
  if (std::find(std::begin(kSchemaChanges), std::end(kSchemaChanges), line.verb()) !=
      std::end(kSchemaChanges)) {
    status = ChangeSchema(line);
    tables_.clear();
  } else {
    std::vector<Line> parts;
    if (line.verb() == "batch") {
      size_t count = 0;
      if (!absl::SimpleAtoi(ToAbsl(line[line.size() - 1]), &count)) return Differ(line.text(), "is no batch");
      for (; count > 0; --count) parts.emplace_back(lines->Take());
    } else {
      parts.push_back(line);
    }
    const bool conditional = std::any_of(parts.begin(), parts.end(), [](const Line& part) {
      return part.text().find(" if:") != std::string_view::npos;
    });
    if (conditional) return WriteIf(line, parts, lines);
    WriteBatch batch;
    const std::optional<int64_t> timestamp = line.verb() == "batch" ? line.FindNumber("ts") : std::nullopt;
    for (const Line& part : parts) {
      if (status.ok()) status = AddMutation(part, timestamp, &batch);
      const Table& table = TableOf(part[1]);
      const bool deletes = part.verb().substr(0, 6) == "delete";
      if (increments_deleted_ && table != nullptr && table->is_counter_table() && deletes) {
        explained_.insert(table->name());
      }
    }
    if (status.ok()) status = database_->Write(WriteOptions(), batch);
  }
  Compare(line, status, lines);
}

void Replayer::Compare(const Line& line, const absl::Status& status, Lines* lines) {
  const bool refused = Line(lines->Peek()).verb() == "error";
  if (refused) {
    lines->Take();
    ++tally_->refusals;
  }
  if (refused && status.ok() && !IsExplained(line[1])) Differ(line.text(), "is done, Cassandra refuses it");
  if (!refused && !status.ok()) Differ(line.text(), std::string(FromAbsl(status.message())));
}

}  // namespace stoa::replay
