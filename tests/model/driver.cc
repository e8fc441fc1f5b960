#include "model/driver.h"

#include <map>
#include <utility>

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

absl::Status AddMutation(const Table& table, const Mutation& m, WriteBatch* batch) {
  std::vector<Assignment> cells;
  std::vector<ColumnId> columns;
  for (const auto& [name, bytes] : m.cells) {
    const Column* column = table->FindColumn(name);
    if (column == nullptr) return absl::NotFoundError("no column " + name);
    columns.push_back(column->id);
    Value value;
    if (bytes) {
      STOA_ASSIGN_OR_RETURN(value, ParseSerialized(column->type, *bytes));
    }
    cells.push_back({column->id, value});
  }
  WriteAttributes attributes;
  attributes.timestamp_micros = m.timestamp;
  attributes.ttl_seconds = m.ttl;
  const std::vector<Value> key{Value(m.pk)};
  const std::vector<Value> row{Value(m.row.a), Value(std::string_view(m.row.b))};
  switch (m.kind) {
    case Mutation::Kind::kUpsert:
      return batch->Upsert(table, key, row, cells, attributes);
    case Mutation::Kind::kUpdate:
      return batch->Update(table, key, row, cells, attributes);
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
  std::vector<Value> values;
  for (const auto& bytes : condition.values) {
    values.emplace_back();
    if (bytes) {
      STOA_ASSIGN_OR_RETURN(values.back(), ParseSerialized(column->type, *bytes));
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
      {Kind::kGreaterOrEqual, ConditionOperator::kGreaterOrEqual}};
  return conditions->If(row, {column->id, kOperators.at(condition.kind), values[0]}).status();
}

/// The live cells of some columns, of which `view` has the values in this order.
std::map<std::string, Bytes> CellsOf(const std::vector<const Column*>& columns, const RowView& view) {
  std::map<std::string, Bytes> cells;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Value value = view[i];
    if (value.is_null()) continue;
    (void)AppendSerialized(columns[i]->type, value, &cells[columns[i]->name]);
  }
  return cells;
}

Row RowOf(const TableSchema& schema, const RowView& view) {
  Row row;
  row.key.a = view.clustering(0).integer();
  row.key.b = std::string(view.clustering(1).text());
  std::vector<const Column*> columns;
  for (const Column& column : schema.regular()) columns.push_back(&column);
  row.cells = CellsOf(columns, view);
  return row;
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

absl::Status Execute(Database& database, const Event& event, const ExecuteOptions& options) {
  switch (event.kind) {
    case Event::Kind::kCreate: {
      TableOptions table_options;
      table_options.gc_grace_seconds = options.gc_grace_seconds;
      STOA_ASSIGN_OR_RETURN(const TableSchema schema,
                            TableSchema::Builder(event.table)
                                .PartitionKey("pk", TypeKind::kBigint)
                                .Clustering("a", TypeKind::kBigint)
                                .Clustering("b", TypeKind::kText, ClusteringOrder::kDescending)
                                .Regular("v", TypeKind::kInt)
                                .Regular("w", TypeKind::kText)
                                .Regular("d", TypeKind::kDouble)
                                .Options(table_options)
                                .Build());
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
    row = Row{Clustering{view.clustering(0).integer(), std::string(view.clustering(1).text())},
              CellsOf(columns, view)};
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
