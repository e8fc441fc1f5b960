// The public face of the engine: checks arguments and hands over to the parts.
#include <stoa/database.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "blob/blob_format.h"
#include "engine/engine.h"
#include "engine/inspection.h"
#include "engine/schema_change.h"
#include "schema/schema_editor.h"
#include "schema/user_types.h"

namespace stoa {
namespace {

const TableState* FindTable(const DatabaseState& state, std::string_view name) {
  for (const auto& [id, table] : state.tables) {
    if (table.schema->name() == name) return &table;
  }
  return nullptr;
}

SchemaChange OfTable(SchemaChange::Kind kind, TableId id, Table schema = nullptr) {
  SchemaChange change;
  change.kind = kind;
  change.table = id;
  change.schema = std::move(schema);
  return change;
}

absl::Status NoSuchTable(std::string_view name) { return NotFound("there is no table ", name); }

/// NotFound if the batch writes to a table that does not exist (any more).
absl::Status CheckTables(const View& view, const WriteBatch& batch) {
  for (TableId id : batch.tables()) {
    if (view.Find(id) == nullptr) return NotFound("the batch writes to table id ", id, ", which was dropped");
  }
  return absl::OkStatus();
}

}  // namespace

Database::Database(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Database::~Database() = default;

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const Options& options, const std::string& path) {
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, Engine::Open(options, path));
  return std::unique_ptr<Database>(new Database(std::move(engine)));
}

absl::Status Database::Close() { return engine_->Close(); }

const RecoveryReport& Database::recovery_report() const { return engine_->recovery_report(); }

// ---- Tables

absl::StatusOr<Table> Database::CreateTable(const TableSchema& schema) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  Table created;
  const auto plan = [&](const DatabaseState& state) -> absl::StatusOr<SchemaChange> {
    if (FindTable(state, schema.name()) != nullptr) {
      return absl::AlreadyExistsError(StrCat("table ", schema.name(), " exists already"));
    }
    STOA_RETURN_IF_ERROR(CheckUserTypes(schema, state.types));
    const TableId id = state.next_table_id;
    created = std::make_shared<const TableSchema>(SchemaEditor::Create(id, schema));
    return OfTable(SchemaChange::Kind::kPut, id, created);
  };
  STOA_RETURN_IF_ERROR(ExecuteSchemaChange(engine_->store(), engine_->log(), engine_->pipeline(), plan));
  engine_->compactions().Check(created->id());
  return created;
}

absl::StatusOr<Table> Database::OpenTable(std::string_view name) const {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  const ViewHolder::Pin view = engine_->store().views().Acquire();
  const TableView* table = view->FindByName(name);
  if (table == nullptr) return NoSuchTable(name);
  return table->schema;
}

std::vector<Table> Database::ListTables() const {
  std::vector<Table> tables;
  if (!engine_->CheckOpen().ok()) return tables;
  const ViewHolder::Pin view = engine_->store().views().Acquire();
  for (const auto& [id, table] : view->tables()) tables.push_back(table->schema);
  std::sort(tables.begin(), tables.end(),
            [](const Table& a, const Table& b) { return a->name() < b->name(); });
  return tables;
}

absl::StatusOr<Table> Database::AlterTable(std::string_view name, const TableAlteration& alteration) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  Table altered;
  const auto plan = [&](const DatabaseState& state) -> absl::StatusOr<SchemaChange> {
    const TableState* table = FindTable(state, name);
    if (table == nullptr) return NoSuchTable(name);
    STOA_ASSIGN_OR_RETURN(TableSchema schema, SchemaEditor::Apply(*table->schema, alteration));
    STOA_RETURN_IF_ERROR(CheckUserTypes(schema, state.types));
    altered = std::make_shared<const TableSchema>(std::move(schema));
    return OfTable(SchemaChange::Kind::kPut, altered->id(), altered);
  };
  STOA_RETURN_IF_ERROR(ExecuteSchemaChange(engine_->store(), engine_->log(), engine_->pipeline(), plan));
  engine_->compactions().Check(altered->id());
  return altered;
}

absl::Status Database::DropTable(std::string_view name) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  return engine_->RemoveRows(SchemaChange::Kind::kDrop, name);
}

absl::Status Database::TruncateTable(std::string_view name) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  return engine_->RemoveRows(SchemaChange::Kind::kTruncate, name);
}

absl::Status Database::Engine::RemoveRows(SchemaChange::Kind kind, std::string_view name) {
  STOA_RETURN_IF_ERROR(ExecuteSchemaChange(*store_, *log_, *pipeline_,
                                           [&](const DatabaseState& state) -> absl::StatusOr<SchemaChange> {
                                             const TableState* table = FindTable(state, name);
                                             if (table == nullptr) return NoSuchTable(name);
                                             return OfTable(kind, table->schema->id());
                                           }));
  maintenance_->ReleaseLog();  // where nothing else needs it
  return absl::OkStatus();
}

// ---- Writes

absl::Status Database::Write(const WriteOptions& options, const WriteBatch& batch) {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  if (batch.empty()) return absl::OkStatus();
  {
    const ViewHolder::Pin view = engine_->store().views().Acquire();
    STOA_RETURN_IF_ERROR(CheckTables(*view, batch));
  }
  STOA_RETURN_IF_ERROR(engine_->CheckSpace(batch));
  STOA_RETURN_IF_ERROR(engine_->maintenance().WaitForRoom(!options.no_slowdown));
  if (!batch.list_operations().empty()) {
    STOA_RETURN_IF_ERROR(engine_->CommitListOperations(batch));
  } else {
    STOA_RETURN_IF_ERROR(
        engine_->CommitWithBlobs({batch.mutations(), batch.largest_value_bytes()},
                                 [this](std::string_view mutations, std::span<const BlobHold> blobs) {
                                   return engine_->pipeline().Commit(mutations, blobs);
                                 }));
  }
  return engine_->FinishWrite(options);
}

absl::Status Database::Sync() {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  return engine_->Sync();
}

// ---- Token ranges

/// Tokens are uniform, so parts of equal width hold about equally many partitions.
std::vector<TokenRange> Database::SplitTokens(const Table& table, size_t parts) const {
  (void)table;
  parts = std::clamp<size_t>(parts, 1, 1 << 16);
  std::vector<TokenRange> ranges;
  const uint64_t width = UINT64_MAX / parts;
  for (size_t i = 0; i < parts; ++i) {
    const uint64_t first = i * width;
    const uint64_t last = i + 1 == parts ? UINT64_MAX : first + width - 1;
    ranges.push_back(TokenRange{TokenFromOrdered(first), TokenFromOrdered(last)});
  }
  return ranges;
}

// ---- Maintenance

absl::Status Database::Flush() {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  return engine_->maintenance().FlushAll();
}

absl::Status Database::Compact(std::string_view name) {
  STOA_ASSIGN_OR_RETURN(const Table table, OpenTable(name));
  STOA_RETURN_IF_ERROR(Flush());
  return engine_->compactions().CompactTable(table->id());
}

absl::StatusOr<VerifyReport> Database::Verify() const {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  const std::shared_ptr<const View> view = engine_->store().views().Get();
  VerifyReport report;
  for (const auto& [id, table] : view->tables()) {
    ++report.tables;
    for (const std::shared_ptr<SSTable>& sstable : table->sstables) {
      STOA_RETURN_IF_ERROR(sstable->Verify());
      ++report.sstables;
      report.bytes += sstable->metadata().file_bytes;
    }
  }
  for (const SharedBlob& blob : engine_->store().blobs().InUse()) {
    STOA_RETURN_IF_ERROR(VerifyBlob(engine_->store().directory(), blob->id()));
    ++report.blobs;
    report.bytes += BlobFileBytes(blob->id().length);
  }
  return report;
}

absl::StatusOr<std::string> Database::Describe(std::string_view name) const {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  const std::shared_ptr<const View> view = engine_->store().views().Get();
  const TableView* table = view->FindByName(name);
  if (table == nullptr) return NoSuchTable(name);
  std::string text = StrCat("table ", name, ": ", table->sstables.size(), " SSTables\n");
  text += DescribeLevels(FilesOf(*table), *table->schema, engine_->store().purge_clock().NowSeconds(),
                         MemtableBytes(engine_->options().memory_budget_bytes));
  for (const std::shared_ptr<SSTable>& sstable : table->sstables) {
    STOA_ASSIGN_OR_RETURN(const std::string description, DescribeSSTable(*sstable, table->schema.get()));
    text += description;
  }
  return text;
}

Metrics Database::metrics() const {
  Metrics metrics;
  if (!engine_->CheckOpen().ok()) return metrics;
  engine_->maintenance().FillMetrics(&metrics);
  engine_->compactions().FillMetrics(&metrics);
  metrics.commits = engine_->pipeline().commit_count();
  metrics.log_bytes = engine_->log().appended_bytes();
  metrics.conditional_writes = engine_->conditional_writes();
  metrics.conditional_conflicts = engine_->conditional_conflicts();
  metrics.memtable_bytes = engine_->store().memtable_budget().used();
  metrics.block_cache_bytes = engine_->store().cache().used_bytes();
  metrics.buffer_bytes = engine_->store().buffer_budget().used();
  const std::shared_ptr<const View> view = engine_->store().views().Get();
  for (const auto& [id, table] : view->tables()) {
    metrics.sstables += table->sstables.size();
    for (const std::shared_ptr<SSTable>& sstable : table->sstables) {
      metrics.sstable_bytes += sstable->metadata().file_bytes;
    }
  }
  return metrics;
}

std::string RecoveryReport::ToString() const {
  if (created) return "created a new database";
  std::string text = clean ? "closed cleanly before" : "recovered after an unclean end";
  text += StrCat("; log: ", log_segments, " segments, ", log_records, " commits, ", log_bytes, " bytes, ",
                 operations_replayed, " operations replayed");
  if (cut_bytes > 0) text += StrCat("; cut ", cut_bytes, " bytes (", cut_detail, ")");
  if (files_removed > 0) text += StrCat("; removed ", files_removed, " leftover files");
  return text;
}

}  // namespace stoa
