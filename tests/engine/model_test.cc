// The whole engine against the independent model.
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <stoa/database.h>

#include "model/driver.h"
#include "model/history.h"
#include "model/model.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

using model::Event;

/// A database on simulated files that can be closed, dropped (as by the death of the process) and opened
/// again, and the model that is told the same.
class Pair {
 public:
  Pair(uint64_t seed, bool explicit_timestamps)
      : sim_(files_, seed), history_(seed, explicit_timestamps), explicit_timestamps_(explicit_timestamps) {
    options_.env = &sim_.env;
    options_.memory_budget_bytes = 256 << 10;
    options_.wal_segment_bytes = 16 << 10;
    options_.wal_bytes_max = 64 << 10;
    options_.inline_value_bytes_max = model::kSmallValueBytesMax;
    if (seed % 3 == 0) options_.compaction_bytes_per_second = 16 << 10;
    Open();
  }

  void Open() { database_ = ValueOf(Database::Open(options_, "db")); }

  void Do(const Event& event) {
    model::ExecuteOptions execute;
    if (!explicit_timestamps_) execute.table.gc_grace_seconds = 0;
    if (event.kind == Event::Kind::kCreate) execute.table.compaction = model::RandomCompaction(&random());
    if (event.kind == Event::Kind::kConditionalBatch) {
      const model::Decision expected = model_.Decide(event);
      const absl::StatusOr<model::Decision> decided =
          model::ExecuteConditional(*database_, event, execute.write);
      if (IsRefused(decided.status())) return;
      const model::Decision decision = ValueOf(decided);
      REQUIRE(decision.applied == expected.applied);
      REQUIRE(decision.rows == expected.rows);
      applied_ += decision.applied ? 1 : 0;
      refused_ += decision.applied ? 0 : 1;
    } else {
      const absl::Status status = model::Execute(*database_, event, execute);
      if (IsRefused(status)) return;
      REQUIRE_OK(status);
    }
    model_.Apply(event);
  }

  /// From now on the disk has as much space as that, besides what is used.
  void LimitTo(uint64_t room) {
    may_be_full_ = true;
    files_.SetCapacity(files_.used_bytes() + room);
  }
  void Unlimit() { files_.SetCapacity(uint64_t{1} << 50); }
  /// For want of space: then nothing has happened.
  bool IsRefused(const absl::Status& status) {
    const bool refused = may_be_full_ && absl::IsResourceExhausted(status);
    full_ += refused ? 1 : 0;
    return refused;
  }
  int full() const { return full_; }

  void Create(const std::string& table) {
    Event event;
    event.kind = Event::Kind::kCreate;
    event.table = table;
    Do(event);
  }

  int64_t now_seconds() { return sim_.clock.NowWallMicros() / 1'000'000; }
  Random& random() { return history_.random(); }

  std::string AnyTable() {
    const std::set<std::string> tables = model_.tables();
    return *std::next(tables.begin(), static_cast<ptrdiff_t>(random().Uniform(tables.size())));
  }

  /// Something other than a write: time, background work, maintenance, an end and a new beginning.
  void Disturb() {
    switch (random().Uniform(13)) {
      case 0:
        RequireDone(database_->Flush());
        break;
      case 1:
        RequireDone(database_->Compact(AnyTable()));
        break;
      case 2:
        CountMerges();
        RequireDone(database_->Close());
        Unlimit();
        database_.reset();
        Open();
        break;
      case 3:
        Reopen();
        break;
      case 4:
      case 5:
        sim_.executor.RunAll();
        break;
      case 6:
        ChangeCompaction(AnyTable());
        break;
      default:
        sim_.clock.Advance(static_cast<int64_t>(random().Uniform(5'000'000)));
    }
  }

  /// Notes the counters of merges, which go with the handle.
  void CountMerges() {
    const auto counters = database_->metrics().compactions_by_reason;
    resumed_ += counters[static_cast<size_t>(CompactionReason::kResumed)].compactions;
    covered_ += counters[static_cast<size_t>(CompactionReason::kCovered)].compactions;
    dead_reads_ += counters[static_cast<size_t>(CompactionReason::kDeadReads)].compactions;
  }
  uint64_t resumed() const { return resumed_; }

  void ChangeCompaction(const std::string& table) {
    TableOptions table_options = ValueOf(database_->OpenTable(table))->options();
    table_options.compaction = model::RandomCompaction(&random());
    RequireDone(database_->AlterTable(table, TableAlteration().SetOptions(table_options)).status());
  }

  void Write() {
    Do(random().OneIn(4) ? history_.ConditionalBatch(model_, now_seconds(), 3)
                         : history_.Batch(model_, now_seconds(), 6));
  }

  void WriteStretch(const std::string& table, uint64_t rows) {
    Do(history_.Stretch(table, now_seconds(), rows));
  }

  /// Deletes one of the few partitions of a table, or what lies between two rows of it.
  void DeleteMuch(const std::string& table) {
    model::Mutation deletion;
    deletion.kind =
        random().OneIn(2) ? model::Mutation::Kind::kDeletePartition : model::Mutation::Kind::kDeleteRange;
    deletion.table = table;
    deletion.pk = history_.Partition();
    if (random().OneIn(2)) deletion.from = history_.AnyBound();
    if (explicit_timestamps_ && random().OneIn(3))
      deletion.timestamp = static_cast<int64_t>(random().Uniform(6));
    Event event;
    event.kind = Event::Kind::kBatch;
    event.now_seconds = now_seconds();
    event.batch = {deletion};
    Do(event);
  }

  void FlushOrCompact() {
    RequireDone(random().OneIn(4) ? database_->Compact(AnyTable()) : database_->Flush());
  }

  /// As after the death of the process.
  void Reopen() {
    CountMerges();
    database_.reset();
    Unlimit();
    Open();
  }

  /// One random read in every form it can be asked for.
  void CompareOne() {
    model::ReadRequest request;
    request.table = AnyTable();
    request.pk = history_.Partition();
    request.from = history_.AnyBound();
    request.to = history_.AnyBound();
    const std::vector<model::Row> expected =
        model_.Read(request.table, request.pk, request.from, request.to, now_seconds());
    std::vector<model::Row> reversed(expected.rbegin(), expected.rend());
    for (const uint64_t page_rows : {uint64_t{0}, 1 + random().Uniform(5)}) {
      request.page_rows = page_rows;
      request.reverse = false;
      REQUIRE(ValueOf(model::Read(*database_, request)) == expected);
      request.reverse = true;
      REQUIRE(ValueOf(model::Read(*database_, request)) == reversed);
    }
    const model::Clustering key = history_.Key();
    const model::Bound exact{2, true, key};
    const std::vector<model::Row> one = model_.Read(request.table, request.pk, exact, exact, now_seconds());
    const std::optional<model::Row> found =
        ValueOf(model::ReadOne(*database_, request.table, request.pk, key));
    REQUIRE(found.has_value() == !one.empty());
    if (found) REQUIRE(*found == one[0]);
  }

  void CompareAll() {
    CountMerges();
    REQUIRE(ValueOf(model::Dump(*database_, 0)) == model_.Dump(now_seconds()));
    REQUIRE_OK(database_->Verify());
  }

  /// Of conditional batches.
  int applied() const { return applied_; }
  int refused() const { return refused_; }
  uint64_t covered() const { return covered_; }
  uint64_t dead_reads() const { return dead_reads_; }

  SimFileSystem& files() { return files_; }
  Database& database() { return *database_; }
  model::Model& model() { return model_; }
  SimEnv& sim() { return sim_; }

 private:
  void RequireDone(const absl::Status& status) {
    if (!IsRefused(status)) REQUIRE_OK(status);
  }

  SimFileSystem files_;
  SimEnv sim_;
  Options options_;
  model::HistoryGenerator history_;
  const bool explicit_timestamps_;
  model::Model model_;
  std::unique_ptr<Database> database_;
  int applied_ = 0;
  int refused_ = 0;
  // Merges by reason.
  uint64_t resumed_ = 0;
  uint64_t covered_ = 0;
  uint64_t dead_reads_ = 0;
  bool may_be_full_ = false;
  int full_ = 0;
};

/// How many conditional batches were applied, and how many were not; merges by reason.
struct Decided {
  int applied = 0;
  int refused = 0;
  uint64_t resumed = 0;
  uint64_t covered = 0;
  uint64_t dead_reads = 0;
};

void RunHistory(uint64_t seed, bool explicit_timestamps, int steps, Decided* decided) {
  INFO("seed " << seed);
  Pair pair(seed, explicit_timestamps);
  pair.Create("t1");
  pair.Create("t2");
  pair.Create("c1");
  for (int step = 0; step < steps; ++step) {
    INFO("step " << step);
    pair.Write();
    if (pair.random().OneIn(4)) pair.Disturb();
    pair.CompareOne();
  }
  pair.CompareAll();
  decided->applied += pair.applied();
  decided->refused += pair.refused();
  decided->resumed += pair.resumed();
  decided->covered += pair.covered();
  decided->dead_reads += pair.dead_reads();
}

}  // namespace

// Goal: every read of the engine equals the model's, over flush, merge, reopen, all deletions, time to live,
// equal and explicit timestamps, merges that are interrupted, both directions, all page sizes. Method: random
// histories over a tiny domain, reads after every write.
TEST_CASE("engine equals the model with explicit timestamps") {
  Decided decided;
  for (uint64_t seed = 1; seed <= 60; ++seed) RunHistory(seed, /*explicit_timestamps=*/true, 120, &decided);
  REQUIRE(decided.applied > 300);
  REQUIRE(decided.refused > 300);
  REQUIRE(decided.resumed > 20);
  REQUIRE(decided.covered > 20);
}

// Goal: the same when deletions are purged as early as can be. Method: gc_grace 0, automatic timestamps
// alone.
TEST_CASE("engine equals the model while purging at once") {
  Decided decided;
  for (uint64_t seed = 1001; seed <= 1060; ++seed)
    RunHistory(seed, /*explicit_timestamps=*/false, 120, &decided);
  REQUIRE(decided.applied > 300);
  REQUIRE(decided.resumed > 20);
  REQUIRE(decided.covered > 20);
  REQUIRE(decided.dead_reads > 5);
}

// Goal: what goes unread because a deletion in another file hides it was hidden, and nothing that it hid
// comes back. Method: random histories in which every partition has files of its own, and whole ranges and
// partitions are deleted often, also with equal timestamps.
TEST_CASE("engine equals the model while files are covered") {
  uint64_t covered = 0;
  for (uint64_t seed = 7001; seed <= 7040; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, /*explicit_timestamps=*/seed % 2 == 0);
    pair.Create("t1");
    TableOptions options = ValueOf(pair.database().OpenTable("t1"))->options();
    options.compaction.base_shard_count = 64;
    options.compaction.min_sstable_bytes = 0;
    REQUIRE_OK(pair.database().AlterTable("t1", TableAlteration().SetOptions(options)).status());
    for (int step = 0; step < 120; ++step) {
      INFO("step " << step);
      pair.Write();
      if (pair.random().OneIn(3)) pair.DeleteMuch("t1");
      if (pair.random().OneIn(3)) pair.FlushOrCompact();
      if (pair.random().OneIn(6)) pair.sim().executor.RunAll();
      if (pair.random().OneIn(40)) pair.Reopen();
      pair.CompareOne();
    }
    pair.CompareAll();
    covered += pair.covered();
  }
  REQUIRE(covered > 150);
}

// Goal: schema changes leave the data as the model says. Method: random histories with truncation and columns
// that come and go.
TEST_CASE("engine equals the model through schema changes") {
  for (uint64_t seed = 2001; seed <= 2020; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, /*explicit_timestamps=*/true);
    pair.Create("t1");
    pair.Create("t2");
    pair.Create("c1");
    for (int step = 0; step < 100; ++step) {
      pair.Write();
      if (pair.random().OneIn(4)) pair.Disturb();
      if (pair.random().OneIn(10)) {
        Event event;
        event.table = pair.random().OneIn(2) ? "t1" : "t2";
        event.column = "x";
        const bool has_x = pair.model().columns(event.table).contains("x");
        event.kind = pair.random().OneIn(3) ? Event::Kind::kTruncate
                     : has_x                ? Event::Kind::kDropColumn
                                            : Event::Kind::kAddColumn;
        pair.Do(event);
      }
      pair.CompareOne();
    }
    pair.CompareAll();
  }
}

// Goal: the same where merges copy blocks. Method: random histories of stretches of rows beside each other,
// and small blocks; it is counted what is copied.
TEST_CASE("engine equals the model while blocks are copied") {
  uint64_t bytes_copied = 0;
  for (uint64_t seed = 7001; seed <= 7020; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, /*explicit_timestamps=*/seed % 2 == 0);
    pair.Create("t1");
    pair.Create("log");
    for (int step = 0; step < 40; ++step) {
      INFO("step " << step);
      if (pair.random().OneIn(2)) {
        pair.WriteStretch("log", 100);
      } else {
        pair.Write();
      }
      if (pair.random().OneIn(3)) pair.Disturb();
      pair.CompareOne();
    }
    REQUIRE_OK(pair.database().Compact("log"));
    pair.CompareAll();
    bytes_copied += model::BytesCopied(pair.database());
  }
  REQUIRE(bytes_copied > 20'000);
}

// Goal: a disk that fills up and empties changes nothing but what is refused. Method: random histories in
// which the capacity shrinks and grows.
TEST_CASE("engine equals the model on a disk that fills up") {
  int full = 0;
  for (uint64_t seed = 6001; seed <= 6040; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, /*explicit_timestamps=*/true);
    pair.Create("t1");
    pair.Create("t2");
    pair.Create("c1");
    for (int step = 0; step < 120; ++step) {
      INFO("step " << step);
      if (pair.random().OneIn(6)) pair.LimitTo(pair.random().Uniform(40'000));
      if (pair.random().OneIn(12)) pair.Unlimit();
      pair.Write();
      if (pair.random().OneIn(4)) pair.Disturb();
      pair.CompareOne();
    }
    pair.Unlimit();
    pair.sim().clock.Advance(2'000'000);
    pair.sim().executor.RunAll();
    const int before = pair.full();
    pair.Write();
    pair.CompareAll();
    REQUIRE(pair.full() == before);
    full += pair.full();
  }
  REQUIRE(full > 100);
}

// Goal: snapshots go on seeing what they saw. Method: taken at random, several at a time, each compared with
// the dump of its moment after more writes, flushes (which cut their output at them) and merges.
TEST_CASE("snapshots do not change") {
  for (uint64_t seed = 3001; seed <= 3020; ++seed) {
    INFO("seed " << seed);
    Pair pair(seed, /*explicit_timestamps=*/true);
    pair.Create("t1");
    pair.Create("t2");
    pair.Create("c1");
    const auto dump = [&](const Snapshot* snapshot) {
      std::vector<std::vector<model::Row>> partitions;
      for (int64_t pk = 0; pk < 4; ++pk) {
        model::ReadRequest request;
        request.table = "t1";
        request.pk = pk;
        request.snapshot = snapshot;
        partitions.push_back(ValueOf(model::Read(pair.database(), request)));
      }
      return partitions;
    };
    std::vector<std::pair<std::unique_ptr<Snapshot>, std::vector<std::vector<model::Row>>>> kept;
    for (int step = 0; step < 60; ++step) {
      pair.Write();
      if (pair.random().OneIn(5)) kept.emplace_back(ValueOf(pair.database().GetSnapshot()), dump(nullptr));
      if (step % 20 == 13) REQUIRE_OK(pair.database().Flush());
      if (step % 20 == 17) REQUIRE_OK(pair.database().Compact("t1"));
      for (const auto& [snapshot, before] : kept) REQUIRE(dump(snapshot.get()) == before);
      if (kept.size() > 4 && pair.random().OneIn(4)) kept.erase(kept.begin());
    }
  }
}

// Goal: a run is a function of its seed, to the byte. Method: the same seed twice, all files compared.
TEST_CASE("equal seeds give equal files") {
  const auto run = [](uint64_t seed) {
    Pair pair(seed, /*explicit_timestamps=*/true);
    pair.Create("t1");
    pair.Create("t2");
    pair.Create("c1");
    for (int step = 0; step < 60; ++step) {
      pair.Write();
      if (pair.random().OneIn(3)) pair.Disturb();
    }
    REQUIRE_OK(pair.database().Close());
    return std::make_pair(pair.files().trace_hash(), pair.files().ContentHash());
  };
  for (uint64_t seed = 4001; seed <= 4005; ++seed) {
    REQUIRE(run(seed) == run(seed));
    REQUIRE(run(seed) != run(seed + 1));
  }
}

}  // namespace stoa
