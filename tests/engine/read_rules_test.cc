// The rules by which a reader, the writers and a flush agree on what is in which memtable, one by one, each
// at the moment when it matters.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/commit_pipeline.h"
#include "engine/compaction_job.h"
#include "engine/flush_job.h"
#include "engine/store.h"
#include "io/sim_file_system.h"
#include "model/sim_env.h"
#include "schema/schema_editor.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/row_stream.h"
#include "support/status.h"
#include "wal/log_writer.h"

namespace stoa {
namespace {

/// The parts of a database with one table, without the maintenance that connects them.
class Parts {
 public:
  Parts() : sim_(files_, 1) {
    REQUIRE_OK(files_.CreateDirectory("db"));
    std::unique_ptr<Directory> directory = ValueOf(files_.OpenDirectory("db"));
    std::unique_ptr<FileLock> lock = ValueOf(directory->Lock("LOCK"));
    store_ =
        std::make_unique<Store>(sim_.env, std::move(directory), std::move(lock), 1 << 20, 1 << 20, 1 << 20);
    table_ = std::make_shared<const TableSchema>(SchemaEditor::Create(
        1, ValueOf(TableSchema::Builder("t").PartitionKey("k", TypeKind::kInt).Build())));
    DatabaseState state;
    state.tables[1].schema = table_;
    REQUIRE_OK(store_->Begin(std::move(state), {}));
    log_ = ValueOf(LogWriter::Create(store_->directory(), LogWriterOptions(), 1, store_->start_sequence()));
    CommitPipeline::Start start;
    start.last_sequence = store_->start_sequence();
    start.sequence_ceiling = start.last_sequence + 1000;
    pipeline_ = std::make_unique<CommitPipeline>(
        start, *log_, store_->views(), sim_.clock, store_->health(),
        [this](uint64_t last) {
          if (before_group) before_group(last);
        },
        [] {});
  }

  /// Commits a row of its own.
  void Commit() {
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(table_, {++rows_}, {}, {}));
    Commit(batch);
  }
  void Commit(const WriteBatch& batch) { REQUIRE_OK(pipeline_->Commit(batch.mutations())); }
  void Seal(uint64_t sequence) {
    REQUIRE(store_->Seal(sequence, [](const TableView&) { return true; }) == 1);
  }
  std::unique_ptr<FlushJob> NewFlush(const std::function<uint64_t()>& visible) {
    return std::make_unique<FlushJob>(*store_, *log_, TableId{1}, visible, abort_,
                                      [this](const FlushJob::Outcome& outcome) {
                                        REQUIRE_OK(outcome.status);
                                        flushed_ = outcome.memtables.size();
                                      });
  }
  /// Runs a flush to its end. Returns how many memtables it says are flushed.
  size_t Run(FlushJob& job) {
    while (job.Step() == Job::Progress::kMore) {
    }
    return flushed_;
  }

  /// Seals and flushes what was committed.
  void Flush() {
    Seal(visible());
    REQUIRE(Run(*NewFlush([this] { return visible(); })) == 1);
  }
  /// Merges all SSTables.
  void Compact() {
    CompactionPlan plan;
    for (const auto& sstable : table()->sstables) plan.inputs.push_back(sstable->metadata().number);
    Compaction::Start(
        std::make_shared<Compaction>(
            *store_, 1, TableId{1}, plan, std::vector<MergedPiece>(),
            Compaction::Context{abort_, closing_, throttle_},
            [](const CompactionPlan&, const Compaction::Outcome& outcome) { REQUIRE_OK(outcome.status); }),
        1);
    sim_.executor.RunAll();
  }

  const Table& schema() const { return table_; }
  ManualClock& clock() { return sim_.clock; }
  Store& store() { return *store_; }
  uint64_t visible() const { return pipeline_->visible_sequence(); }
  uint64_t start() const { return store_->start_sequence(); }
  std::shared_ptr<const TableView> table() { return store_->views().Get()->tables().at(1); }

  /// How many rows a reader of `view` finds with sequences up to `sequence`.
  uint64_t CountRows(const View& view, uint64_t sequence) const {
    const TableView& table = *view.Find(1);
    uint64_t rows = CountRows(*table.active, sequence);
    for (const SealedMemtable& sealed : table.sealed) rows += CountRows(*sealed.memtable, sequence);
    for (const auto& sstable : table.sstables) rows += sstable->metadata().row_count;
    return rows;
  }
  static uint64_t CountRows(const Memtable& memtable, uint64_t sequence) {
    const Projection none;
    ScanSpec spec;
    spec.projection = &none;
    const std::unique_ptr<RowSource> source = memtable.NewSource(spec, sequence);
    return testing::RowCount(ValueOf(testing::ReadContent(source.get(), spec)));
  }

  /// What the leader does between groups.
  std::function<void(uint64_t)> before_group;

 private:
  SimFileSystem files_;
  SimEnv sim_;
  std::atomic<bool> abort_{false};
  std::atomic<bool> closing_{false};
  MergeThrottle throttle_{0};
  Table table_;
  int64_t rows_ = 0;
  size_t flushed_ = 0;
  std::unique_ptr<Store> store_;
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<CommitPipeline> pipeline_;
};

}  // namespace

// Goal: a reader sees everything up to its sequence, whatever happens between its looking at the view and at
// the sequence. Method: there, the memtable of the view is sealed and something is committed to the next.
TEST_CASE("a reader does not claim what came after its view [rule]") {
  Parts parts;
  parts.Commit();
  const ReadPoint point = AcquireReadPoint(parts.store().views(), [&] {
    parts.Commit();
    parts.Seal(parts.visible());
    parts.Commit();
    parts.Commit();
    return parts.visible();
  });
  CHECK(point.sequence - parts.start() == 2);
  CHECK(parts.CountRows(*point.view, point.sequence) == point.sequence - parts.start());
  const ReadPoint now = AcquireReadPoint(parts.store().views(), [&] { return parts.visible(); });
  CHECK(now.sequence - parts.start() == 4);
  CHECK(parts.CountRows(*now.view, now.sequence) == 4);
  const ReadPoint earlier = AcquireReadPoint(parts.store().views(), [&] { return parts.start() + 3; });
  CHECK(parts.CountRows(*earlier.view, earlier.sequence) == 3);
}

// Goal: a memtable holds exactly the sequences up to its seal: the view with its successor is there before
// the first write to that. Method: the leader seals before a group, as maintenance does.
TEST_CASE("a group is written to the memtable that was published before it [rule]") {
  Parts parts;
  parts.Commit();
  parts.before_group = [&](uint64_t last) {
    parts.before_group = nullptr;
    parts.Seal(last);
  };
  parts.Commit();
  const auto table = parts.table();
  REQUIRE(table->sealed.size() == 1);
  CHECK(table->sealed[0].seal_sequence == parts.start() + 1);
  CHECK(Parts::CountRows(*table->sealed[0].memtable, UINT64_MAX) == 1);
  CHECK(Parts::CountRows(*table->active, UINT64_MAX) == 1);
}

// Goal: a memtable is flushed only when nobody writes to it any more. Method: a flush that finds a seal
// sequence which is not visible yet, then one to which it is.
TEST_CASE("a flush waits until the seal is visible [rule]") {
  Parts parts;
  parts.Commit();
  parts.Seal(parts.visible());
  parts.Commit();
  parts.Seal(parts.visible());
  uint64_t visible = parts.start();
  for (const size_t sealed : {2, 1, 0}) {
    const auto job = parts.NewFlush([&] { return visible; });
    CHECK(parts.Run(*job) == (sealed == 2 ? 0 : 1));
    const auto table = parts.table();
    CHECK(table->sealed.size() == sealed);
    CHECK(table->flushed_sequence == visible);
    CHECK(table->sstables.size() == 2 - sealed);
    CHECK(parts.CountRows(*parts.store().views().Get(), UINT64_MAX) == 2);
    ++visible;
  }
}

// Goal: memtables of a table are installed in order, each once. Method: two flushes begin, of one memtable
// and of it and the next; they end in either order, and between them a third is sealed.
TEST_CASE("flushes of a table are installed in order [rule]") {
  for (const bool first_ends_first : {true, false}) {
    Parts parts;
    parts.Commit();
    parts.Seal(parts.visible());
    const auto first = parts.NewFlush([&] { return parts.visible(); });
    REQUIRE(first->Step() == Job::Progress::kMore);
    parts.Commit();
    parts.Seal(parts.visible());
    const auto both = parts.NewFlush([&] { return parts.visible(); });
    REQUIRE(both->Step() == Job::Progress::kMore);
    parts.Run(first_ends_first ? *first : *both);
    parts.Commit();
    parts.Seal(parts.visible());
    parts.Run(first_ends_first ? *both : *first);
    // What ended second found that it came too late, and left things as they were.
    const auto table = parts.table();
    CHECK(table->flushed_sequence == parts.start() + (first_ends_first ? 1 : 2));
    CHECK(table->sealed.size() == (first_ends_first ? 2 : 1));
    CHECK(table->sstables.size() == 1);
    CHECK(parts.store().state().tables.at(1).flushed_sequence == table->flushed_sequence);
    CHECK(parts.CountRows(*parts.store().views().Get(), UINT64_MAX) == 3);
  }
}

// Goal: a merge keeps a deletion while a memtable holds something that it hides. Method: a deletion in a file
// by itself, which may be purged, and an older write: nowhere, in the active memtable, in a sealed one.
TEST_CASE("a merge keeps what memtables need [rule]") {
  enum class Place { kNowhere, kActive, kSealed };
  for (const Place place : {Place::kNowhere, Place::kActive, Place::kSealed}) {
    Parts parts;
    WriteBatch deletion;
    REQUIRE_OK(deletion.DeletePartition(parts.schema(), {1}));
    parts.Commit(deletion);
    parts.Flush();
    parts.clock().Advance(10'000'000);
    if (place != Place::kNowhere) {
      WriteAttributes older;
      older.timestamp_micros = 5;
      WriteBatch write;
      REQUIRE_OK(write.Upsert(parts.schema(), {1}, {}, {}, older));
      parts.Commit(write);
    }
    if (place == Place::kSealed) parts.Seal(parts.visible());
    parts.Compact();
    const auto table = parts.table();
    REQUIRE(table->sstables.size() == (place == Place::kNowhere ? 0 : 1));
    if (place != Place::kNowhere) CHECK(table->sstables[0]->metadata().tombstone_count == 1);
  }
}

}  // namespace stoa
