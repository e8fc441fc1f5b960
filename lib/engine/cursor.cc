// Cursors, single-row reads and snapshots.
#include <stoa/cursor.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/arena.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "data/complex_cell.h"
#include "data/static_row.h"
#include "engine/blob_values.h"
#include "engine/complex_values.h"
#include "engine/engine.h"
#include "engine/query_source.h"
#include "engine/result_row.h"
#include "read/interruption.h"
#include "read/point_read.h"
#include "read/result_cursor.h"
#include "schema/cell_columns.h"
#include "schema/keys.h"

namespace stoa {

// ---- Snapshots

struct Snapshot::State {
  std::shared_ptr<const SnapshotPoint> point;
};

Snapshot::Snapshot(std::unique_ptr<State> state) : state_(std::move(state)) {}
Snapshot::~Snapshot() = default;
uint64_t Snapshot::sequence() const { return state_->point->sequence(); }

absl::StatusOr<std::unique_ptr<Snapshot>> Database::GetSnapshot() const {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  STOA_RETURN_IF_ERROR(engine_->maintenance().CheckPinnedMemory());
  const ReadPoint point = engine_->AcquireReadPoint(/*durable=*/false);
  auto state = std::make_unique<Snapshot::State>();
  state->point = engine_->store().snapshots().Add(point.view.share(), point.sequence,
                                                  engine_->env().clock.NowWallSeconds());
  return std::unique_ptr<Snapshot>(new Snapshot(std::move(state)));
}

// ---- Cursors

struct Cursor::State {
  explicit State(const Query& cursor_query) : query(cursor_query) {}

  // The order matters: the rows' source refers to what stands before it.
  Query query;
  QueryInput input;
  ResultColumns columns;
  ReadStats stats;
  std::unique_ptr<ResultCursor> rows;
  ResultCursor::Run run{0, 0};
  BlobValues blobs;
  ComplexValues complex_values;
  RowView::State view_state;
  RowView view;
  absl::Status status;

  /// Turns to the batch of `rows`.
  void EnterBatch() {
    blobs.SetBatch(columns, rows->batch());
    complex_values.SetBatch(columns, &rows->batch());
    view_state.SetBatch(&rows->batch());
  }
};

Cursor::Cursor(std::unique_ptr<State> state) : state_(std::move(state)) {
  state_->view.state_ = &state_->view_state;
  state_->view_state.blobs = &state_->blobs;
  state_->view_state.complex_values = &state_->complex_values;
}
Cursor::Cursor(Cursor&&) noexcept = default;
Cursor& Cursor::operator=(Cursor&&) noexcept = default;
Cursor::~Cursor() = default;

bool Cursor::Next() {
  State& state = *state_;
  if (!state.status.ok()) return false;
  const absl::StatusOr<bool> more = state.rows->Next();
  if (!more.ok() || !*more) {
    state.status = more.status();
    return false;
  }
  const uint32_t row = state.rows->row();
  if (state.rows->at_batch_start()) state.EnterBatch();
  if (state.blobs.any()) state.status = state.blobs.Load(*state.input.directory, row, row + 1);
  if (state.complex_values.any()) state.status.Update(state.complex_values.Assemble(row, row + 1));
  state.view_state.SetRow(row, &state.rows->partition());
  return state.status.ok();
}

const RowView& Cursor::row() const { return state_->view; }

size_t Cursor::NextBatch() {
  State& state = *state_;
  if (!state.status.ok()) return 0;
  const absl::StatusOr<bool> more = state.rows->NextRun(&state.run);
  if (!more.ok() || !*more) {
    state.status = more.status();
    return 0;
  }
  state.EnterBatch();
  if (state.blobs.any()) {
    state.rows->ShortenRun(&state.run, state.blobs.EndOfRowsThatFit(state.run.first, state.run.end));
    state.status = state.blobs.Load(*state.input.directory, state.run.first, state.run.end);
    if (!state.status.ok()) return 0;
  }
  if (state.complex_values.any()) {
    state.status = state.complex_values.Assemble(state.run.first, state.run.end);
    if (!state.status.ok()) return 0;
  }
  return state.run.end - state.run.first;
}

ColumnData Cursor::column(size_t column) const {
  const ColumnVector* vector = state_->view_state.vectors[state_->columns.results[column].index];
  ColumnData data;
  data.first_ = state_->run.first;
  if (vector == nullptr) {
    data.all_null_ = true;
    return data;
  }
  const std::string_view* loaded = state_->blobs.Find(vector->index);
  if (state_->complex_values.any()) {
    data.words_ = state_->complex_values.FindWords(vector->index);
    if (loaded == nullptr) loaded = state_->complex_values.FindBytes(vector->index);
  }
  if (data.words_ == nullptr) data.words_ = vector->words;
  data.bytes_ = loaded != nullptr ? loaded : vector->bytes;
  data.valid_ = vector->present;
  return data;
}

const absl::Status& Cursor::status() const { return state_->status; }

std::string Cursor::paging_state() const {
  ResultCursor& rows = *state_->rows;
  if (!rows.more() || !state_->status.ok()) return {};
  absl::StatusOr<Position> last = rows.LastPosition();
  if (!last.ok()) return {};
  PagingState paging;
  paging.table = state_->query.table()->id();
  paging.now_seconds = state_->input.now_seconds;
  paging.last = *std::move(last);
  paging.rows_of_partition = rows.rows_of_partition();
  return paging.Encode();
}

Cursor::Cost Cursor::cost() const {
  const ReadStats& stats = state_->stats;
  return Cost{stats.blocks_read, stats.bytes_read, stats.sstables, stats.rows_examined};
}

namespace {

/// What a query returns that names no columns.
std::vector<ColumnId> UnlistedColumns(const Query& query) {
  std::vector<ColumnId> all = AllColumns(*query.table());
  if (query.distinct()) all.resize(query.table()->static_columns().size());  // which come first
  return all;
}

}  // namespace

absl::StatusOr<Cursor> Database::Read(const ReadOptions& options, const Query& query) const {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  STOA_RETURN_IF_ERROR(query.status());
  Clock& clock = engine_->env().clock;
  auto state = std::make_unique<Cursor::State>(query);
  if (options.snapshot != nullptr) {
    const SnapshotPoint& snapshot = *options.snapshot->state_->point;
    state->input =
        QueryInput{snapshot.view(), snapshot.sequence(), snapshot.now_seconds(), {}, nullptr, nullptr, true};
  } else {
    const ReadPoint point = engine_->AcquireReadPoint(options.durable);
    state->input =
        QueryInput{point.view.share(), point.sequence, clock.NowWallSeconds(), {}, nullptr, nullptr, false};
  }
  state->input.budget = &engine_->store().buffer_budget();
  state->input.interruption = Interruption(clock, options.timeout_micros, options.stop);
  state->input.directory = &engine_->store().directory();
  const Table& schema = state->query.table();
  const TableView* table = state->input.view->Find(schema->id());
  if (table == nullptr) return NotFound("table ", schema->name(), " was dropped");
  STOA_RETURN_IF_ERROR(state->input.interruption.Check(schema->name()));

  std::vector<ColumnId> conditions;
  for (const Query::Condition& condition : state->query.conditions()) conditions.push_back(condition.column);
  const std::vector<ColumnId> unlisted =
      query.columns().empty() ? UnlistedColumns(state->query) : std::vector<ColumnId>();
  const std::vector<ColumnId>& listed = query.columns().empty() ? unlisted : state->query.columns();
  const StaticsUse statics = UseOfStatics(state->query, listed);
  STOA_ASSIGN_OR_RETURN(state->columns, ResultColumns::Make(schema, listed, conditions,
                                                            statics.any() ? ResultColumns::Others::kAll
                                                                          : ResultColumns::Others::kRegular));

  RowLimits limits;
  limits.rows = query.limit();
  limits.rows_per_partition = query.distinct() ? 1 : query.per_partition_limit();
  std::optional<PagingState> paging;
  if (!query.resume().empty()) {
    STOA_ASSIGN_OR_RETURN(paging, PagingState::Decode(schema, query.resume()));
    state->input.now_seconds = paging->now_seconds;
  }
  const Position* resume_after = paging.has_value() ? &paging->last : nullptr;
  STOA_ASSIGN_OR_RETURN(std::vector<OwnedRange> ranges, RangesOf(state->query, resume_after));
  // Only if the first range goes on in the partition where the last page ended do its rows count.
  if (paging.has_value() && !ranges.empty() &&
      ranges.front().start.view().SamePartition(paging->last.view())) {
    limits.rows_of_first_partition = paging->rows_of_partition;
    limits.first_partition_token = paging->last.token;
    limits.first_partition_key = paging->last.key;
  }
  state->rows =
      std::make_unique<ResultCursor>(NewQuerySource(state->input, *table, state->query, state->columns,
                                                    statics, std::move(ranges), &state->stats),
                                     limits);
  state->view_state.columns = &state->columns;
  state->view_state.hides_clustering = query.distinct();
  return Cursor(std::move(state));
}

// ---- Single rows

/// What it takes to read rows by one projection.
struct RowReader {
  static constexpr size_t kValuesChunkBytes = 1 << 10;
  static constexpr size_t kValuesChunkBytesMax = 64 << 10;

  ResultColumns columns;
  std::unique_ptr<RowMerger> merger;
  std::unique_ptr<SingleRow> row;                         ///< that was read
  Arena values{kValuesChunkBytes, kValuesChunkBytesMax};  ///< those of it that stood in memtables

  absl::Status Prepare(const Table& table, std::span<const ColumnId> ids, ResultColumns::Others others) {
    STOA_ASSIGN_OR_RETURN(columns, ResultColumns::Make(table, ids, {}, others));
    merger = std::make_unique<RowMerger>(&columns.projection);
    row = std::make_unique<SingleRow>(&columns.projection);
    return absl::OkStatus();
  }
};

/// Where a read of one row looks.
struct RowPlace {
  const TableView* sources;
  Directory* directory;
  uint64_t sequence;
  int64_t now_seconds;
  const Interruption& interruption;
  uint64_t token;
  std::string_view key;
  std::string_view clustering;
};

struct Row::State {
  Table schema;
  std::vector<ColumnId> wanted;
  std::vector<ColumnId> of_row;        // those of them that are not static
  RowReader narrow;                    // reads these
  std::unique_ptr<RowReader> wide;     // reads all of the row, to find out whether one without marker exists
  std::unique_ptr<RowReader> statics;  // reads the static columns that are wanted, if there are any
  std::unique_ptr<RowReader> joined;   // then: what is wanted of both
  std::unique_ptr<RowReader> wide_statics;  // reads all static columns, to find out whether one has a value
  PointReadScratch scratch;
  std::string key;
  std::string clustering;
  BlobValues blobs;
  ComplexValues complex_values;
  RowView::State view_state;
  RowView view;

  /// Makes the row ready for reads of these columns; does nothing when it is.
  absl::Status Prepare(const Table& table, std::span<const ColumnId> ids) {
    if (schema == table && std::equal(wanted.begin(), wanted.end(), ids.begin(), ids.end()))
      return absl::OkStatus();
    schema = nullptr;
    STOA_RETURN_IF_ERROR(PrepareReaders(table, ids));
    wanted.assign(ids.begin(), ids.end());
    schema = table;
    return absl::OkStatus();
  }

  /// Reads the row at `place`, whose sources are still to be taken from a view; false when there is none.
  absl::StatusOr<bool> ReadFrom(const View& from, RowPlace* place);

 private:
  absl::Status PrepareReaders(const Table& table, std::span<const ColumnId> ids);
  absl::StatusOr<bool> Read(const RowPlace& place);
  absl::StatusOr<bool> Read(const RowPlace& place, RowReader* reader);
  absl::StatusOr<bool> ReadStaticRow(const RowPlace& place);
  absl::Status AddStatics(const RowPlace& place, const RowReader& row);
  void Join(const RowPlace& place, const RowReader& liveness, std::initializer_list<const RowReader*> cells);
  absl::Status Show(const RowPlace& place, RowReader* reader);
};

absl::Status Row::State::PrepareReaders(const Table& table, std::span<const ColumnId> ids) {
  wide.reset();
  statics.reset();
  joined.reset();
  wide_statics.reset();
  std::vector<ColumnId> listed(ids.begin(), ids.end());
  if (ids.empty()) listed = AllColumns(*table);
  of_row = listed;
  std::vector<ColumnId> of_statics;
  for (ColumnId id : listed) {
    if (FindById(table->static_columns(), id) != nullptr) of_statics.push_back(id);
  }
  if (!of_statics.empty()) {
    std::erase_if(of_row, [&](ColumnId id) { return FindById(table->static_columns(), id) != nullptr; });
    statics = std::make_unique<RowReader>();
    joined = std::make_unique<RowReader>();
    STOA_RETURN_IF_ERROR(statics->Prepare(table, of_statics, ResultColumns::Others::kNone));
    STOA_RETURN_IF_ERROR(joined->Prepare(table, listed, ResultColumns::Others::kNone));
  }
  return narrow.Prepare(table, of_row, ResultColumns::Others::kNone);
}

absl::StatusOr<bool> Row::State::ReadFrom(const View& from, RowPlace* place) {
  scratch.Start(nullptr);
  place->sources = from.Find(schema->id());
  if (place->sources == nullptr) return NotFound("table ", schema->name(), " was dropped");
  return Read(*place);
}

/// Reads the row by one projection; false when it has neither a live marker nor a live cell in it.
absl::StatusOr<bool> Row::State::Read(const RowPlace& place, RowReader* reader) {
  RowMerger* const merger = reader->merger.get();
  merger->Start();
  scratch.Turn(&reader->columns.projection);
  place.sources->active->GetRow(place.token, place.key, place.clustering, place.sequence, merger);
  for (const SealedMemtable& sealed : place.sources->sealed) {
    sealed.memtable->GetRow(place.token, place.key, place.clustering, place.sequence, merger);
  }
  reader->values.Reset();  // memtables may go as soon as the view is let go; blocks are held
  merger->CopyValues(&reader->values);
  const auto get_row = [&](const SSTable& sstable) -> absl::Status {
    if (place.interruption.possible()) STOA_RETURN_IF_ERROR(place.interruption.Check(schema->name()));
    return sstable.GetRow(place.token, place.key, place.clustering, &scratch, merger, nullptr);
  };
  STOA_RETURN_IF_ERROR(ReadRowFromTables(place.sources->sstables, place.now_seconds, merger, get_row));
  if (!merger->HasContent()) return false;
  reader->row->Start(place.token, place.key);
  if (!merger->EmitLive(place.clustering, place.now_seconds, reader->row.get())) return false;
  reader->row->Finish();
  return true;
}

/// A row that shows life in the wanted columns or a marker exists. One that does not may live by another
/// column; static ones are not the row's.
absl::StatusOr<bool> Row::State::Read(const RowPlace& place) {
  if (IsStaticRow(place.clustering)) return ReadStaticRow(place);
  RowReader* reader = &narrow;
  STOA_ASSIGN_OR_RETURN(bool found, Read(place, reader));
  if (!found && narrow.columns.projection.size() != schema->regular().size()) {
    if (wide == nullptr) {
      auto widest = std::make_unique<RowReader>();
      STOA_RETURN_IF_ERROR(widest->Prepare(schema, of_row, ResultColumns::Others::kRegular));
      wide = std::move(widest);
    }
    reader = wide.get();
    STOA_ASSIGN_OR_RETURN(found, Read(place, reader));
  }
  if (!found) return false;
  if (statics != nullptr) {
    STOA_RETURN_IF_ERROR(AddStatics(place, *reader));
    reader = joined.get();
  }
  STOA_RETURN_IF_ERROR(Show(place, reader));
  return true;
}

absl::Status Row::State::AddStatics(const RowPlace& place, const RowReader& row) {
  RowPlace place_of_statics = place;
  place_of_statics.clustering = StaticRowKey();
  STOA_ASSIGN_OR_RETURN(const bool has_statics, Read(place_of_statics, statics.get()));
  if (has_statics) {
    Join(place, row, {statics.get(), &row});
  } else {
    Join(place, row, {&row});
  }
  return absl::OkStatus();
}

/// Makes `joined` of the cells that were read.
void Row::State::Join(const RowPlace& place, const RowReader& liveness,
                      std::initializer_list<const RowReader*> cells) {
  SingleRow& row = *joined->row;
  row.Start(place.token, place.key);
  const RowBatch& batch = liveness.row->batch();
  row.AddRow(place.clustering, batch.RowFlags(0), batch.timestamps[0], batch.RowExpiry(0));
  for (const RowReader* reader : cells) {
    for (const ColumnVector& vector : reader->row->batch().columns) {
      const ProjectedColumn& column = reader->columns.projection[vector.index];
      if (!column.wanted) continue;
      row.SetCell(joined->columns.IndexOf(column.id), reader->row->batch().CellAt(vector, 0));
    }
  }
  row.Finish();
}

/// Reads the static row by itself; false when no static column has a value. REQUIRES that one is wanted.
absl::StatusOr<bool> Row::State::ReadStaticRow(const RowPlace& place) {
  STOA_DCHECK(statics != nullptr);
  STOA_ASSIGN_OR_RETURN(const bool found, Read(place, statics.get()));
  if (found) {
    Join(place, *statics, {statics.get()});
  } else {
    if (wide_statics == nullptr) {
      std::vector<ColumnId> all;
      for (const Column& column : schema->static_columns()) all.push_back(column.id);
      auto widest = std::make_unique<RowReader>();
      STOA_RETURN_IF_ERROR(widest->Prepare(schema, all, ResultColumns::Others::kNone));
      wide_statics = std::move(widest);
    }
    STOA_ASSIGN_OR_RETURN(const bool exists, Read(place, wide_statics.get()));
    if (!exists) return false;
    Join(place, *wide_statics, {});
  }
  STOA_RETURN_IF_ERROR(Show(place, joined.get()));
  return true;
}

absl::Status Row::State::Show(const RowPlace& place, RowReader* reader) {
  view_state.columns = &reader->columns;
  RowBatch& batch = reader->row->batch();
  view_state.SetBatch(&batch);
  view_state.SetRow(0, &batch.runs[0]);
  complex_values.SetBatch(reader->columns, &batch);
  if (complex_values.any()) STOA_RETURN_IF_ERROR(complex_values.Assemble(0, 1));
  blobs.SetBatch(reader->columns, batch);
  return blobs.any() ? blobs.Load(*place.directory, 0, 1) : absl::OkStatus();
}

Row::Row() : state_(std::make_unique<State>()) {
  state_->view.state_ = &state_->view_state;
  state_->view_state.blobs = &state_->blobs;
  state_->view_state.complex_values = &state_->complex_values;
}
Row::~Row() = default;
Row::Row(Row&&) noexcept = default;
Row& Row::operator=(Row&&) noexcept = default;
const RowView& Row::view() const { return state_->view; }

absl::StatusOr<bool> Database::Engine::ReadRowAt(const DecisionPoint& point, const Table& table,
                                                 std::string_view partition_key, std::string_view clustering,
                                                 std::span<const ColumnId> columns, Row* row) {
  STOA_RETURN_IF_ERROR(row->state_->Prepare(table, columns));
  const Interruption never;
  RowPlace place{nullptr,        &store_->directory(),
                 point.sequence, point.now_seconds,
                 never,          OrderedToken(PartitionToken(partition_key)),
                 partition_key,  clustering};
  return row->state_->ReadFrom(point.view, &place);
}

absl::StatusOr<std::vector<ListElement>> Database::Engine::ReadListAt(
    const DecisionPoint& point, const WriteBatch::ListOperation& operation) {
  Row row;
  STOA_ASSIGN_OR_RETURN(const bool exists, ReadRowAt(point, operation.table, operation.partition_key,
                                                     operation.clustering, {&operation.column, 1}, &row));
  std::vector<ListElement> elements;
  const auto& view = row.state_->view_state;
  const ColumnVector* const vector = exists ? view.VectorWithCell(0) : nullptr;
  if (vector == nullptr) return elements;
  ComplexCellReader reader(view.batch->CellAt(*vector, view.row));
  for (ComplexElement element; reader.NextElement(&element);) {
    if (element.cell.tombstone || element.cell.expiry <= point.now_seconds) continue;
    elements.push_back({std::string(element.path), std::string(element.cell.bytes)});
  }
  return elements;
}

absl::StatusOr<bool> Database::ReadRow(const ReadOptions& options, const Table& table, Values partition_key,
                                       Values clustering, std::span<const ColumnId> columns, Row* row) const {
  STOA_RETURN_IF_ERROR(engine_->CheckOpen());
  Row::State& state = *row->state_;
  STOA_RETURN_IF_ERROR(state.Prepare(table, columns));
  state.key.clear();
  state.clustering.clear();
  STOA_RETURN_IF_ERROR(AppendPartitionKey(*table, partition_key, &state.key));
  STOA_RETURN_IF_ERROR(AppendClusteringKey(*table, clustering, &state.clustering));
  const Interruption interruption(engine_->env().clock, options.timeout_micros, options.stop);
  if (interruption.possible()) STOA_RETURN_IF_ERROR(interruption.Check(table->name()));
  RowPlace place{nullptr,      &engine_->store().directory(),           0,         0,
                 interruption, OrderedToken(PartitionToken(state.key)), state.key, state.clustering};
  if (options.snapshot != nullptr) {
    const SnapshotPoint& snapshot = *options.snapshot->state_->point;
    place.sequence = snapshot.sequence();
    place.now_seconds = snapshot.now_seconds();
    const std::shared_ptr<const View> view = snapshot.view();
    return state.ReadFrom(*view, &place);
  }
  place.now_seconds = engine_->env().clock.NowWallSeconds();
  const ReadPoint point = engine_->AcquireReadPoint(options.durable);
  place.sequence = point.sequence;
  return state.ReadFrom(*point.view, &place);
}

}  // namespace stoa
