// Compaction as users of a table see it.
#include <algorithm>
#include <string>

#include "engine/compaction_fixture.h"
#include "io/random.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

/// Does not compress.
std::string RandomText(Random* random, size_t length) {
  std::string text(length, 'x');
  for (char& letter : text) letter = static_cast<char>(random->Uniform(96) + 32);
  return text;
}

/// What is looked for in files, which are not compressed.
std::string Secret(char letter) {
  std::string secret = "a secret of ";
  secret.push_back(letter);
  return secret;
}

// Goal: within the time that a table promises, what was deleted stands nowhere on disk: not in SSTables, not
// in logs. Method: rows deleted in every way, in memory, in files below a large one; then time alone.
TEST_CASE("deleted data is gone in time") {
  for (const int64_t gc_grace : {int64_t{0}, int64_t{30}}) {
    CompactionTest test;
    TableOptions options;
    options.gc_grace_seconds = gc_grace;
    options.delete_persistence_seconds = 100;
    options.compression_level = 0;
    const Table table = test.Create(options);
    for (int32_t k = 0; k < 40; ++k) test.Upsert(table, k, 0, 20, "what stays " + std::to_string(k));
    for (int32_t i = 0; i < 6; ++i) test.Upsert(table, i, 100, 101, Secret(static_cast<char>('a' + i)));
    WriteAttributes short_lived;
    short_lived.ttl_seconds = 5;
    test.Upsert(table, 6, 100, 101, Secret('g'), short_lived);
    test.Flush();
    REQUIRE_OK(test.database->Compact("t"));
    for (int32_t i = 0; i < 7; ++i) REQUIRE(test.IsOnDisk(Secret(static_cast<char>('a' + i))));

    test.Pass(10);
    WriteBatch batch;
    REQUIRE_OK(batch.DeleteRow(table, {int32_t{0}}, {int32_t{100}}));
    REQUIRE_OK(batch.DeletePartition(table, {int32_t{1}}));
    ClusteringRange range;
    const std::vector<Value> fifty = {int32_t{50}};
    range.from = fifty;
    REQUIRE_OK(batch.DeleteRange(table, {int32_t{2}}, range));
    REQUIRE_OK(batch.DeleteCells(table, {int32_t{3}}, {int32_t{100}}, {{table->FindColumn("v")->id}}));
    test.Write(batch);
    test.Upsert(table, 4, 100, 101, "overwritten");
    test.Flush();
    batch.Clear();
    REQUIRE_OK(batch.DeleteRow(table, {int32_t{5}}, {int32_t{100}}));  // stays in memory
    test.Write(batch);
    for (int step = 0; step < 10; ++step) test.Pass(10);
    for (const char letter : {'a', 'b', 'c', 'd', 'f', 'g'}) {
      CAPTURE(letter, gc_grace);
      CHECK_FALSE(test.IsOnDisk(Secret(letter)));
    }
    CHECK(test.Rows(table) == 40 * 20 - 20 + 2);  // partition 1 is gone; without a value, and overwritten
    REQUIRE_OK(test.database->Verify().status());
  }
}

// Goal: a window that has expired vanishes without being read. Method: a row a second for ten windows, each
// row living for two; the bytes that compaction reads are those of young windows alone.
TEST_CASE("windows that have expired go unread") {
  CompactionTest test;
  TableOptions options;
  options.default_time_to_live_seconds = 200;
  options.compaction.window_seconds = 100;
  const Table table = test.Create(options);
  int32_t c = 0;
  const auto run = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      test.Upsert(table, c % 7, c, c + 1, "x");
      ++c;
      if (c % 20 == 0) test.Flush();
      test.Pass(1);
    }
  };
  run(1000);
  CHECK(test.Rows(table) == 199);  // the last second has passed
  test.Flush();
  // Two windows are alive, one is being written and one may be dying.
  const Metrics before = test.database->metrics();
  CHECK(before.sstables <= 10);
  test.Pass(500);
  const Metrics after = test.database->metrics();
  CHECK(after.sstables == 0);
  CHECK(after.compaction_bytes_read - before.compaction_bytes_read <= before.sstable_bytes / 2);
  CHECK(test.Rows(table) == 0);
}

// Goal: a queue does not keep its tombstones. Method: rows inserted and deleted again and again, nothing
// asked for: what is on disk stays small.
TEST_CASE("a queue is kept short") {
  CompactionTest test;
  const Table table = test.Create(TableOptions());
  for (int32_t c = 0; c < 20'000; c += 100) {
    test.Upsert(table, 1, c, c + 100, "x");
    WriteBatch batch;
    if (c >= 200) {
      for (int32_t gone = c - 200; gone < c - 100; ++gone)
        REQUIRE_OK(batch.DeleteRow(table, {int32_t{1}}, {gone}));
      test.Write(batch);
    }
    if (c % 500 == 0) test.Flush();
    test.Pass(1);
  }
  test.Flush();
  test.Pass(60);
  CHECK(test.Rows(table) == 200);
  CHECK(test.database->metrics().sstables <= 4);
  CHECK(test.database->metrics().sstable_bytes < 60'000);
}

// Goal: the end of a large partition is forgotten without its beginning being read: deletions there can hide
// nothing here. Method: an old file with rows that stay; behind them rows in two files, deleted one by one or
// as a range.
TEST_CASE("deletions are forgotten beside what is older in their partition [rule]") {
  const bool range = GENERATE(true, false);
  CAPTURE(range);
  CompactionTest test;
  const Table table = test.Create(TableOptions());
  Random random(1);
  for (int32_t c = 0; c < 500; ++c) test.Upsert(table, 1, c, c + 1, RandomText(&random, 100));
  test.Flush();
  const uint64_t before = test.database->metrics().sstable_bytes;
  for (int32_t c = 2000; c < 2100; c += 50) {
    test.Upsert(table, 1, c, c + 50, "what goes");
    test.Flush();
  }
  CHECK(test.database->metrics().sstables == 3);
  WriteBatch batch;
  for (int32_t c = 2010; c < 2090; c += 2) {
    const std::vector<Value> from = {c}, to = {c + 1};
    ClusteringRange slice;
    slice.from = from;
    slice.to = to;
    if (range) REQUIRE_OK(batch.DeleteRange(table, {int32_t{1}}, slice));
    if (!range) REQUIRE_OK(batch.DeleteRow(table, {int32_t{1}}, {c}));
    if (!range) REQUIRE_OK(batch.DeleteRow(table, {int32_t{1}}, {c + 1}));
  }
  test.Write(batch);
  test.Upsert(table, 1, 2100, 2200, "what is new");
  test.Flush();
  test.Pass(120);
  const Metrics after = test.database->metrics();
  CHECK(after.compactions == 1);
  CHECK(test.Merges(CompactionReason::kTombstones).compactions == 1);
  CHECK(after.compaction_bytes_read < before);
  CHECK(after.sstables == 2);
  CHECK(test.Rows(table) == 620);
  const std::string described = ValueOf(test.database->Describe("t"));
  CAPTURE(described);
  CHECK(described.find(" 120 rows, 1 partitions, 0 tombstones") != std::string::npos);
}

// Goal: dead rows that reads step over again and again are merged away, however few they are among all; not
// before reads have stepped over as many as the merge reads, not while they are too young to be forgotten,
// and once. Method: a tenth of a table is deleted, and the table is scanned.
TEST_CASE("what reads step over is merged away [rule]") {
  const int64_t gc_grace = GENERATE(0, 100'000);
  CAPTURE(gc_grace);
  CompactionTest test;
  TableOptions options;
  options.gc_grace_seconds = gc_grace;
  options.compaction.scaling_parameters = "T8";
  const Table table = test.Create(options);
  for (int32_t k = 0; k < 100; ++k) test.Upsert(table, k, 0, 50, "what stays");
  test.Flush();
  REQUIRE_OK(test.database->Compact("t"));
  WriteBatch batch;
  for (int32_t k = 0; k < 100; ++k) {
    for (int32_t c = 0; c < 5; ++c) REQUIRE_OK(batch.DeleteRow(table, {k}, {c}));
  }
  test.Write(batch);
  test.Flush();
  const auto merges = [&] { return test.Merges(CompactionReason::kDeadReads).compactions; };
  // 5,500 rows are in both files, and each scan steps over 500 that are dead.
  for (int i = 0; i < 10; ++i) CHECK(test.Rows(table) == 4500);
  test.Pass(120);
  CHECK(merges() == 0);
  CHECK(test.Rows(table) == 4500);
  test.Pass(120);
  CHECK(merges() == (gc_grace == 0 ? 1 : 0));
  CHECK(test.database->metrics().sstables == (gc_grace == 0 ? 1 : 2));
  for (int i = 0; i < 100; ++i) CHECK(test.Rows(table) == 4500);
  test.Pass(120);
  CHECK(merges() == (gc_grace == 0 ? 1 : 0));
}

// Goal: what was written and deleted in memory leaves nothing in a file, unless something outside may be
// hidden by the deletion: an older row of the same key, however it is spread, or a snapshot wants to know.
// Method: each of them, and an older file beside that the rows are not in.
TEST_CASE("a flush forgets what came and went [rule]") {
  const auto remains = [](int32_t older, bool with_snapshot) {
    CompactionTest test;
    const Table table = test.Create(TableOptions());
    test.Upsert(table, 1, older, older + 10, "older");
    test.Flush();
    std::unique_ptr<Snapshot> snapshot;
    if (with_snapshot) snapshot = ValueOf(test.database->GetSnapshot());
    test.Upsert(table, 1, 100, 200, "x");
    WriteBatch batch;
    for (int32_t c = 100; c < 200; ++c) REQUIRE_OK(batch.DeleteRow(table, {int32_t{1}}, {c}));
    test.Write(batch);
    test.sim.clock.Advance(2 * kSecond);
    REQUIRE_OK(test.database->Flush());
    const std::string described = ValueOf(test.database->Describe("t"));
    const uint64_t files = test.database->metrics().sstables;
    CHECK(test.Rows(table) == (older == 195 ? 5 : 10));
    return std::pair(files, described);
  };
  CHECK(remains(50, false).first == 1);  // nothing of the second flush
  CHECK(remains(300, false).first == 1);
  CHECK(remains(50, true).first == 2);
  const auto [files, described] = remains(195, false);
  CHECK(files == 2);
  CAPTURE(described);
  CHECK(described.find("5 rows, 1 partitions, 5 tombstones") != std::string::npos);
}

// Goal: shards are files of their own, merged by as many threads as there are. Method: a table in three
// shards.
TEST_CASE("a table is cut into shards") {
  CompactionTest test;
  TableOptions options;
  options.compaction.min_sstable_bytes = 0;
  options.compaction.base_shard_count = 3;
  const Table table = test.Create(options);
  for (int32_t round = 0; round < 4; ++round) {
    for (int32_t k = 0; k < 100; ++k) test.Upsert(table, k, round, round + 2, "x");
    test.Flush();
  }
  REQUIRE_OK(test.database->Compact("t"));
  CHECK(test.database->metrics().sstables == 3);
  CHECK(test.Rows(table) == 500);
  const uint64_t compactions = test.database->metrics().compactions;
  REQUIRE_OK(test.database->Compact("t"));  // nothing to do
  CHECK(test.database->metrics().compactions == compactions);

  // The options of a live table may change; what is there stays as it is until it is merged.
  options.compaction.base_shard_count = 1;
  REQUIRE_OK(test.database->AlterTable("t", TableAlteration().SetOptions(options)).status());
  CHECK(test.database->metrics().sstables == 3);
  test.Upsert(table, 1, 0, 10, "y");
  REQUIRE_OK(test.database->Compact("t"));
  CHECK(test.database->metrics().sstables == 1);
  CHECK(test.Rows(table) == 505);
}

/// A row of 1,000 bytes that do not compress in each of `partitions` partitions in as many flushes as there
/// are `rounds`.
void FillRounds(CompactionTest* test, const Table& table, int32_t rounds, int32_t partitions) {
  Random random(1);
  for (int32_t round = 0; round < rounds; ++round) {
    for (int32_t k = 0; k < partitions; ++k) {
      test->Upsert(table, k, round, round + 1, RandomText(&random, 1000));
    }
    REQUIRE_OK(test->database->Flush());
  }
}

// Goal: merges keep to their rate, flushes know none, and what was waited for is told. Method: the manual
// clock, which only waiting moves: a table is flushed, merged without a limit, and merged with one.
TEST_CASE("merges are held to a rate [rule]") {
  constexpr uint64_t kRate = 256 << 10;
  CompactionTest test;
  Options options = test.options();
  options.memory_budget_bytes = 64 << 20;
  options.compaction_bytes_per_second = kRate;
  test.Reopen(options);
  TableOptions table_options;
  table_options.compression_level = 0;
  table_options.compaction.scaling_parameters = "T8";
  table_options.compaction.space_amplification_max = 100;
  const Table table = test.Create(table_options);
  const auto now = [&] { return test.sim.clock.NowMonotonicMicros(); };
  int64_t begin = now();
  FillRounds(&test, table, 6, 200);
  CHECK(now() == begin);
  CHECK(test.database->metrics().compaction_wait_micros == 0);
  const uint64_t bytes = test.database->metrics().sstable_bytes;
  REQUIRE(bytes > 4 * kRate);

  begin = now();
  REQUIRE_OK(test.database->Compact("t"));
  const auto least = static_cast<int64_t>(bytes * kSecond / kRate);
  // But for the last step, which nobody waits for.
  CHECK(now() - begin > least - kSecond);
  CHECK(now() - begin < least + kSecond);
  const Metrics metrics = test.database->metrics();
  CHECK(metrics.compaction_wait_micros > least - kSecond);
  CHECK(metrics.compaction_wait_micros < 2 * (least + kSecond));  // two threads
  CHECK(test.Rows(table) == 200 * 6);
}

// Goal: the limit gives way to what would be worse. Method: too many files over each other; a deadline; the
// end of the database: time does not pass while they are merged, and it does without them.
TEST_CASE("the rate of merges gives way [rule]") {
  CompactionTest test;
  Options options = test.options();
  options.memory_budget_bytes = 64 << 20;
  options.compaction_bytes_per_second = 4 << 10;
  test.Reopen(options);
  const auto now = [&] { return test.sim.clock.NowMonotonicMicros(); };
  TableOptions table_options;
  table_options.compression_level = 0;
  table_options.compaction.scaling_parameters = "T8";
  table_options.compaction.files_per_read_max = 6;
  table_options.compaction.space_amplification_max = 100;
  const Table table = test.Create(table_options);

  SECTION("writers wait for merges") {
    FillRounds(&test, table, 6, 100);
    test.sim.executor.RunAll();
    CHECK(test.database->metrics().compactions == 0);
    FillRounds(&test, table, 1, 100);
    test.sim.executor.RunAll();  // does not let time pass
    CHECK(test.database->metrics().compactions > 0);
    CHECK(test.database->metrics().compaction_wait_micros == 0);
  }
  SECTION("a level is merged") {
    table_options.compaction.scaling_parameters = "T4";
    REQUIRE_OK(test.database->AlterTable("t", TableAlteration().SetOptions(table_options)).status());
    FillRounds(&test, table, 4, 100);
    test.sim.executor.RunAll();
    CHECK(test.database->metrics().compactions == 0);
    CHECK(test.database->metrics().running_compactions.size() == 1);
    const int64_t begin = now();
    REQUIRE_OK(test.database->Close());
    CHECK(now() - begin < kSecond);
  }
  SECTION("a deadline") {
    table_options.delete_persistence_seconds = 100;
    REQUIRE_OK(test.database->AlterTable("t", TableAlteration().SetOptions(table_options)).status());
    FillRounds(&test, table, 2, 100);
    WriteBatch batch;
    REQUIRE_OK(batch.DeletePartition(table, {int32_t{0}}));
    test.Write(batch);
    for (int i = 0; i < 8; ++i) test.Pass(10);
    const Metrics metrics = test.database->metrics();
    CHECK(metrics.compactions_by_reason[static_cast<size_t>(CompactionReason::kDeadline)].compactions == 1);
    CHECK(metrics.compaction_wait_micros == 0);
  }
}

}  // namespace
}  // namespace stoa
