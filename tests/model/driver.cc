#include "model/driver.h"

#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include <stoa/composite.h>

#include "base/coding.h"
#include "base/status_macros.h"
#include "types/value_codec.h"

namespace stoa::model {
namespace {

/// The engine's values of a bound, and the memory they view.
std::vector<Value> BoundValues(const Bound& bound) {
  std::vector<Value> values;
  if (bound.components >= 1) values.emplace_back(bound.at.a);
  if (bound.components >= 2) values.emplace_back(std::string_view(bound.at.b));
  return values;
}

DataType UserType() { return DataType::UserType("pair", {{"a", TypeKind::kInt}, {"b", TypeKind::kText}}); }

/// What a mutation does to columns, as the engine takes it, and the memory that it views.
class Changes {
 public:
  absl::Status Add(const Column& column, const Change& change) {
    switch (ShapeOf(change.column)) {
      case Shape::kScalar: {
        Value value;
        if (change.value) {
          STOA_ASSIGN_OR_RETURN(value, ParseSerialized(column.type, *change.value));
        }
        assignments.push_back({column.id, value});
        return absl::OkStatus();
      }
      case Shape::kCounter:
        assignments.push_back(Assignment::Add(column.id, Value(change.delta)));
        return absl::OkStatus();
      case Shape::kUserType:
        if (change.kind != Change::Kind::kSet) return AddFields(column, change);
        [[fallthrough]];
      default:
        return AddElements(column, change);
    }
  }

  std::vector<Assignment> assignments;

 private:
  /// One assignment for each field.
  absl::Status AddFields(const Column& column, const Change& change) {
    for (const auto& [key, bytes] : change.elements) {
      const auto field = static_cast<size_t>(key.number);
      Value value;
      if (change.kind == Change::Kind::kAdd) {
        STOA_ASSIGN_OR_RETURN(value, ParseSerialized(column.type.parameters()[field], bytes));
      }
      assignments.push_back(
          Assignment::Put(column.id, Value(std::string_view(column.type.field_names()[field])), value));
    }
    return absl::OkStatus();
  }

  absl::Status AddElements(const Column& column, const Change& change) {
    const bool removes = change.kind == Change::Kind::kRemove;
    const std::vector<DataType>& types = column.type.parameters();
    std::vector<Value> elements(column.type.kind() == TypeKind::kUserType ? types.size() : 0);
    std::vector<MapEntry> entries;
    for (const auto& [key, bytes] : change.elements) {
      const Shape shape = ShapeOf(change.column);
      if (shape == Shape::kUserType) {
        const auto field = static_cast<size_t>(key.number);
        STOA_ASSIGN_OR_RETURN(elements[field], ParseSerialized(types[field], bytes));
      } else if (shape == Shape::kMap) {
        entries.push_back({Value(key.number), Value(std::string_view(bytes))});
        elements.emplace_back(key.number);
      } else if (shape == Shape::kSet) {
        elements.emplace_back(std::string_view(key.bytes));
      } else {
        elements.emplace_back();
        STOA_ASSIGN_OR_RETURN(elements.back(), ParseSerialized(types[0], bytes));
      }
    }
    absl::StatusOr<std::string> serialized = std::string();
    if (ShapeOf(change.column) == Shape::kMap && !removes) {
      serialized = SerializeMap(column.type, entries);
    } else {
      serialized = SerializeComposite(removes ? DataType::Set(types[0]) : column.type, elements);
    }
    STOA_RETURN_IF_ERROR(serialized.status());
    bytes_.push_back(std::make_unique<std::string>(*std::move(serialized)));
    static constexpr AssignmentKind kKinds[] = {AssignmentKind::kSet, AssignmentKind::kAdd,
                                                AssignmentKind::kPrepend, AssignmentKind::kRemove};
    assignments.push_back(
        {column.id, Value::Composite(*bytes_.back()), kKinds[static_cast<int>(change.kind)]});
    return absl::OkStatus();
  }

  std::vector<std::unique_ptr<std::string>> bytes_;
};

absl::Status AddMutation(const Table& table, const Mutation& m, WriteBatch* batch) {
  Changes changes;
  std::vector<ColumnId> columns;
  for (const Change& change : m.changes) {
    const Column* column = table->FindColumn(change.column);
    if (column == nullptr) return absl::NotFoundError("no column " + change.column);
    columns.push_back(column->id);
    STOA_RETURN_IF_ERROR(changes.Add(*column, change));
  }
  WriteAttributes attributes;
  attributes.timestamp_micros = m.timestamp;
  attributes.ttl_seconds = m.ttl;
  const std::vector<Value> key{Value(m.pk)};
  std::vector<Value> row{Value(m.row.a), Value(std::string_view(m.row.b))};
  if (m.no_row) row.clear();
  switch (m.kind) {
    case Mutation::Kind::kUpsert:
      return batch->Upsert(table, key, row, changes.assignments, attributes);
    case Mutation::Kind::kUpdate:
      return batch->Update(table, key, row, changes.assignments, attributes);
    case Mutation::Kind::kDeleteCells:
      return batch->DeleteCells(table, key, row, columns, attributes);
    case Mutation::Kind::kDeleteRow:
      return batch->DeleteRow(table, key, row, attributes);
    case Mutation::Kind::kDeletePartition:
      return batch->DeletePartition(table, key, attributes);
    case Mutation::Kind::kDeleteRange: {
      const std::vector<Value> from = BoundValues(m.from);
      const std::vector<Value> to = BoundValues(m.to);
      return batch->DeleteRange(table, key, ClusteringRange{from, m.from.inclusive, to, m.to.inclusive},
                                attributes);
    }
  }
  return absl::OkStatus();
}

/// One of a model's conditions, as the engine takes it. `values` has the memory of what it views.
absl::Status AddCondition(const TableSchema& schema, const Condition& condition, Conditions* conditions) {
  using Kind = Condition::Kind;
  const std::vector<Value> row{Value(condition.row.a), Value(std::string_view(condition.row.b))};
  if (condition.kind == Kind::kNotExists) return conditions->IfNotExists(row).status();
  if (condition.kind == Kind::kExists) return conditions->IfExists(row).status();
  const Column* column = schema.FindColumn(condition.column);
  if (column == nullptr) return absl::NotFoundError("no column " + condition.column);
  DataType type = column->type;
  if (condition.kind == Kind::kContains) type = DataType(type.parameters().back());
  if (condition.kind == Kind::kContainsKey) type = DataType(type.parameters().front());
  std::vector<Value> values;
  for (const auto& bytes : condition.values) {
    values.emplace_back();
    if (bytes) {
      STOA_ASSIGN_OR_RETURN(values.back(), ParseSerialized(type, *bytes));
    }
  }
  if (condition.kind == Kind::kIn)
    return conditions->If(row, ColumnCondition::In(column->id, values)).status();
  static const std::map<Kind, ConditionOperator> kOperators = {
      {Kind::kEqual, ConditionOperator::kEqual},
      {Kind::kNotEqual, ConditionOperator::kNotEqual},
      {Kind::kLess, ConditionOperator::kLess},
      {Kind::kLessOrEqual, ConditionOperator::kLessOrEqual},
      {Kind::kGreater, ConditionOperator::kGreater},
      {Kind::kGreaterOrEqual, ConditionOperator::kGreaterOrEqual},
      {Kind::kContains, ConditionOperator::kContains},
      {Kind::kContainsKey, ConditionOperator::kContainsKey}};
  return conditions->If(row, {column->id, kOperators.at(condition.kind), values[0]}).status();
}

/// The elements of a column of several cells.
std::string ElementsOf(const Column& column, const RowView& view, size_t place) {
  std::vector<Element> found;
  Elements elements = view.elements(place);
  ElementView element;
  const std::vector<DataType>& types = column.type.parameters();
  while (elements.Next(&element)) {
    Element& one = found.emplace_back();
    one.expiry = element.expiry;
    switch (ShapeOf(column.name)) {
      case Shape::kSet:
        one.key = std::string(element.key.text());
        break;
      case Shape::kMap:
        (void)AppendSerialized(types[0], element.key, &one.key);
        one.value = std::string(element.value.text());
        break;
      case Shape::kUserType: {
        const bool second = element.key.text() == column.type.field_names()[1];
        AppendBig<uint32_t>(&one.key, second ? 1 : 0);
        (void)AppendSerialized(types[second ? 1 : 0], element.value, &one.value);
        break;
      }
      default:
        (void)AppendSerialized(types[0], element.value, &one.value);
    }
  }
  return ElementsText(found);
}

/// The live cells of some columns, of which `view` has the values in this order.
std::map<std::string, Bytes> CellsOf(const std::vector<const Column*>& columns, const RowView& view) {
  std::map<std::string, Bytes> cells;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Value value = view[i];
    if (value.is_null()) continue;
    const Shape shape = ShapeOf(columns[i]->name);
    if (shape == Shape::kScalar || shape == Shape::kCounter) {
      (void)AppendSerialized(columns[i]->type, value, &cells[columns[i]->name]);
    } else {
      cells[columns[i]->name] = ElementsOf(*columns[i], view, i);
    }
  }
  return cells;
}

/// The key of a row; what stands for a partition has none.
Row KeyOf(const RowView& view) {
  Row row;
  row.no_row = view.clustering(0).is_null();
  if (row.no_row) return row;
  row.key = Clustering{view.clustering(0).integer(), std::string(view.clustering(1).text())};
  return row;
}

Row RowOf(const TableSchema& schema, const RowView& view) {
  Row row = KeyOf(view);
  std::vector<const Column*> columns;
  for (const Column& column : schema.static_columns()) columns.push_back(&column);
  for (const Column& column : schema.regular()) columns.push_back(&column);
  row.cells = CellsOf(columns, view);
  return row;
}

absl::StatusOr<TableSchema> SchemaOf(const std::string& table, const TableOptions& options) {
  TableSchema::Builder builder(table);
  builder.PartitionKey("pk", TypeKind::kBigint)
      .Clustering("a", TypeKind::kBigint)
      .Clustering("b", TypeKind::kText, ClusteringOrder::kDescending)
      .Options(options);
  if (IsCounterTable(table)) {
    builder.Static("sc", TypeKind::kCounter)
        .Regular("c", TypeKind::kCounter)
        .Regular("k", TypeKind::kCounter);
    return builder.Build();
  }
  const DataType map = DataType::Map(TypeKind::kInt, TypeKind::kText);
  builder.Static("si", TypeKind::kInt).Static("sm", map);
  builder.Regular("v", TypeKind::kInt).Regular("w", TypeKind::kText).Regular("d", TypeKind::kDouble);
  builder.Regular("l", DataType::List(TypeKind::kInt)).Regular("e", DataType::Set(TypeKind::kText));
  builder.Regular("m", map).Regular("u", UserType());
  return builder.Build();
}

/// Runs `query` page by page and hands every row to `take`.
template <typename Take>
absl::Status ReadPages(const Database& database, const Snapshot* snapshot, const Query& query,
                       uint64_t page_rows, const Take& take) {
  ReadOptions options;
  options.snapshot = snapshot;
  std::string paging_state;
  do {
    Query page = query;
    if (page_rows > 0) page.Limit(page_rows);
    if (!paging_state.empty()) page.Resume(paging_state);
    STOA_ASSIGN_OR_RETURN(Cursor cursor, database.Read(options, page));
    uint64_t rows = 0;
    while (cursor.Next()) {
      take(cursor.row());
      ++rows;
    }
    STOA_RETURN_IF_ERROR(cursor.status());
    if (page_rows > 0 && rows > page_rows) return absl::InternalError("a page has too many rows");
    paging_state = cursor.paging_state();
  } while (!paging_state.empty());
  return absl::OkStatus();
}

}  // namespace

CompactionOptions RandomCompaction(Random* random) {
  CompactionOptions options;
  const char* const scalings[] = {"T4", "N", "L10", "T2, T8", "L3"};
  options.scaling_parameters = scalings[random->Uniform(std::size(scalings))];
  if (random->OneIn(2)) options.min_sstable_bytes = 0;
  options.base_shard_count = 1 + static_cast<uint32_t>(random->Uniform(5));
  if (random->OneIn(3)) options.window_seconds = 1 + static_cast<int64_t>(random->Uniform(20));
  options.files_per_read_max = 2 + static_cast<uint32_t>(random->Uniform(8));
  options.space_amplification_max = random->OneIn(2) ? 1.5 : 10;
  options.tombstone_threshold = random->OneIn(2) ? 0.05 : 0.5;
  return options;
}

uint64_t BytesCopied(const Database& database) {
  uint64_t bytes = 0;
  for (const CompactionCounters& counters : database.metrics().compactions_by_reason) {
    bytes += counters.bytes_copied;
  }
  return bytes;
}

absl::Status Execute(Database& database, const Event& event, const ExecuteOptions& options) {
  switch (event.kind) {
    case Event::Kind::kCreate: {
      if (!database.FindType("pair").ok()) {
        const DataType type = UserType();
        std::vector<TypeField> fields;
        for (size_t i = 0; i < type.parameters().size(); ++i) {
          fields.push_back({type.field_names()[i], type.parameters()[i]});
        }
        STOA_RETURN_IF_ERROR(database.CreateType("pair", fields).status());
      }
      STOA_ASSIGN_OR_RETURN(const TableSchema schema, SchemaOf(event.table, options.table));
      return database.CreateTable(schema).status();
    }
    case Event::Kind::kDrop:
      return database.DropTable(event.table);
    case Event::Kind::kTruncate:
      return database.TruncateTable(event.table);
    case Event::Kind::kAddColumn:
      return database.AlterTable(event.table, TableAlteration().AddColumn(event.column, TypeKind::kInt))
          .status();
    case Event::Kind::kDropColumn:
      return database.AlterTable(event.table, TableAlteration().DropColumn(event.column)).status();
    case Event::Kind::kConditionalBatch:
      return ExecuteConditional(database, event, options.write).status();
    case Event::Kind::kBatch: {
      WriteBatch batch;
      for (const Mutation& mutation : event.batch) {
        STOA_ASSIGN_OR_RETURN(const Table table, database.OpenTable(mutation.table));
        STOA_RETURN_IF_ERROR(AddMutation(table, mutation, &batch));
      }
      return database.Write(options.write, batch);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Decision> ExecuteConditional(Database& database, const Event& event,
                                            const WriteOptions& write) {
  WriteBatch batch;
  STOA_ASSIGN_OR_RETURN(const Table table, database.OpenTable(event.batch[0].table));
  for (const Mutation& mutation : event.batch) STOA_RETURN_IF_ERROR(AddMutation(table, mutation, &batch));
  Conditions conditions(table, {Value(event.batch[0].pk)});
  for (const Condition& condition : event.conditions) {
    STOA_RETURN_IF_ERROR(AddCondition(*table, condition, &conditions));
  }
  STOA_ASSIGN_OR_RETURN(const ConditionalOutcome outcome, database.WriteIf(write, batch, conditions));
  Decision decision;
  decision.applied = outcome.applied();
  std::vector<const Column*> columns;
  for (const ColumnId id : outcome.columns()) columns.push_back(table->FindColumn(id));
  for (const ConditionalOutcome::CurrentRow& current : outcome.rows()) {
    std::optional<Row>& row = decision.rows.emplace_back();
    if (!current.exists) continue;
    const RowView& view = current.row.view();
    row = KeyOf(view);
    row->cells = CellsOf(columns, view);
  }
  return decision;
}

absl::StatusOr<std::vector<Row>> Read(const Database& database, const ReadRequest& request) {
  STOA_ASSIGN_OR_RETURN(const Table table, database.OpenTable(request.table));
  const std::vector<Value> from = BoundValues(request.from);
  const std::vector<Value> to = BoundValues(request.to);
  Query query(table);
  query.Partition({Value(request.pk)})
      .Slice(ClusteringRange{from, request.from.inclusive, to, request.to.inclusive});
  if (request.reverse) query.Reverse();
  std::vector<Row> rows;
  STOA_RETURN_IF_ERROR(ReadPages(database, request.snapshot, query, request.page_rows,
                                 [&](const RowView& view) { rows.push_back(RowOf(*table, view)); }));
  return rows;
}

absl::StatusOr<std::optional<Row>> ReadOne(const Database& database, const std::string& table_name,
                                           int64_t pk, const Clustering& key) {
  STOA_ASSIGN_OR_RETURN(const Table table, database.OpenTable(table_name));
  stoa::Row row;
  STOA_ASSIGN_OR_RETURN(
      const bool found,
      database.ReadRow(ReadOptions{}, table, {Value(pk)}, {Value(key.a), std::string_view(key.b)}, {}, &row));
  std::optional<Row> result;
  if (found) result = RowOf(*table, row.view());
  return result;
}

absl::StatusOr<std::string> Dump(const Database& database, uint64_t page_rows) {
  std::string text;
  for (const Table& table : database.ListTables()) {
    text += "table " + table->name() + "\n";
    std::map<int64_t, std::string> partitions;  // by key, as the model has no tokens
    STOA_RETURN_IF_ERROR(ReadPages(database, nullptr, Query(table), page_rows, [&](const RowView& view) {
      const int64_t pk = view.partition_key(0).integer();
      partitions[pk] += RowText(table->name(), pk, RowOf(*table, view));
    }));
    for (const auto& [pk, rows] : partitions) text += rows;
  }
  return text;
}

}  // namespace stoa::model
