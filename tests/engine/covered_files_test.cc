// Files that lie under a deletion in another file go without being read.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/compaction_fixture.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

/// A table whose deletions stay, so that only what is covered goes.
Table CreateKeeping(CompactionTest* test, int64_t gc_grace_seconds = 1'000'000) {
  TableOptions options;
  options.gc_grace_seconds = gc_grace_seconds;
  options.compression_level = 0;
  options.compaction.scaling_parameters = "T8";
  options.compaction.space_amplification_max = 100;
  return test->Create(options);
}

WriteAttributes At(int64_t timestamp) {
  WriteAttributes attributes;
  attributes.timestamp_micros = timestamp;
  return attributes;
}

/// Deletes rows [first, last) of partition 1.
void DeleteRange(CompactionTest* test, const Table& table, int32_t first, int32_t last,
                 const WriteAttributes& attributes = {}) {
  WriteBatch batch;
  const std::vector<Value> from = {first}, to = {last};
  ClusteringRange range;
  range.from = from;
  range.to = to;
  range.to_inclusive = false;
  REQUIRE_OK(batch.DeleteRange(table, {int32_t{1}}, range, attributes));
  test->Write(batch);
}

void DeletePartition(CompactionTest* test, const Table& table, const WriteAttributes& attributes = {}) {
  WriteBatch batch;
  REQUIRE_OK(batch.DeletePartition(table, {int32_t{1}}, attributes));
  test->Write(batch);
}

uint64_t Covered(CompactionTest& test) { return test.Merges(CompactionReason::kCovered).compactions; }

// Goal: what one deletion hides is gone once that is flushed, and nothing of it is read; readers see no
// difference, snapshots keep what they saw. Method: a partition in three files, deleted whole, and up to a
// row.
TEST_CASE("files under a deletion go unread [rule]") {
  const bool whole = GENERATE(true, false);
  CAPTURE(whole);
  CompactionTest test;
  const Table table = CreateKeeping(&test);
  for (int32_t part = 0; part < 3; ++part) {
    test.Upsert(table, 1, 100 * part, 100 * part + 100, "old " + std::to_string(part));
    test.Flush();
  }
  REQUIRE(test.database->metrics().sstables == 3);
  std::unique_ptr<Snapshot> snapshot = ValueOf(test.database->GetSnapshot());
  if (whole) DeletePartition(&test, table);
  if (!whole) DeleteRange(&test, table, 0, 250);
  test.Upsert(table, 1, 1000, 1010, "new");
  test.Upsert(table, 1, 10, 12, "new");  // under the deletion, but after it
  test.Upsert(table, 2, 0, 1, "another");
  CHECK(Covered(test) == 0);
  test.Flush();

  const uint64_t left = whole ? 0 : 50;
  CHECK(Covered(test) == 1);
  CHECK(test.database->metrics().sstables == (whole ? 1 : 2));
  CHECK(test.database->metrics().compaction_bytes_read == 0);
  CHECK(test.Rows(table) == 13 + left);
  CHECK(test.Rows(table, snapshot.get()) == 300);
  snapshot.reset();
  test.Reopen(test.options());
  CHECK(test.Rows(test.table()) == 13 + left);
  REQUIRE_OK(test.database->Compact("t"));
  CHECK(test.Rows(test.table()) == 13 + left);
  CHECK_FALSE(test.IsOnDisk("old 0"));
}

// Goal: range deletions that adjoin cover what lies under both. Method: with and without a gap, up to the
// last row and short of it, over the first and behind it.
TEST_CASE("ranges that cover a file [rule]") {
  struct Case {
    std::vector<std::pair<int32_t, int32_t>> ranges;
    bool covers;
  };
  const std::vector<Case> cases = {
      {{{0, 100}}, true},           {{{0, 1000}}, true},          {{{0, 99}}, false},
      {{{1, 100}}, false},          {{{50, 100}, {0, 50}}, true}, {{{0, 50}, {51, 100}}, false},
      {{{0, 60}, {40, 200}}, true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.ranges[0].first, one.ranges[0].second, one.ranges.size());
    CompactionTest test;
    const Table table = CreateKeeping(&test);
    test.Upsert(table, 1, 0, 100, "old");
    test.Flush();
    for (const auto& [first, last] : one.ranges) DeleteRange(&test, table, first, last);
    // So that the file with the deletions reaches over the other in any case.
    WriteBatch batch;
    REQUIRE_OK(batch.DeleteRow(table, {int32_t{1}}, {int32_t{-1}}));
    REQUIRE_OK(batch.DeleteRow(table, {int32_t{1}}, {int32_t{5000}}));
    test.Write(batch);
    const uint64_t rows = test.Rows(table);
    test.Flush();
    CHECK(Covered(test) == (one.covers ? 1 : 0));
    CHECK(test.Rows(table) == rows);
  }
}

// Goal: a file is covered only if nothing in it is newer than the deletion. Method: timestamps on both sides
// of it and equal; a file that holds a second partition.
TEST_CASE("a deletion that is too old covers nothing [rule]") {
  const auto covered = [](bool whole, int64_t newest, bool second_partition) {
    CompactionTest test;
    const Table table = CreateKeeping(&test);
    test.Upsert(table, 1, 0, 50, "old", At(10));
    test.Upsert(table, 1, 50, 51, "newest", At(newest));
    if (second_partition) test.Upsert(table, 2, 0, 1, "other", At(1));
    test.Flush();
    if (whole) DeletePartition(&test, table, At(100));
    if (!whole) DeleteRange(&test, table, 0, 100, At(100));
    test.Upsert(table, 1, 200, 201, "new", At(1000));  // the newest of the file, not of its deletions
    test.Upsert(table, 1, -200, -199, "new", At(1000));
    const uint64_t rows = test.Rows(table);
    test.Flush();
    CHECK(test.Rows(table) == rows);
    return Covered(test);
  };
  for (const bool whole : {true, false}) {
    CHECK(covered(whole, 99, false) == 1);
    CHECK(covered(whole, 100, false) == 1);
    CHECK(covered(whole, 101, false) == 0);
    CHECK(covered(whole, 99, true) == 0);
  }
}

// Goal: of two files that cover each other one stays: else what both hide would come back. Method: two
// deletions of a partition with one timestamp, over rows beside which a newer one lives.
TEST_CASE("files that cover each other [rule]") {
  CompactionTest test;
  const Table table = CreateKeeping(&test);
  test.Upsert(table, 1, 0, 50, "old", At(10));
  test.Upsert(table, 1, 50, 51, "newer", At(101));
  test.Flush();
  // While merges may not begin, both come to be.
  for (int i = 0; i < 2; ++i) {
    DeletePartition(&test, table, At(100));
    REQUIRE_OK(test.database->Flush());
  }
  CHECK(test.Rows(table) == 1);
  test.sim.executor.RunAll();
  CHECK(Covered(test) == 1);
  CHECK(test.database->metrics().sstables == 2);
  CHECK(test.Rows(table) == 1);
}

// Goal: a deletion that a power failure may still take back makes nothing go. Method: it is in the log alone;
// then in a file.
TEST_CASE("a deletion in memory covers nothing") {
  CompactionTest test;
  const Table table = CreateKeeping(&test);
  test.Upsert(table, 1, 0, 50, "old");
  test.Flush();
  DeletePartition(&test, table);
  test.Pass(1000);
  CHECK(Covered(test) == 0);
  CHECK(test.database->metrics().sstables == 1);
  test.Flush();
  CHECK(Covered(test) == 1);
}

}  // namespace
}  // namespace stoa
