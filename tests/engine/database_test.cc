// The public API: what it promises beside what the model tests compare.
#include <stoa/database.h>

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "io/env.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {
namespace {

TableSchema SensorSchema(const std::string& name = "readings") {
  return ValueOf(TableSchema::Builder(name)
                     .PartitionKey("sensor", TypeKind::kText)
                     .Clustering("time", TypeKind::kTimestamp, ClusteringOrder::kDescending)
                     .Regular("value", TypeKind::kDouble)
                     .Regular("note", TypeKind::kText)
                     .Build());
}

/// A database in simulated files.
struct SimDatabase {
  SimDatabase() : sim(files, 1) {
    options.env = &sim.env;
    options.memory_budget_bytes = 4 << 20;
    Open();
  }
  void Open() { database = ValueOf(Database::Open(options, "db")); }

  SimFileSystem files;
  SimEnv sim;
  Options options;
  std::unique_ptr<Database> database;
};

absl::Status Put(Database& database, const Table& table, std::string_view sensor, int64_t time, double value,
                 const WriteOptions& options = {}) {
  WriteBatch batch;
  absl::Status status = batch.Upsert(table, {sensor}, {Timestamp{time}}, {{table->regular()[0].id, value}});
  return status.ok() ? database.Write(options, batch) : status;
}

size_t CountRows(Database& database, const Query& query) {
  Cursor cursor = ValueOf(database.Read(ReadOptions{}, query));
  size_t rows = 0;
  while (cursor.Next()) ++rows;
  REQUIRE_OK(cursor.status());
  return rows;
}

std::string Message(const absl::Status& status) { return std::string(FromAbsl(status.message())); }

}  // namespace

// Goal: misuse of a schema names table, column, given and expected type, and leaves the batch as it was.
// Method: golden messages.
TEST_CASE("schema misuse is explained") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  const ColumnId value = table->FindColumn("value")->id;
  WriteBatch batch;
  const absl::Status wrong_type = batch.Upsert(table, {"s"}, {Timestamp{1}}, {{value, "text"}});
  REQUIRE(wrong_type.code() == absl::StatusCode::kInvalidArgument);
  REQUIRE(Message(wrong_type) == "table readings: column value: given text, expected double");
  const absl::Status wrong_key = batch.Upsert(table, {7}, {Timestamp{1}}, {{value, 1.0}});
  REQUIRE(Message(wrong_key).find("column sensor") != std::string::npos);
  REQUIRE(!batch.Upsert(table, {"s"}, {}, {{value, 1.0}}).ok());
  REQUIRE(!batch.Upsert(table, {"s"}, {Timestamp{1}}, {{value, 1.0}, {value, 2.0}}).ok());
  REQUIRE(!batch.Upsert(table, {"s"}, {Timestamp{1}}, {{99, 1.0}}).ok());
  REQUIRE(!batch.Update(table, {"s"}, {Timestamp{1}}, {}).ok());
  WriteAttributes ttl;
  ttl.ttl_seconds = -1;
  REQUIRE(!batch.Upsert(table, {"s"}, {Timestamp{1}}, {{value, 1.0}}, ttl).ok());
  REQUIRE(batch.empty());
  REQUIRE(batch.byte_count() == 0);
}

// Goal: options out of range are all named. Method: two at once.
TEST_CASE("options out of range are named") {
  Options options;
  options.background_threads = 0;
  options.sync_interval_ms = 0;
  const absl::Status status = Database::Open(options, "nowhere").status();
  REQUIRE(status.code() == absl::StatusCode::kInvalidArgument);
  REQUIRE(Message(status).find("background_threads is 0, allowed are 1 to 64") != std::string::npos);
  REQUIRE(Message(status).find("sync_interval_ms is 0") != std::string::npos);
}

// Goal: a second opening is refused while the first is open. Method: same files, then after the first is
// gone.
TEST_CASE("one handle at a time") {
  SimDatabase sim;
  REQUIRE(Database::Open(sim.options, "db").status().code() == absl::StatusCode::kFailedPrecondition);
  sim.database.reset();
  REQUIRE_OK(Database::Open(sim.options, "db"));
}

// Goal: a closed database refuses everything. Method: one call of each kind.
TEST_CASE("closed database") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  REQUIRE_OK(sim.database->Close());
  REQUIRE(Put(*sim.database, table, "s", 1, 1).code() == absl::StatusCode::kFailedPrecondition);
  REQUIRE(!sim.database->Read(ReadOptions{}, Query(table)).ok());
  REQUIRE(!sim.database->Flush().ok());
  REQUIRE(!sim.database->Close().ok());
}

// Goal: tables come and go. Method: create twice, open, list, drop, use after drop, create again under the
// same name.
TEST_CASE("tables are created, dropped and created again") {
  SimDatabase sim;
  const Table old = ValueOf(sim.database->CreateTable(SensorSchema()));
  REQUIRE(sim.database->CreateTable(SensorSchema()).status().code() == absl::StatusCode::kAlreadyExists);
  REQUIRE_OK(Put(*sim.database, old, "s", 1, 1));
  REQUIRE_OK(sim.database->DropTable("readings"));
  REQUIRE(sim.database->OpenTable("readings").status().code() == absl::StatusCode::kNotFound);
  REQUIRE(Put(*sim.database, old, "s", 1, 1).code() == absl::StatusCode::kNotFound);
  REQUIRE(!sim.database->Read(ReadOptions{}, Query(old)).ok());
  const Table fresh = ValueOf(sim.database->CreateTable(SensorSchema()));
  REQUIRE(fresh->id() != old->id());
  REQUIRE(CountRows(*sim.database, Query(fresh)) == 0);
  REQUIRE(sim.database->ListTables().size() == 1);
}

// Goal: everything in a database survives a clean close, and the next opening has nothing to replay. Method:
// report and rows.
TEST_CASE("clean close and reopen") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  for (int i = 0; i < 100; ++i) REQUIRE_OK(Put(*sim.database, table, "s", i, i));
  REQUIRE_OK(sim.database->Close());
  sim.database.reset();
  sim.Open();
  REQUIRE(sim.database->recovery_report().clean);
  REQUIRE(sim.database->recovery_report().log_records == 0);
  REQUIRE(sim.database->recovery_report().files_removed == 0);
  REQUIRE(CountRows(*sim.database, Query(ValueOf(sim.database->OpenTable("readings")))) == 100);
}

// Goal: automatic timestamps never repeat or go back, whatever the clock does. Method: the clock stands, then
// jumps back, over a reopening.
TEST_CASE("automatic timestamps grow [rule]") {
  SimDatabase sim;
  Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  int64_t last = INT64_MIN;
  const auto write_and_check = [&] {
    REQUIRE_OK(Put(*sim.database, table, "s", 1, 1));
    Row row;
    REQUIRE(ValueOf(sim.database->ReadRow(ReadOptions{}, table, {"s"}, {Timestamp{1}}, {}, &row)));
    REQUIRE(row.view().write_timestamp(0) > last);
    last = row.view().write_timestamp(0);
  };
  for (int i = 0; i < 3; ++i) write_and_check();
  sim.sim.clock.SetWall(SimEnv::kStartMicros - 1'000'000'000);
  for (int i = 0; i < 3; ++i) write_and_check();
  REQUIRE_OK(sim.database->Close());
  sim.database.reset();
  sim.Open();
  table = ValueOf(sim.database->OpenTable("readings"));
  write_and_check();
  sim.database.reset();
  sim.Open();
  table = ValueOf(sim.database->OpenTable("readings"));
  write_and_check();
}

// Goal: what is written later is also newer than what had a timestamp of its own, if that was not in the
// future, although automatic timestamps are of whole milliseconds. Method: in the middle of one, without and
// with reopening the database meanwhile.
TEST_CASE("automatic timestamps are greater than those given before [rule]") {
  for (const bool reopens : {false, true}) {
    SimDatabase sim;
    sim.sim.clock.SetWall(SimEnv::kStartMicros / 1000 * 1000 + 10'700);
    Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
    const ColumnId note = table->FindColumn("note")->id;
    WriteAttributes given;
    given.timestamp_micros = sim.sim.clock.NowWallMicros();
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(table, {"s"}, {Timestamp{1}}, {{note, "given"}}, given));
    REQUIRE_OK(sim.database->Write(WriteOptions(), batch));
    if (reopens) {
      REQUIRE_OK(sim.database->Close());
      sim.database.reset();
      sim.sim.clock.Advance(1);
      sim.Open();
      table = ValueOf(sim.database->OpenTable("readings"));
    }
    batch.Clear();
    REQUIRE_OK(batch.Upsert(table, {"s"}, {Timestamp{1}}, {{note, "automatic"}}));
    REQUIRE_OK(sim.database->Write(WriteOptions(), batch));
    Row row;
    REQUIRE(
        ValueOf(sim.database->ReadRow(ReadOptions{}, table, {"s"}, {Timestamp{1}}, std::vector{note}, &row)));
    CHECK(row.view().write_timestamp(0) > given.timestamp_micros);
    CHECK(row.view().write_timestamp(0) <= sim.sim.clock.NowWallMicros() + 1);
  }
}

// Goal: the same where neither the clock nor the log knows what was used: the manifest remembers it. Method:
// a row is flushed, its segment of the log let go, all that came after lost with the power; then the clock is
// behind.
TEST_CASE("automatic timestamps grow though their log is gone [rule]") {
  SimDatabase sim;
  sim.options.wal_segment_bytes = 4 << 10;
  sim.options.wal_bytes_max = 8 << 10;
  sim.database.reset();
  sim.Open();
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  WriteOptions unsynced;
  unsynced.durability = Durability::kProcess;
  REQUIRE_OK(Put(*sim.database, table, "s", 1, 1, unsynced));
  REQUIRE_OK(sim.database->Flush());
  // More than there is room for in the segment.
  WriteBatch batch;
  const std::string note(3900, 'x');
  REQUIRE_OK(batch.Upsert(table, {"s"}, {Timestamp{2}}, {{table->FindColumn("note")->id, note}}));
  REQUIRE_OK(sim.database->Write(unsynced, batch));
  sim.sim.executor.RunAll();
  ImageChoice choice;
  choice.policy = ImageChoice::Policy::kNothingUnsynced;
  const std::unique_ptr<SimFileSystem> image = sim.files.CrashImage(choice);

  SimEnv later(*image, 2, SimEnv::kStartMicros - 1'000'000'000);
  Options options = sim.options;
  options.env = &later.env;
  const std::unique_ptr<Database> database = ValueOf(Database::Open(options, "db"));
  REQUIRE(database->recovery_report().log_records == 0);
  const Table again = ValueOf(database->OpenTable("readings"));
  Row row;
  REQUIRE(ValueOf(database->ReadRow(ReadOptions(), again, {"s"}, {Timestamp{1}}, {}, &row)));
  const int64_t before = row.view().write_timestamp(0);
  REQUIRE(before >= SimEnv::kStartMicros);
  REQUIRE_OK(Put(*database, again, "s", 1, 2));
  REQUIRE(ValueOf(database->ReadRow(ReadOptions(), again, {"s"}, {Timestamp{1}}, {}, &row)));
  REQUIRE(row.view().write_timestamp(0) > before);
}

// Goal: no sequence is given to two commits. Method: the sequence of a snapshot, over the death of the
// process and over a clean close.
TEST_CASE("sequences are not used again [rule]") {
  SimDatabase sim;
  REQUIRE_OK(sim.database->CreateTable(SensorSchema()));
  uint64_t last = 0;
  for (const bool close : {false, true, false}) {
    REQUIRE_OK(Put(*sim.database, ValueOf(sim.database->OpenTable("readings")), "s", 1, 1));
    const uint64_t sequence = ValueOf(sim.database->GetSnapshot())->sequence();
    REQUIRE(sequence > last);
    last = sequence;
    if (close) REQUIRE_OK(sim.database->Close());
    sim.database.reset();
    sim.Open();
  }
}

// Goal: readers who ask for it see nothing that a power failure could take back. Method: a write that is not
// synced, read in every way before and after the sync.
TEST_CASE("durable reads stop at what is synced [rule]") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  WriteOptions unsynced;
  unsynced.durability = Durability::kProcess;
  REQUIRE_OK(Put(*sim.database, table, "s", 1, 1, unsynced));
  ReadOptions durable;
  durable.durable = true;
  for (const bool synced : {false, true}) {
    Row row;
    REQUIRE(ValueOf(sim.database->ReadRow(durable, table, {"s"}, {Timestamp{1}}, {}, &row)) == synced);
    REQUIRE(ValueOf(sim.database->ReadRow(ReadOptions(), table, {"s"}, {Timestamp{1}}, {}, &row)));
    Cursor cursor = ValueOf(sim.database->Read(durable, Query(table)));
    REQUIRE(cursor.Next() == synced);
    REQUIRE_OK(sim.database->Sync());
  }
}

// Goal: a full disk refuses writes, keeps what there is readable, and is over when space is. Method: capacity
// taken away and given back.
TEST_CASE("full disk is not the end") {
  SimDatabase sim;
  sim.database.reset();
  sim.options.wal_segment_bytes = 4 << 10;
  sim.options.wal_bytes_max = 8 << 10;
  sim.Open();
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  int written = 0;
  sim.files.SetCapacity(sim.files.used_bytes() + (24 << 10));
  absl::Status status;
  for (int i = 0; i < 10000 && status.ok(); ++i) {
    status = Put(*sim.database, table, "s", i, i);
    if (status.ok()) ++written;
  }
  REQUIRE(status.code() == absl::StatusCode::kResourceExhausted);
  REQUIRE(CountRows(*sim.database, Query(table)) == static_cast<size_t>(written));
  sim.files.SetCapacity(64 << 20);
  REQUIRE_OK(Put(*sim.database, table, "s", 1'000'000, 1));
  REQUIRE(CountRows(*sim.database, Query(table)) == static_cast<size_t>(written) + 1);
  REQUIRE_OK(sim.database->Close());
}

// Goal: limits of every kind and resuming between them. Method: 3 partitions of 10 rows, pages of every size,
// per-partition limits.
TEST_CASE("limits and pages") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  for (const char* sensor : {"a", "b", "c"}) {
    for (int i = 0; i < 10; ++i) REQUIRE_OK(Put(*sim.database, table, sensor, i, i));
  }
  REQUIRE_OK(sim.database->Flush());
  for (uint64_t per_partition : {uint64_t{1}, uint64_t{4}, uint64_t{10}, uint64_t{20}}) {
    for (uint64_t page = 1; page <= 31; ++page) {
      size_t rows = 0;
      std::string paging_state;
      do {
        Query query(table);
        query.PerPartitionLimit(per_partition).Limit(page);
        if (!paging_state.empty()) query.Resume(paging_state);
        Cursor cursor = ValueOf(sim.database->Read(ReadOptions{}, query));
        while (cursor.Next()) ++rows;
        REQUIRE_OK(cursor.status());
        paging_state = cursor.paging_state();
      } while (!paging_state.empty());
      INFO("per partition " << per_partition << ", page " << page);
      REQUIRE(rows == 3 * std::min<uint64_t>(per_partition, 10));
    }
  }
  REQUIRE(!sim.database->Read(ReadOptions{}, Query(table).Resume("garbage")).ok());
}

// Goal: a stop token and a timeout end reads of every kind, and nothing but those they were given to. Method:
// more rows than a block holds, on disk; the stop is requested between two of them, the clock is moved by
// hand.
TEST_CASE("reads are stopped and time out") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  constexpr int64_t kRows = 20'000;
  for (int64_t i = 0; i < kRows; ++i) REQUIRE_OK(Put(*sim.database, table, "s", i, 1.0));
  REQUIRE_OK(sim.database->Flush());
  std::stop_source stop;
  ReadOptions stoppable;
  stoppable.stop = stop.get_token();
  ReadOptions timed;
  timed.timeout_micros = 1000;

  Cursor stopped = ValueOf(sim.database->Read(stoppable, Query(table)));
  Cursor late = ValueOf(sim.database->Read(timed, Query(table)));
  Cursor unconcerned = ValueOf(sim.database->Read(ReadOptions{}, Query(table)));
  for (Cursor* cursor : {&stopped, &late, &unconcerned}) REQUIRE(cursor->Next());
  Row row;
  REQUIRE(ValueOf(sim.database->ReadRow(stoppable, table, {"s"}, {Timestamp{7}}, {}, &row)));
  stop.request_stop();
  sim.sim.clock.Advance(1001);

  const auto rest = [](Cursor* cursor) {
    int64_t rows = 1;
    while (cursor->Next()) ++rows;
    return rows;
  };
  REQUIRE(rest(&stopped) < kRows / 2);
  REQUIRE(stopped.status().code() == absl::StatusCode::kCancelled);
  REQUIRE(Message(stopped.status()) == "the read of table readings was stopped by its stop token");
  REQUIRE(!stopped.Next());
  REQUIRE(rest(&late) < kRows / 2);
  REQUIRE(late.status().code() == absl::StatusCode::kDeadlineExceeded);
  REQUIRE(rest(&unconcerned) == kRows);
  REQUIRE_OK(unconcerned.status());

  REQUIRE(sim.database->Read(stoppable, Query(table)).status().code() == absl::StatusCode::kCancelled);
  REQUIRE(sim.database->ReadRow(stoppable, table, {"s"}, {Timestamp{7}}, {}, &row).status().code() ==
          absl::StatusCode::kCancelled);
  REQUIRE(ValueOf(sim.database->ReadRow(timed, table, {"s"}, {Timestamp{7}}, {}, &row)));
  REQUIRE_OK(sim.database->Close());
}

// Goal: token ranges cover a table without gap or overlap. Method: rows of the parts add up.
// Goal: what cursors and merges keep is seen, and given back. Method: a cursor in the middle of an SSTable
// and a merge that ran, and the account after them.
TEST_CASE("memory of cursors and merges is counted") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  for (int64_t part = 0; part < 2; ++part) {
    for (int64_t i = 0; i < 5000; ++i) REQUIRE_OK(Put(*sim.database, table, "s", 2 * i + part, 1.0));
    REQUIRE_OK(sim.database->Flush());
  }
  REQUIRE(sim.database->metrics().buffer_bytes == 0);
  {
    Cursor cursor = ValueOf(sim.database->Read(ReadOptions{}, Query(table)));
    const size_t rows = cursor.NextBatch();
    REQUIRE(rows > 0);
    REQUIRE(sim.database->metrics().buffer_bytes > rows * sizeof(double));
  }
  REQUIRE(sim.database->metrics().buffer_bytes == 0);
  REQUIRE_OK(sim.database->Compact("readings"));
  REQUIRE(sim.database->metrics().buffer_bytes == 0);
  REQUIRE_OK(sim.database->Close());
}

// Goal: reads give up per block, not per row that they find. Method: a clock that moves on whenever it is
// read, and a condition that no row fulfils but that no zone map rules out: fewer rows than blocks come out,
// of which there are many.
TEST_CASE("reads that find nothing time out") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  const ColumnId value = table->FindColumn("value")->id;
  for (int64_t i = 0; i < 40'000; ++i) REQUIRE_OK(Put(*sim.database, table, "s", i, i % 2 == 0 ? 1.0 : 3.0));
  REQUIRE_OK(sim.database->Close());
  class TickingClock : public Clock {
   public:
    int64_t NowWallMicros() override { return SimEnv::kStartMicros; }
    int64_t NowMonotonicMicros() override { return now_++; }

   private:
    std::atomic<int64_t> now_{0};
  } clock;
  Env env(sim.files, clock, sim.sim.executor, sim.sim.ids);
  sim.options.env = &env;
  sim.Open();
  Query query(table);
  query.Where(value, Comparison::kEqual, 2.0);
  ReadOptions timed;
  for (const int64_t timeout : {5, 1'000'000}) {
    timed.timeout_micros = timeout;
    Cursor cursor = ValueOf(sim.database->Read(timed, query));
    REQUIRE(!cursor.Next());
    REQUIRE(cursor.status().code() ==
            (timeout == 5 ? absl::StatusCode::kDeadlineExceeded : absl::StatusCode::kOk));
  }
  REQUIRE_OK(sim.database->Close());
  sim.database.reset();
}

TEST_CASE("token ranges add up") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  for (int i = 0; i < 500; ++i) REQUIRE_OK(Put(*sim.database, table, StrCat("sensor", i), i % 3, i));
  for (const bool flushed : {false, true}) {
    if (flushed) REQUIRE_OK(sim.database->Flush());
    for (const size_t parts : {1, 2, 7, 64}) {
      size_t rows = 0;
      for (const TokenRange& range : sim.database->SplitTokens(table, parts)) {
        rows += CountRows(*sim.database, Query(table).Tokens(range));
      }
      REQUIRE(rows == 500);
    }
  }
}

// Goal: the token of a key is that by which scans are ordered. Method: from the token of each of many keys
// on, the first partition is that of the key, and to that token it is the last.
TEST_CASE("a scan begins at the token of a key [rule]") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  constexpr int kPartitions = 50;
  for (int i = 0; i < kPartitions; ++i) {
    REQUIRE_OK(Put(*sim.database, table, StrCat("sensor", i), 1, i));
  }
  for (int i = 0; i < kPartitions; ++i) {
    const std::string key = StrCat("sensor", i);
    const int64_t token = ValueOf(PartitionToken(*table, {key}));
    Query from(table);
    from.Tokens({token, INT64_MAX});
    Cursor cursor = ValueOf(sim.database->Read(ReadOptions(), from));
    REQUIRE(cursor.Next());
    CHECK(cursor.row().partition_key(0).text() == key);
    Query before(table);
    before.Tokens({INT64_MIN, token - 1});
    Query rest(table);
    rest.Tokens({token, INT64_MAX});
    CHECK(CountRows(*sim.database, before) + CountRows(*sim.database, rest) == kPartitions);
  }
  CHECK(PartitionToken(*table, {7}).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(PartitionToken(*table, {}).status().code() == absl::StatusCode::kInvalidArgument);
}

// Goal: conditions keep exactly the rows that satisfy them, whatever is in memory or on disk. Method: every
// comparison against a loop.
TEST_CASE("conditions") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  const ColumnId value = table->FindColumn("value")->id;
  for (int i = 0; i < 3000; ++i) {
    REQUIRE_OK(Put(*sim.database, table, StrCat("s", i % 5), i, i / 10));
    if (i == 1500) REQUIRE_OK(sim.database->Flush());
  }
  const auto expect = [&](Comparison comparison, double bound) {
    size_t rows = 0;
    for (int i = 0; i < 3000; ++i) {
      const double v = i / 10;
      rows += (comparison == Comparison::kEqual && v == bound) ||
              (comparison == Comparison::kLess && v < bound) ||
              (comparison == Comparison::kLessOrEqual && v <= bound) ||
              (comparison == Comparison::kGreater && v > bound) ||
              (comparison == Comparison::kGreaterOrEqual && v >= bound);
    }
    return rows;
  };
  for (const Comparison comparison : {Comparison::kEqual, Comparison::kLess, Comparison::kLessOrEqual,
                                      Comparison::kGreater, Comparison::kGreaterOrEqual}) {
    for (const double bound : {-1.0, 0.0, 7.0, 7.5, 299.0, 300.0}) {
      REQUIRE(CountRows(*sim.database, Query(table).Where(value, comparison, bound)) ==
              expect(comparison, bound));
    }
  }
}

// Goal: batches of one column agree with rows. Method: sum both ways.
TEST_CASE("column batches agree with rows") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  const ColumnId value = table->FindColumn("value")->id;
  for (int i = 0; i < 2000; ++i) REQUIRE_OK(Put(*sim.database, table, StrCat("s", i % 7), i, i * 0.25));
  REQUIRE_OK(sim.database->Flush());
  for (int i = 2000; i < 2500; ++i) REQUIRE_OK(Put(*sim.database, table, StrCat("s", i % 7), i, i * 0.25));
  double by_row = 0;
  Cursor rows = ValueOf(sim.database->Read(ReadOptions{}, Query(table).Columns({value})));
  while (rows.Next()) by_row += rows.row()[0].double_value();
  double by_batch = 0;
  Cursor batches = ValueOf(sim.database->Read(ReadOptions{}, Query(table).Columns({value})));
  while (const size_t count = batches.NextBatch()) {
    const ColumnData data = batches.column(0);
    for (size_t i = 0; i < count; ++i) {
      if (!data.IsNull(i)) by_batch += data.as_double(i);
    }
  }
  REQUIRE_OK(batches.status());
  REQUIRE(by_row == by_batch);
  REQUIRE(by_row == 0.25 * 2499 * 2500 / 2);
}

// Goal: whether a row exists depends on all its columns, also on those that are not asked for. Method: rows
// written by updates of one column, read by the other; in memory and on disk, whole, by row, under a deletion
// that spares the newer cell.
TEST_CASE("rows live by columns that are not asked for") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  const ColumnId value = table->FindColumn("value")->id;
  const ColumnId note = table->FindColumn("note")->id;
  const auto at = [](int64_t timestamp) {
    WriteAttributes attributes;
    attributes.timestamp_micros = timestamp;
    return attributes;
  };
  WriteBatch batch;
  // An updated row without a marker, a row with one, and a row with one whose note is newer.
  REQUIRE_OK(batch.Update(table, {"s"}, {Timestamp{1}}, {{note, "only"}}, at(10)));
  REQUIRE_OK(batch.Upsert(table, {"s"}, {Timestamp{2}}, {{value, 1.0}}, at(10)));
  REQUIRE_OK(batch.Upsert(table, {"s"}, {Timestamp{3}}, {{value, 1.0}}, at(10)));
  REQUIRE_OK(batch.Update(table, {"s"}, {Timestamp{3}}, {{note, "newer"}}, at(30)));
  REQUIRE_OK(sim.database->Write(WriteOptions{}, batch));
  for (const int stage : {0, 1, 2, 3}) {
    if (stage == 1 || stage == 3) REQUIRE_OK(sim.database->Flush());
    if (stage == 2) {
      batch.Clear();
      REQUIRE_OK(batch.DeleteRow(table, {"s"}, {Timestamp{3}}, at(20)));
      REQUIRE_OK(sim.database->Write(WriteOptions{}, batch));
    }
    INFO("stage " << stage);
    REQUIRE(CountRows(*sim.database, Query(table).Columns({value})) == 3);
    REQUIRE(CountRows(*sim.database, Query(table).Columns({note})) == 3);
    for (const int64_t time : {1, 2, 3, 4}) {
      Row row;
      const ColumnId columns[] = {value};
      REQUIRE(ValueOf(sim.database->ReadRow(ReadOptions{}, table, {"s"}, {Timestamp{time}}, columns, &row)) ==
              (time < 4));
      if (time == 1) REQUIRE(row[0].is_null());
    }
  }
}

// Goal: a partition over several sources, some of which begin in the middle, is whole in column batches.
// Method: rows interleaved in memtable and SSTables, counted.
TEST_CASE("column batches of one partition over several sources") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  for (int i = 0; i < 3000; ++i) {
    REQUIRE_OK(Put(*sim.database, table, "s", i * 7919 % 3000, i));
    if (i == 1000 || i == 1800) REQUIRE_OK(sim.database->Flush());
  }
  for (const int64_t from : {0, 1, 500, 2999}) {
    Query query(table);
    query.Partition({"s"}).Slice({{Timestamp{2999}}, true, {Timestamp{from}}, true});
    Cursor cursor = ValueOf(sim.database->Read(ReadOptions{}, query));
    size_t rows = 0;
    while (const size_t count = cursor.NextBatch()) rows += count;
    REQUIRE_OK(cursor.status());
    REQUIRE(rows == static_cast<size_t>(3000 - from));
  }
}

// Goal: a deletion stays as long as something that it hides may be in a file outside the merge, though it
// could be purged by its age. Method: a large file with the rows, four small ones over each other with
// their deletions, which are merged by themselves.
TEST_CASE("deletions outlive what they hide [rule]") {
  SimDatabase sim;
  const Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  const ColumnId value = table->FindColumn("value")->id;
  WriteAttributes old;
  old.timestamp_micros = 5;
  WriteBatch batch;
  for (int i = 0; i < 20000; ++i)
    REQUIRE_OK(batch.Upsert(table, {"s"}, {Timestamp{i}}, {{value, i * 1.37}}, old));
  REQUIRE_OK(sim.database->Write(WriteOptions{}, batch));
  REQUIRE_OK(sim.database->Flush());
  for (int i = 0; i < 4; ++i) {
    sim.sim.clock.Advance(10'000'000);
    batch.Clear();
    for (const int row : {i, i + 10000}) REQUIRE_OK(batch.DeleteRow(table, {"s"}, {Timestamp{row}}));
    REQUIRE_OK(sim.database->Write(WriteOptions{}, batch));
    REQUIRE_OK(sim.database->Flush());
  }
  sim.sim.clock.Advance(10'000'000);
  sim.sim.executor.RunAll();
  REQUIRE(sim.database->metrics().compactions == 1);
  REQUIRE(sim.database->metrics().sstables == 2);
  REQUIRE(CountRows(*sim.database, Query(table)) == 20000 - 8);
  // Merged with the rows they hide, they go.
  REQUIRE_OK(sim.database->Compact("readings"));
  REQUIRE(CountRows(*sim.database, Query(table)) == 20000 - 8);
  REQUIRE(sim.database->Describe("readings")->find(" 0 tombstones") != std::string::npos);
}

// Goal: cells of any size come back. Method: up to several MiB, through log, memtable, SSTable and reopening.
TEST_CASE("large cells") {
  SimDatabase sim;
  sim.database.reset();
  sim.options.memory_budget_bytes = 256 << 20;
  sim.Open();
  Table table = ValueOf(sim.database->CreateTable(SensorSchema()));
  const ColumnId note = table->FindColumn("note")->id;
  const std::vector<size_t> sizes = {0, 1, 100, 65536, 1 << 20, 20 << 20};
  for (size_t i = 0; i < sizes.size(); ++i) {
    const std::string text(sizes[i], static_cast<char>('a' + i));
    WriteBatch batch;
    REQUIRE_OK(batch.Upsert(table, {"s"}, {Timestamp{static_cast<int64_t>(i)}}, {{note, text}}));
    REQUIRE_OK(sim.database->Write(WriteOptions{}, batch));
  }
  for (const bool reopened : {false, true}) {
    if (reopened) {
      sim.database.reset();
      sim.Open();
      table = ValueOf(sim.database->OpenTable("readings"));
    }
    for (size_t i = 0; i < sizes.size(); ++i) {
      Row row;
      REQUIRE(ValueOf(sim.database->ReadRow(ReadOptions{}, table, {"s"}, {Timestamp{static_cast<int64_t>(i)}},
                                            {}, &row)));
      REQUIRE(row[1].text() == std::string(sizes[i], static_cast<char>('a' + i)));
    }
  }
}

// Goal: threads write and read at once without losing or tearing anything. Method: writers of batches over
// two tables, readers who check that both halves of every batch are there, on the real file system, with
// flushes and merges; sanitizers watch.
TEST_CASE("concurrent writers and readers") {
  TempDirectory directory;
  Options options;
  options.memory_budget_bytes = 2 << 20;
  options.wal_segment_bytes = 256 << 10;
  options.wal_bytes_max = 1 << 20;
  std::unique_ptr<Database> database = ValueOf(Database::Open(options, directory.path() + "/db"));
  const Table left = ValueOf(database->CreateTable(SensorSchema("left_half")));
  const Table right = ValueOf(database->CreateTable(SensorSchema("right_half")));
  constexpr int kWriters = 3;
  constexpr int kBatches = 1500;
  std::atomic<bool> failed{false};
  std::atomic<int> running{kWriters};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      WriteBatch batch;
      const std::string sensor = StrCat("w", writer);
      for (int i = 0; i < kBatches; ++i) {
        batch.Clear();
        bool ok = batch.Upsert(left, {sensor}, {Timestamp{i}}, {{left->regular()[0].id, i * 1.0}}).ok();
        ok = ok && batch.Upsert(right, {sensor}, {Timestamp{i}}, {{right->regular()[0].id, i * 2.0}}).ok();
        WriteOptions write;
        write.durability = i % 100 == 0 ? Durability::kSync : Durability::kProcess;
        if (!ok || !database->Write(write, batch).ok()) failed.store(true);
      }
      running.fetch_sub(1);
    });
  }
  threads.emplace_back([&] {
    while (running.load() > 0) {
      const absl::StatusOr<std::unique_ptr<Snapshot>> snapshot = database->GetSnapshot();
      if (!snapshot.ok()) continue;
      ReadOptions read;
      read.snapshot = snapshot->get();
      size_t counts[2] = {0, 0};
      for (const int side : {0, 1}) {
        absl::StatusOr<Cursor> cursor = database->Read(read, Query(side == 0 ? left : right));
        if (!cursor.ok()) {
          failed.store(true);
          return;
        }
        while (cursor->Next()) ++counts[side];
        if (!cursor->status().ok()) failed.store(true);
      }
      if (counts[0] != counts[1]) failed.store(true);
    }
  });
  for (std::thread& thread : threads) thread.join();
  REQUIRE(!failed.load());
  REQUIRE(CountRows(*database, Query(left)) == kWriters * kBatches);
  REQUIRE_OK(database->Close());
  database = ValueOf(Database::Open(options, directory.path() + "/db"));
  REQUIRE(CountRows(*database, Query(ValueOf(database->OpenTable("right_half")))) == kWriters * kBatches);
  REQUIRE_OK(database->Verify());
}

}  // namespace stoa
