// Writes of a transcript.
#include <algorithm>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>

#include <stoa/conditional_write.h>

#include "base/status_macros.h"
#include "base/strings.h"
#include "replay/replayer.h"

namespace stoa::replay {
namespace {

std::vector<DataType> TypesOf(const std::vector<Column>& columns) {
  std::vector<DataType> types;
  for (const Column& column : columns) types.push_back(column.type);
  return types;
}

/// Values of the words `name`=... of a line.
absl::Status AddKey(const Line& line, std::string_view name, const std::vector<Column>& columns, Data* key) {
  const std::optional<std::string_view> tokens = line.Find(name);
  return tokens ? key->AddAll(TypesOf(columns), *tokens) : absl::OkStatus();
}

/// A set that holds one element, as a value.
Datum SetOf(const Datum& element) {
  Datum set("empty");
  const auto append_length = [&](size_t length) {
    for (int shift = 24; shift >= 0; shift -= 8) set.bytes.push_back(static_cast<char>(length >> shift));
  };
  append_length(1);
  append_length(element.bytes.size());
  set.bytes += element.bytes;
  return set;
}

/// What a statement does to columns, and the data it takes for it.
class Changes {
 public:
  explicit Changes(const TableSchema& schema) : schema_(schema) {}

  /// A word like "m:put:00000001:61".
  absl::Status Add(std::string_view word) {
    const std::vector<std::string_view> parts = Split(word, ':');
    const Column* column = schema_.FindColumn(parts[0]);
    if (column == nullptr) return NotFound("column ", parts[0]);
    const DataType& type = column->type;
    const std::string_view what = parts[1];
    Assignment assignment{column->id, Value()};
    if (what == "delete") {
      deleted.push_back(column->id);
      return absl::OkStatus();
    }
    if (what == "set" || what == "append" || what == "prepend") {
      STOA_ASSIGN_OR_RETURN(assignment.value, Make(type, Datum(parts[2])));
      assignment.kind = what == "set"      ? AssignmentKind::kSet
                        : what == "append" ? AssignmentKind::kAdd
                                           : AssignmentKind::kPrepend;
    } else if (what == "discard") {
      const DataType keys = type.kind() == TypeKind::kMap ? DataType::Set(type.parameters()[0]) : type;
      STOA_ASSIGN_OR_RETURN(assignment.value, Make(keys, Datum(parts[2])));
      assignment.kind = AssignmentKind::kRemove;
    } else if (what == "increment" || what == "decrement") {
      STOA_ASSIGN_OR_RETURN(assignment.value, Make(TypeKind::kBigint, Datum(parts[2])));
      assignment.kind = what == "increment" ? AssignmentKind::kAdd : AssignmentKind::kRemove;
    } else if (what == "deletekey" && type.kind() == TypeKind::kSet) {
      STOA_ASSIGN_OR_RETURN(assignment.value, Make(type, SetOf(Datum(parts[2]))));
      assignment.kind = AssignmentKind::kRemove;
    } else {
      STOA_RETURN_IF_ERROR(MakeElement(type, parts, &assignment));
    }
    assignments.push_back(assignment);
    return absl::OkStatus();
  }

  std::vector<Assignment> assignments;
  std::vector<ColumnId> deleted;

 private:
  absl::StatusOr<Value> Make(const DataType& type, const Datum& datum) {
    STOA_RETURN_IF_ERROR(data_.Add(type, datum));
    return data_.values().back();
  }

  /// put, setindex, field, and the deletions of what they put.
  absl::Status MakeElement(const DataType& type, const std::vector<std::string_view>& parts,
                           Assignment* assignment) {
    assignment->kind = AssignmentKind::kPut;
    const std::string_view what = parts[1];
    const bool deletes = what.substr(0, 6) == "delete";
    DataType value_type = type;
    if (what == "field" || what == "deletefield") {
      assignment->key = Value(parts[2]);
      for (size_t i = 0; i < type.field_names().size(); ++i) {
        if (type.field_names()[i] == parts[2]) value_type = type.parameters()[i];
      }
    } else if (what == "setindex" || what == "deleteindex") {
      int64_t index = 0;
      if (!absl::SimpleAtoi(ToAbsl(parts[2]), &index)) return InvalidArgument("index ", parts[2]);
      assignment->key = Value(index);
      value_type = type.parameters()[0];
    } else {  // of a map
      STOA_ASSIGN_OR_RETURN(assignment->key, Make(type.parameters()[0], Datum(parts[2])));
      value_type = type.parameters()[1];
    }
    if (deletes) return absl::OkStatus();
    STOA_ASSIGN_OR_RETURN(assignment->value, Make(value_type, Datum(parts[3])));
    return absl::OkStatus();
  }

  const TableSchema& schema_;
  Data data_;
};

/// True for a word that says what happens to a column, as against keys, times and conditions.
bool IsChange(std::string_view word) {
  return word.find(':') != std::string_view::npos && word.substr(0, 3) != "if:";
}

/// A bound of a slice: the values that all rows begin with, then those of the bound.
absl::StatusOr<bool> AddBound(const Line& line, const TableSchema& schema, std::string_view open,
                              std::string_view closed, Data* bound, size_t* own) {
  STOA_RETURN_IF_ERROR(AddKey(line, "eq", schema.clustering(), bound));
  const bool inclusive = !line.Find(open).has_value();
  const std::optional<std::string_view> tokens = inclusive ? line.Find(closed) : line.Find(open);
  *own = 0;
  if (!tokens) return true;
  const size_t equal = bound->values().size();
  std::vector<DataType> types = TypesOf(schema.clustering());
  types.erase(types.begin(), types.begin() + static_cast<ptrdiff_t>(equal));
  STOA_RETURN_IF_ERROR(bound->AddAll(types, *tokens));
  *own = bound->values().size() - equal;
  return inclusive;
}

}  // namespace

absl::Status ReadSlice(const Line& line, const TableSchema& schema, Slice* slice) {
  size_t low_own = 0;
  size_t high_own = 0;
  STOA_ASSIGN_OR_RETURN(bool low_inclusive, AddBound(line, schema, "gt", "ge", &slice->low, &low_own));
  STOA_ASSIGN_OR_RETURN(bool high_inclusive, AddBound(line, schema, "lt", "le", &slice->high, &high_own));
  // What is low in the order of values is the end of a slice over descending columns.
  const size_t equal = slice->low.values().size() - low_own;
  const bool descending = low_own + high_own > 0 && equal < schema.clustering().size() &&
                          schema.clustering()[equal].order == ClusteringOrder::kDescending;
  slice->range = ClusteringRange{slice->low.values(), low_inclusive, slice->high.values(), high_inclusive};
  if (descending) {
    slice->range = ClusteringRange{slice->high.values(), high_inclusive, slice->low.values(), low_inclusive};
  }
  return absl::OkStatus();
}

absl::Status Replayer::AddMutation(const Line& line, std::optional<int64_t> batch_timestamp,
                                   WriteBatch* batch) {
  const Table& table = TableOf(line[1]);
  WriteAttributes attributes;
  attributes.timestamp_micros = line.FindNumber("ts");
  if (!attributes.timestamp_micros) attributes.timestamp_micros = batch_timestamp;
  if (const std::optional<int64_t> ttl = line.FindNumber("ttl")) {
    attributes.ttl_seconds = static_cast<int32_t>(*ttl);
  }
  Data key;
  Data row;
  STOA_RETURN_IF_ERROR(AddKey(line, "pk", table->partition_key(), &key));
  STOA_RETURN_IF_ERROR(AddKey(line, "ck", table->clustering(), &row));
  Changes changes(*table);
  for (std::string_view word : line.words()) {
    if (IsChange(word)) STOA_RETURN_IF_ERROR(changes.Add(word));
  }
  if (line.verb() == "insert") {
    return batch->Upsert(table, key.values(), row.values(), changes.assignments, attributes);
  }
  if (line.verb() == "update") {
    return batch->Update(table, key.values(), row.values(), changes.assignments, attributes);
  }
  if (line.verb() == "delete") {
    if (!changes.deleted.empty()) {
      STOA_RETURN_IF_ERROR(
          batch->DeleteCells(table, key.values(), row.values(), changes.deleted, attributes));
    }
    if (changes.assignments.empty()) return absl::OkStatus();
    return batch->Update(table, key.values(), row.values(), changes.assignments, attributes);
  }
  if (line.verb() == "deleterow") return batch->DeleteRow(table, key.values(), row.values(), attributes);
  if (line.verb() == "deletepartition") return batch->DeletePartition(table, key.values(), attributes);
  if (line.verb() == "deleterange") {
    Slice slice;
    STOA_RETURN_IF_ERROR(ReadSlice(line, *table, &slice));
    return batch->DeleteRange(table, key.values(), slice.range, attributes);
  }
  return InvalidArgument("transcript: unknown operation ", line.verb());
}

namespace {

/// True for a write that may have to find elements of a list.
bool ReadsList(const Line& line) {
  return std::any_of(line.words().begin(), line.words().end(), [](std::string_view word) {
    return absl::StrContains(ToAbsl(word), ":discard:") || absl::StrContains(ToAbsl(word), "index:");
  });
}

ConditionOperator OperatorOf(std::string_view word) {
  if (word == "ne") return ConditionOperator::kNotEqual;
  if (word == "lt") return ConditionOperator::kLess;
  if (word == "le") return ConditionOperator::kLessOrEqual;
  if (word == "gt") return ConditionOperator::kGreater;
  if (word == "ge") return ConditionOperator::kGreaterOrEqual;
  if (word == "contains") return ConditionOperator::kContains;
  if (word == "containskey") return ConditionOperator::kContainsKey;
  return word == "in" ? ConditionOperator::kIn : ConditionOperator::kEqual;
}

/// Adds a word like "if:v:eq:00000001" or "if:m:key:61:in:62,63".
absl::Status AddCondition(std::string_view word, const TableSchema& schema, Values row,
                          Conditions* conditions) {
  std::vector<std::string_view> parts = Split(word, ':');
  if (parts[1] == "notexists") return conditions->IfNotExists(row).status();
  if (parts[1] == "exists") return conditions->IfExists(row).status();
  const Column* column = schema.FindColumn(parts[1]);
  if (column == nullptr) return NotFound("column ", parts[1]);
  Data data;
  ColumnCondition condition{column->id};
  DataType type = column->type;
  size_t next = 2;
  if (parts.size() == 6) {
    const DataType& whole = column->type;
    if (parts[2] == "key") {
      STOA_RETURN_IF_ERROR(data.Add(whole.parameters()[0], Datum(parts[3])));
      condition.element = data.values().back();
      type = whole.parameters()[1];
    } else if (parts[2] == "index") {
      int64_t index = 0;
      if (!absl::SimpleAtoi(ToAbsl(parts[3]), &index)) return InvalidArgument("index ", parts[3]);
      condition.element = Value(index);
      type = whole.parameters()[0];
    } else {
      condition.element = Value(parts[3]);
      for (size_t i = 0; i < whole.field_names().size(); ++i) {
        if (whole.field_names()[i] == parts[3]) type = whole.parameters()[i];
      }
    }
    next = 4;
  }
  condition.comparison = OperatorOf(parts[next]);
  if (condition.comparison == ConditionOperator::kContains) type = DataType(type.parameters().back());
  if (condition.comparison == ConditionOperator::kContainsKey) type = DataType(type.parameters().front());
  Data values;
  for (std::string_view token : Split(parts[next + 1], ',')) {
    STOA_RETURN_IF_ERROR(values.Add(type, Datum(token)));
  }
  if (condition.comparison == ConditionOperator::kIn) {
    condition.values = values.values();
  } else {
    condition.value = values.values()[0];
  }
  return conditions->If(row, condition).status();
}

}  // namespace

void Replayer::WriteIf(const Line& line, const std::vector<Line>& parts, Lines* lines) {
  ++tally_->results;
  const absl::StatusOr<ConditionalOutcome> outcome = RunWriteIf(line, parts);
  const Line answer(lines->Peek());
  if (answer.verb() == "error" || !outcome.ok()) {
    Compare(line, outcome.status(), lines);
    if (answer.verb() == "refused") SkipRows(lines);
    if (answer.verb() == "applied") lines->Take();
    return;
  }
  if (answer.verb() == "applied") {
    lines->Take();
    if (!outcome->applied()) Differ(line.text(), "is refused, Cassandra applies it");
    return;
  }
  if (outcome->applied()) {
    Differ(line.text(), "is applied, Cassandra refuses it");
    return SkipRows(lines);
  }
  CompareCurrent(line, std::string(parts[0][1]), *outcome, lines);
}

void Replayer::SkipRows(Lines* lines) {
  lines->Take();
  while (Line(lines->Peek()).verb() == "=") lines->Take();
}

absl::StatusOr<ConditionalOutcome> Replayer::RunWriteIf(const Line& line, const std::vector<Line>& parts) {
  const Table& table = TableOf(parts[0][1]);
  Data key;
  STOA_RETURN_IF_ERROR(AddKey(parts[0], "pk", table->partition_key(), &key));
  Conditions conditions(table, key.values());
  WriteBatch batch;
  const std::optional<int64_t> timestamp = line.verb() == "batch" ? line.FindNumber("ts") : std::nullopt;
  for (const Line& part : parts) {
    if (ReadsList(part) && part.text().find(" if:") == std::string_view::npos) {
      explained_.insert(table->name());  // Cassandra has not read that row, and finds the list empty
    }
    Data row;
    STOA_RETURN_IF_ERROR(AddKey(part, "ck", table->clustering(), &row));
    STOA_RETURN_IF_ERROR(AddMutation(part, timestamp, &batch));
    for (std::string_view word : part.words()) {
      if (word.substr(0, 3) == "if:") {
        STOA_RETURN_IF_ERROR(AddCondition(word, *table, row.values(), &conditions));
      }
    }
  }
  return database_->WriteIf(WriteOptions(), batch, conditions);
}

}  // namespace stoa::replay
