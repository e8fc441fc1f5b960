#include "engine/schema_change.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/schema_editor.h"

namespace stoa {

void SchemaChange::Encode(std::string* out) const {
  out->push_back(static_cast<char>(kind));
  AppendVarint(out, table);
  if (kind == Kind::kPut) SchemaEditor::Encode(*schema, out);
}

absl::StatusOr<SchemaChange> SchemaChange::Decode(std::string_view bytes) {
  SchemaChange change;
  Decoder decoder(bytes);
  uint8_t kind = 0;
  if (!decoder.Little(&kind) || !decoder.Varint(&change.table)) {
    return InvalidArgument("schema change: cut short");
  }
  if (kind < 1 || kind > 3) {
    return absl::UnimplementedError(
        StrCat("schema change: kind ", kind, " is not known to this version of Stoa"));
  }
  change.kind = static_cast<Kind>(kind);
  if (change.kind == Kind::kPut) {
    STOA_ASSIGN_OR_RETURN(TableSchema schema, SchemaEditor::Decode(decoder.rest()));
    if (schema.id() != change.table) return InvalidArgument("schema change: of another table");
    change.schema = std::make_shared<const TableSchema>(std::move(schema));
  } else if (!decoder.Done()) {
    return InvalidArgument("schema change: has bytes left over");
  }
  return change;
}

bool SchemaChange::MakeEdit(const DatabaseState& state, uint64_t sequence, VersionEdit* edit) const {
  const auto it = state.tables.find(table);
  switch (kind) {
    case Kind::kPut:
      if (it == state.tables.end()) {
        if (table < state.next_table_id) return false;  // dropped since
        edit->tables.push_back(schema);
        edit->flushed.push_back({table, sequence});
        return true;
      }
      if (it->second.schema->version() >= schema->version()) return false;
      edit->tables.push_back(schema);
      return true;
    case Kind::kDrop:
      if (it == state.tables.end()) return false;
      edit->dropped_tables.push_back(table);
      return true;
    case Kind::kTruncate:
      if (it == state.tables.end() || it->second.flushed_sequence >= sequence) return false;
      for (const auto& [number, metadata] : it->second.files) edit->removed_files.push_back({table, number});
      edit->flushed.push_back({table, sequence});
      return true;
  }
  return false;
}

namespace {

absl::Status AppendDurably(LogWriter& log, Health& health, const SchemaChange& change,
                           const CommitStamp& stamp) {
  std::string payload;
  change.Encode(&payload);
  LogRecord record;
  record.kind = LogRecordKind::kSchema;
  record.sequence = stamp.sequence;
  record.timestamp = stamp.timestamp;
  record.now_seconds = stamp.now_seconds;
  record.payload = payload;
  record.payload_hash = Hash64(payload);
  absl::Status status = log.Append(std::span<const LogRecord>(&record, 1));
  if (status.ok()) status = log.Sync().status();
  return status.ok() || log.status().ok() ? status : health.Latch(status);
}

/// Changes the tables of a view. `removed` receives the files that the change takes out of it.
void ChangeTables(const SchemaChange& change, uint64_t sequence, Store& store, View::Tables* tables,
                  std::vector<std::shared_ptr<SSTable>>* removed) {
  auto it = tables->find(change.table);
  if (change.kind != SchemaChange::Kind::kPut) *removed = it->second->sstables;
  switch (change.kind) {
    case SchemaChange::Kind::kPut:
      if (it == tables->end()) {
        tables->emplace(change.table, store.NewTableView(change.schema, sequence));
      } else {
        auto table = std::make_shared<TableView>(*it->second);
        table->schema = change.schema;
        it->second = std::move(table);
      }
      return;
    case SchemaChange::Kind::kDrop:
      tables->erase(it);
      return;
    case SchemaChange::Kind::kTruncate:
      it->second = store.NewTableView(it->second->schema, sequence);
      return;
  }
}

}  // namespace

absl::Status ExecuteSchemaChange(
    Store& store, LogWriter& log, CommitPipeline& pipeline,
    const std::function<absl::StatusOr<SchemaChange>(const DatabaseState&)>& plan) {
  absl::Status status = pipeline.RunExclusive([&](const CommitStamp& stamp) -> absl::Status {
    STOA_ASSIGN_OR_RETURN(const SchemaChange change, plan(store.state()));
    STOA_RETURN_IF_ERROR(AppendDurably(log, store.health(), change, stamp));
    std::vector<std::shared_ptr<SSTable>> removed;
    // Dropping and truncating take the active memtable out of the view: what readers of the old view see ends
    // here.
    const uint64_t limit = change.kind == SchemaChange::Kind::kPut ? UINT64_MAX : stamp.sequence;
    STOA_RETURN_IF_ERROR(
        store
            .Install(
                [&](const DatabaseState& state, VersionEdit* edit) {
                  return change.MakeEdit(state, stamp.sequence, edit);
                },
                [&](View::Tables* tables) { ChangeTables(change, stamp.sequence, store, tables, &removed); },
                limit)
            .status());
    store.AddObsolete(removed);
    return absl::OkStatus();
  });
  store.RemoveObsoleteFiles();
  return status;
}

}  // namespace stoa
