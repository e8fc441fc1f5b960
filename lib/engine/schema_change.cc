#include "engine/schema_change.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "schema/schema_editor.h"
#include "types/type_codec.h"
#include "types/type_rules.h"

namespace stoa {

void SchemaChange::Encode(std::string* out) const {
  out->push_back(static_cast<char>(kind));
  if (kind == Kind::kDropType) {
    out->append(type_name);
    return;
  }
  if (kind == Kind::kPutTypes) {
    EncodeTypes(out);
    return;
  }
  AppendVarint(out, table);
  if (kind == Kind::kPut) SchemaEditor::Encode(*schema, out);
}

void SchemaChange::EncodeTypes(std::string* out) const {
  std::string bytes;
  AppendVarint(out, types.size());
  for (const DataType& type : types) {
    bytes.clear();
    AppendType(type, &bytes);
    AppendLengthPrefixed(out, bytes);
  }
  AppendVarint(out, tables.size());
  for (const Table& altered : tables) {
    bytes.clear();
    SchemaEditor::Encode(*altered, &bytes);
    AppendLengthPrefixed(out, bytes);
  }
}

absl::Status SchemaChange::DecodeTypes(std::string_view bytes) {
  Decoder decoder(bytes);
  uint64_t count = 0;
  std::string_view part;
  if (!decoder.Varint(&count)) return InvalidArgument("schema change: cut short");
  for (; count > 0; --count) {
    DataType type = TypeKind::kInt;
    if (!decoder.LengthPrefixed(&part)) return InvalidArgument("schema change: cut short");
    Decoder type_decoder(part);
    if (!DecodeType(&type_decoder, &type) || !type_decoder.Done() || type.kind() != TypeKind::kUserType) {
      return InvalidArgument("schema change: a user type is malformed");
    }
    STOA_RETURN_IF_ERROR(ValidateUserType(type));
    types.push_back(std::move(type));
  }
  if (!decoder.Varint(&count)) return InvalidArgument("schema change: cut short");
  for (; count > 0; --count) {
    if (!decoder.LengthPrefixed(&part)) return InvalidArgument("schema change: cut short");
    STOA_ASSIGN_OR_RETURN(TableSchema altered, SchemaEditor::Decode(part));
    tables.push_back(std::make_shared<const TableSchema>(std::move(altered)));
  }
  return decoder.Done() ? absl::OkStatus() : InvalidArgument("schema change: has bytes left over");
}

absl::StatusOr<SchemaChange> SchemaChange::Decode(std::string_view bytes) {
  SchemaChange change;
  Decoder decoder(bytes);
  uint8_t kind = 0;
  if (!decoder.Little(&kind)) return InvalidArgument("schema change: cut short");
  if (kind < 1 || kind > 5) {
    return absl::UnimplementedError(
        StrCat("schema change: kind ", kind, " is not known to this version of Stoa"));
  }
  change.kind = static_cast<Kind>(kind);
  if (change.kind == Kind::kPutTypes) {
    STOA_RETURN_IF_ERROR(change.DecodeTypes(decoder.rest()));
    return change;
  }
  if (change.kind == Kind::kDropType) {
    change.type_name = decoder.rest();
    return change;
  }
  if (!decoder.Varint(&change.table)) return InvalidArgument("schema change: cut short");
  if (change.kind == Kind::kPut) {
    STOA_ASSIGN_OR_RETURN(TableSchema schema, SchemaEditor::Decode(decoder.rest()));
    if (schema.id() != change.table) return InvalidArgument("schema change: of another table");
    change.schema = std::make_shared<const TableSchema>(std::move(schema));
  } else if (!decoder.Done()) {
    return InvalidArgument("schema change: has bytes left over");
  }
  return change;
}

bool SchemaChange::MakeTypesEdit(const DatabaseState& state, uint64_t sequence, VersionEdit* edit) const {
  if (state.types_sequence >= sequence) return false;
  edit->types_sequence = sequence;
  edit->types = types;
  if (kind == Kind::kDropType && state.types.contains(type_name)) edit->dropped_types.push_back(type_name);
  for (const Table& altered : tables) {
    const auto it = state.tables.find(altered->id());
    if (it != state.tables.end() && it->second.schema->version() < altered->version()) {
      edit->tables.push_back(altered);
    }
  }
  return true;
}

bool SchemaChange::MakeEdit(const DatabaseState& state, uint64_t sequence, VersionEdit* edit) const {
  const auto it = state.tables.find(table);
  switch (kind) {
    case Kind::kPutTypes:
    case Kind::kDropType:
      return MakeTypesEdit(state, sequence, edit);
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

absl::Status AppendDurably(LogWriter& log, Store& store, const SchemaChange& change,
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
  absl::Status status =
      store.reserve().Spend([&] { return log.Append(std::span<const LogRecord>(&record, 1)); });
  if (status.ok()) status = log.Sync().status();
  return status.ok() || log.status().ok() ? status : store.health().Latch(status);
}

void PutSchema(const Table& schema, uint64_t sequence, Store& store, View::Tables* tables) {
  const auto it = tables->find(schema->id());
  if (it == tables->end()) {
    tables->emplace(schema->id(), store.NewTableView(schema, sequence));
    return;
  }
  auto table = std::make_shared<TableView>(*it->second);
  table->schema = schema;
  it->second = std::move(table);
}

/// Changes the tables of a view. `removed` receives the files that the change takes out of it.
void ChangeTables(const SchemaChange& change, uint64_t sequence, Store& store, View::Tables* tables,
                  std::vector<std::shared_ptr<SSTable>>* removed) {
  const auto it = tables->find(change.table);
  if (change.removes_rows()) *removed = it->second->sstables;
  switch (change.kind) {
    case SchemaChange::Kind::kPut:
      return PutSchema(change.schema, sequence, store, tables);
    case SchemaChange::Kind::kDrop:
      tables->erase(it);
      return;
    case SchemaChange::Kind::kTruncate:
      it->second = store.NewTableView(it->second->schema, sequence);
      return;
    case SchemaChange::Kind::kPutTypes:
      for (const Table& altered : change.tables) PutSchema(altered, sequence, store, tables);
      return;
    case SchemaChange::Kind::kDropType:
      return;
  }
}

}  // namespace

absl::Status ExecuteSchemaChange(
    Store& store, LogWriter& log, CommitPipeline& pipeline,
    const std::function<absl::StatusOr<SchemaChange>(const DatabaseState&)>& plan) {
  absl::Status status = pipeline.RunExclusive([&](const CommitStamp& stamp) -> absl::Status {
    STOA_ASSIGN_OR_RETURN(const SchemaChange change, plan(store.state()));
    VersionEdit wanted;
    change.MakeEdit(store.state(), stamp.sequence, &wanted);
    STOA_RETURN_IF_ERROR(store.MakeRoom(wanted));
    STOA_RETURN_IF_ERROR(AppendDurably(log, store, change, stamp));
    std::vector<std::shared_ptr<SSTable>> removed;
    // Dropping and truncating take the active memtable out of the view: what readers of the old view see ends
    // here.
    const uint64_t limit = change.removes_rows() ? stamp.sequence : UINT64_MAX;
    const absl::Status installed =
        store
            .Install(
                [&](const DatabaseState& state, VersionEdit* edit) {
                  return change.MakeEdit(state, stamp.sequence, edit);
                },
                [&](View::Tables* tables) { ChangeTables(change, stamp.sequence, store, tables, &removed); },
                limit)
            .status();
    // The log has the change, so the next opening will: this one cannot go on without it.
    if (!installed.ok()) return store.health().Latch(installed);
    if (change.removes_rows()) store.NoteRemoval();
    store.AddObsolete(removed);
    return absl::OkStatus();
  });
  store.RemoveObsoleteFiles();
  return status;
}

}  // namespace stoa
