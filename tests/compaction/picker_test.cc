#include "compaction/picker.h"

#include <algorithm>

#include "compaction/overlap.h"
#include "compaction/test_files.h"
#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

constexpr int64_t kNow = 1'000'000;

class PickerTest {
 public:
  TestFiles files;
  CompactionOptions options;
  CompactionState state;

  PickerTest() {
    state.options = &options;
    state.now_seconds = kNow;
    state.base_bytes = static_cast<double>(kMebibyte);
  }
  std::optional<CompactionPlan> Pick() {
    state.files = files.all();
    return PickCompaction(state);
  }
  /// The reason and the files of the plan, ascending; "-" when there is none.
  std::string Picked() {
    std::optional<CompactionPlan> plan = Pick();
    if (!plan.has_value()) return "-";
    std::sort(plan->inputs.begin(), plan->inputs.end());
    std::string text(CompactionReasonName(plan->reason));
    for (const uint64_t number : plan->inputs) text += " " + std::to_string(number);
    return plan->drop ? "drop " + text : text;
  }
};

void AddTombstones(SSTableMetadata* file, uint64_t count, int64_t local_time) {
  file->tombstone_count = count;
  file->bounds.times.AddDeletion(DeletionTime{file->bounds.times.max_timestamp, local_time});
}

/// Makes every row of the file expire, evenly between two times.
void AddExpiry(SSTableMetadata* file, int64_t first, int64_t last) {
  TimeBounds& times = file->bounds.times;
  times.min_local_time = first;
  times.max_local_time = last;
  times.has_expiring = true;
}

// Goal: a tiered level is merged at its threshold, those above and below are left alone. Method: one file
// after another.
TEST_CASE("tiered: as many files over each other as the parameter says") {
  PickerTest test;
  test.files.AddWhole(100 * kMebibyte);
  for (int i = 0; i < 3; ++i) {
    test.files.AddWhole(2 * kMebibyte);
    CHECK(test.Picked() == "-");
  }
  test.files.AddWhole(3 * kMebibyte);
  CHECK(test.Picked() == "level 2 3 4 5");
}

// Goal: L merges two, with what they become standing where its size puts it. Method: as above.
TEST_CASE("leveled: two files over each other") {
  PickerTest test;
  test.options.scaling_parameters = "L10";
  test.options.space_amplification_max = 100;
  test.files.AddWhole(500 * kMebibyte);
  test.files.AddWhole(50 * kMebibyte);
  test.files.AddWhole(2 * kMebibyte);
  CHECK(test.Picked() == "-");
  test.files.AddWhole(3 * kMebibyte);
  CHECK(test.Picked() == "level 3 4");
}

// Goal: shards are merged by themselves, busy ones not at all. Method: four runs of two shards.
TEST_CASE("what does not overlap is merged independently") {
  PickerTest test;
  for (int run = 0; run < 4; ++run) {
    test.files.Add(0, 0.499, 10 * kMebibyte);
    test.files.Add(0.5, 1, 10 * kMebibyte);
  }
  CHECK(test.Picked() == "level 1 3 5 7");
  test.state.busy = {1, 3, 5, 7};
  CHECK(test.Picked() == "level 2 4 6 8");
  test.state.busy.insert(4);
  CHECK(test.Picked() == "-");
}

// Goal: files of an append-only partition do not overlap and are left alone, until many small ones lie beside
// each other. Method: pieces of one partition.
TEST_CASE("small files beside each other become one") {
  PickerTest test;
  for (int i = 0; i < 7; ++i) test.files.AddRows(10 * i, 10 * i + 9, 3 * kMebibyte);
  CHECK(test.Picked() == "-");
  test.files.AddRows(70, 79, 3 * kMebibyte);
  CHECK(test.Picked() == "small files 1 2 3 4 5 6 7 8");
}

// Goal: reads do not meet more files than allowed whatever the levels. Method: each file on a level of its
// own.
TEST_CASE("too many files over each other") {
  PickerTest test;
  test.options.files_per_read_max = 4;
  test.options.space_amplification_max = 100;
  uint64_t bytes = kMebibyte;
  for (int i = 0; i < 4; ++i, bytes *= 4) test.files.AddWhole(bytes);
  CHECK(test.Picked() == "-");
  test.files.AddWhole(bytes);
  CHECK(test.Picked() == "reads 1 2 3");
}

TEST_CASE("too much space for what is left") {
  // Goal: the files together are bounded by the densest. Method: below and above the bound.
  PickerTest test;
  test.options.scaling_parameters = "T8";
  test.options.space_amplification_max = 2;
  test.files.AddWhole(100 * kMebibyte);
  test.files.AddWhole(90 * kMebibyte);
  CHECK(test.Picked() == "-");
  test.files.AddWhole(11 * kMebibyte);
  CHECK(test.Picked() == "space 1 2 3");
}

// Goal: what has expired whole goes unread; not if it hides something outside. Method: with and without an
// older file below, in files and in memory.
TEST_CASE("expired files are dropped") {
  PickerTest test;
  SSTableMetadata& old = test.files.Add(0, 0.4, kMebibyte);
  SSTableMetadata& expired = test.files.Add(0.5, 1, kMebibyte);
  AddExpiry(&expired, kNow - 100, kNow - 1);
  CHECK(test.Picked() == "drop expired 2");
  AddExpiry(&expired, kNow - 100, kNow);
  CHECK(test.Pick()->reason == CompactionReason::kTombstones);
  AddExpiry(&expired, kNow - 100, kNow - 1);
  test.state.gc_grace_seconds = 1;
  CHECK(test.Pick()->reason == CompactionReason::kTombstones);
  test.state.gc_grace_seconds = 0;

  TimeBounds memtable;
  memtable.AddWrite(expired.bounds.times.max_timestamp, kNoExpiry);
  test.state.memtables = {memtable};
  CHECK(test.Picked() == "-");
  test.state.memtables.clear();

  old.bounds.last = expired.bounds.last;
  CHECK(test.Pick()->drop == false);
  // What it hides has expired too: both go.
  AddExpiry(&old, kNow - 100, kNow - 1);
  CHECK(test.Picked() == "drop expired 1 2");
}

// Goal: files that others cover go unread, all at once; of those that cover each other one stays; and none
// while either is busy. Method: each of them.
TEST_CASE("covered files are dropped") {
  PickerTest test;
  for (int i = 0; i < 5; ++i) test.files.AddRows(10 * i, 10 * i + 9, kMebibyte);
  test.state.covers = {{1, 3}, {2, 3}, {2, 7}, {3, 4}};
  CHECK(test.Picked() == "drop covered 1 2");
  test.state.busy = {1};
  CHECK(test.Picked() == "drop covered 2");
  test.state.busy = {3};
  CHECK(test.Picked() == "-");
  test.state.busy = {1, 2};
  CHECK(test.Picked() == "drop covered 3");
  test.state.busy.clear();
  test.state.covers = {{1, 2}, {1, 3}, {2, 1}, {2, 3}, {3, 1}, {3, 2}};
  CHECK(test.Picked() == "drop covered 1");
  test.state.covers = {{3, 2}, {2, 3}};
  CHECK(test.Picked() == "drop covered 3");
  test.state.covers = {{7, 1}, {1, 7}};
  CHECK(test.Picked() == "-");
}

// Goal: tombstones are merged with all that they may hide when there are enough of them. Method: both sides
// of the threshold, of gc_grace, and what stands in the way.
TEST_CASE("files full of tombstones") {
  PickerTest test;
  SSTableMetadata& bottom = test.files.Add(0, 1, 4 * kMebibyte);
  SSTableMetadata& aside = test.files.Add(0, 0.1, 500 * kMebibyte);
  aside.bounds.times.min_timestamp = aside.bounds.times.max_timestamp = 1'000'000;  // newer than all
  SSTableMetadata& top = test.files.Add(0.2, 1, kMebibyte);
  const uint64_t rows = bottom.row_count + top.row_count;
  AddTombstones(&top, rows / 5 + 1, kNow - 1);
  top.row_count = rows / 5 + 1;
  bottom.row_count = rows - top.row_count;
  CHECK(test.Picked() == "tombstones 1 3");
  test.options.tombstone_threshold = 0.25;
  CHECK(test.Picked() == "-");
  test.options.tombstone_threshold = 0.2;
  test.state.gc_grace_seconds = 2;
  CHECK(test.Picked() == "-");
  test.state.gc_grace_seconds = 0;
  test.state.busy = {1};
  CHECK(test.Picked() == "-");
  test.state.busy.clear();
  TimeBounds memtable;
  memtable.AddWrite(1, kNoExpiry);
  test.state.memtables = {memtable};
  CHECK(test.Picked() == "-");
}

// Goal: what reads have stepped over often enough is merged away, if it can be. Method: both sides of the
// rows that are to be read for it, of what is too young to be forgotten, and what stands in the way.
TEST_CASE("dead rows that reads step over [rule]") {
  PickerTest test;
  SSTableMetadata& bottom = test.files.AddWhole(10 * kMebibyte);
  SSTableMetadata& top = test.files.AddWhole(kMebibyte);
  AddTombstones(&top, top.row_count / 10, kNow - 100);
  const uint64_t rows = bottom.row_count + top.row_count;
  test.state.dead = {{2, rows - 1}, {1, 100 * rows}};
  CHECK(test.Picked() == "-");
  test.state.dead[2] = rows;
  CHECK(test.Picked() == "dead reads 1 2");
  test.state.busy = {1};
  CHECK(test.Picked() == "-");
  test.state.busy.clear();

  // Half of what has died is old enough, and a little less than half.
  top.bounds.times.max_local_time = kNow;
  test.state.gc_grace_seconds = 50;
  CHECK(test.Picked() == "dead reads 1 2");
  test.state.gc_grace_seconds = 51;
  CHECK(test.Picked() == "-");
  test.state.gc_grace_seconds = 0;

  TimeBounds memtable;
  memtable.AddWrite(1, kNoExpiry);
  test.state.memtables = {memtable};
  CHECK(test.Picked() == "-");
}

// Goal: tombstones in a piece of a partition are forgotten without the pieces beside it, as those of a queue
// are; not if a third file that is merged with them lies over those. Method: pieces of one partition, and one
// over two of them.
TEST_CASE("tombstones beside older rows of their partition [rule]") {
  PickerTest test;
  test.files.AddRows(10, 19, 10 * kMebibyte);
  SSTableMetadata& newer = test.files.AddRows(20, 29, kMebibyte);
  CHECK(test.Picked() == "-");
  AddTombstones(&newer, newer.row_count, kNow - 1);
  CHECK(test.Picked() == "tombstones 2");

  // Hidden by the tombstones, and over the rows beside them: nothing in the partition is certain to be
  // forgotten by a merge of the two.
  SSTableMetadata& over = test.files.AddRows(15, 24, kMebibyte);
  over.bounds.times = {};
  over.bounds.times.AddWrite(newer.bounds.times.min_timestamp, kNoExpiry);
  CHECK(test.Picked() == "-");
  over.bounds.first.clustering = newer.bounds.first.clustering;
  CHECK(test.Picked() == "tombstones 2 3");
}

// Goal: deletions are carried out in time however few they are. Method: a deadline on both sides of now.
TEST_CASE("a deadline for deletions") {
  PickerTest test;
  test.files.AddWhole(100 * kMebibyte);
  SSTableMetadata& top = test.files.AddWhole(kMebibyte);
  AddTombstones(&top, 1, kNow - 50);
  CHECK(test.Picked() == "-");
  test.state.delete_persistence_seconds = 100;
  CHECK(test.Picked() == "-");
  test.state.now_seconds = kNow + 1;
  CHECK(test.Picked() == "deadline 1 2");
}

// Goal: time windows are merged by themselves, one that is over into one run. Method: windows of a day.
TEST_CASE("time windows") {
  constexpr int64_t kDay = 86400;
  PickerTest test;
  test.options.window_seconds = kDay;
  test.state.now_seconds = 10 * kDay + 100;
  const auto add = [&](int64_t day) {
    SSTableMetadata& file = test.files.AddWhole(kMebibyte);
    file.bounds.times = {};
    file.bounds.times.AddWrite((day * kDay + 5) * 1'000'000, kNoExpiry);
  };
  for (int64_t day = 5; day <= 10; ++day) add(day);
  CHECK(test.Picked() == "-");
  add(10);
  add(10);
  CHECK(test.Picked() == "-");
  add(8);
  CHECK(test.Picked() == "level 4 9");
  add(10);
  CHECK(test.Picked() == "level 6 7 8 10");
}

// Goal: time alone gives work, and is waited for. Method: what dies later, what never does.
TEST_CASE("when to look again") {
  PickerTest test;
  SSTableMetadata& file = test.files.AddWhole(kMebibyte);
  test.state.files = test.files.all();
  CHECK(!NextLook(test.state).has_value());
  AddExpiry(&file, kNow + 1000, kNow + 2000);
  CHECK(*NextLook(test.state) == kNow + 1001);
  test.state.gc_grace_seconds = 10;
  CHECK(*NextLook(test.state) == kNow + 1011);
  AddExpiry(&file, kNow - 1000, kNow + 2000);
  CHECK(*NextLook(test.state) == kNow + 60);
}

// Goal: picking ends: what comes out of a merge does not make the same merge necessary. Method: random files,
// merged as planned into shards until nothing is picked; every merge makes files fewer or garbage less.
TEST_CASE("picking comes to an end") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    PickerTest test;
    const char* const scalings[] = {"T4", "L10", "N", "T8", "T4, L4", "L2, T3"};
    test.options.scaling_parameters = scalings[random.Uniform(6)];
    test.options.files_per_read_max = 2 + static_cast<uint32_t>(random.Uniform(10));
    test.options.min_sstable_bytes = kMebibyte;
    test.options.target_sstable_bytes = 10 * kMebibyte;
    std::deque<SSTableMetadata> made;
    for (uint64_t i = 0; i < 40; ++i) {
      const double first = static_cast<double>(random.Uniform(100)) / 100;
      const double width = random.OneIn(2) ? 1 : static_cast<double>(random.Uniform(30)) / 100;
      const uint64_t bytes = 1 + random.Uniform(uint64_t{1} << random.Uniform(30));
      SSTableMetadata& file = test.files.Add(first, std::min(first + width, 1.0), bytes);
      if (random.OneIn(3)) AddTombstones(&file, random.Uniform(file.row_count + 1), kNow - 10);
      if (random.OneIn(4)) test.state.dead[file.number] = random.Uniform(4 * file.row_count + 1);
    }
    test.state.files = test.files.all();
    size_t merges = 0;
    while (const std::optional<CompactionPlan> plan = PickCompaction(test.state)) {
      REQUIRE(++merges < 100);
      SSTableMetadata merged;
      bool any = false;
      std::erase_if(test.state.files, [&](const SSTableMetadata* file) {
        if (std::find(plan->inputs.begin(), plan->inputs.end(), file->number) == plan->inputs.end())
          return false;
        if (!any || file->bounds.first < merged.bounds.first) merged.bounds.first = file->bounds.first;
        if (!any || merged.bounds.last < file->bounds.last) merged.bounds.last = file->bounds.last;
        any = true;
        merged.file_bytes += file->file_bytes;
        merged.row_count += file->row_count;
        TimeBounds times = file->bounds.times;
        // Reasons that are about tombstones promise that these go.
        const bool purges =
            plan->reason == CompactionReason::kTombstones || plan->reason == CompactionReason::kDeadReads;
        if (purges) times.has_tombstones = false;
        if (!times.has_tombstones) times.min_local_time = kNoExpiry;
        merged.bounds.times.Add(times);
        return true;
      });
      REQUIRE(any);
      merged.number = 1000 + made.size();
      made.push_back(merged);
      test.state.files.push_back(&made.back());
    }
  }
}

}  // namespace
}  // namespace stoa
