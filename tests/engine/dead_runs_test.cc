// Dead runs: what one read found dead, later ones skip, and nothing that is alive is ever skipped.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <stoa/database.h>

#include "io/random.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {
namespace {

/// A row is its key and its value.
using Rows = std::vector<std::pair<int64_t, int64_t>>;

TableSchema QueueSchema() {
  return ValueOf(TableSchema::Builder("queue")
                     .PartitionKey("p", TypeKind::kBigint)
                     .Clustering("c", TypeKind::kBigint)
                     .Regular("v", TypeKind::kBigint)
                     .Build());
}

struct Slice {
  std::optional<int64_t> from;  // both included
  std::optional<int64_t> to;
  bool reverse = false;
  uint64_t limit = UINT64_MAX;
};

/// Reads partition 1.
Rows Read(const Database& database, const Table& table, const Slice& slice,
          const Snapshot* snapshot = nullptr, uint64_t* rows_examined = nullptr) {
  Query query(table);
  query.Partition({int64_t{1}}).Limit(slice.limit);
  if (slice.reverse) query.Reverse();
  if (slice.from.has_value() && slice.to.has_value()) {
    query.Slice({{*slice.from}, true, {*slice.to}, true});
  } else if (slice.from.has_value()) {
    query.Slice({{*slice.from}, true, {}, true});
  } else if (slice.to.has_value()) {
    query.Slice({{}, true, {*slice.to}, true});
  }
  ReadOptions options;
  options.snapshot = snapshot;
  Cursor cursor = ValueOf(database.Read(options, query));
  Rows rows;
  while (cursor.Next()) rows.push_back({cursor.row().clustering(0).integer(), cursor.row()[0].integer()});
  REQUIRE_OK(cursor.status());
  if (rows_examined != nullptr) *rows_examined = cursor.cost().rows_examined;
  return rows;
}

/// A table with one queue on simulated files.
class Queue {
 public:
  explicit Queue(uint64_t seed = 1, uint64_t memory_bytes = 64 << 20) : sim_(files_, seed) {
    Options options;
    options.env = &sim_.env;
    options.memory_budget_bytes = memory_bytes;
    options.durability = Durability::kProcess;
    database_ = ValueOf(Database::Open(options, "db"));
    table_ = ValueOf(database_->CreateTable(QueueSchema()));
    value_ = table_->regular()[0].id;
  }

  SimEnv& sim() { return sim_; }
  Database& database() { return *database_; }
  const Table& table() const { return table_; }
  int64_t now_seconds() { return sim_.clock.NowWallMicros() / 1'000'000; }

  void Insert(int64_t from, int64_t to, std::optional<int32_t> ttl_seconds = {}) {
    WriteBatch batch;
    WriteAttributes options;
    options.ttl_seconds = ttl_seconds;
    for (int64_t c = from; c < to; ++c)
      REQUIRE_OK(batch.Upsert(table_, {int64_t{1}}, {c}, {{value_, ++values_}}, options));
    Write(batch);
  }
  void Delete(int64_t from, int64_t to) {
    WriteBatch batch;
    for (int64_t c = from; c < to; ++c) REQUIRE_OK(batch.DeleteRow(table_, {int64_t{1}}, {c}));
    Write(batch);
  }
  void DeleteRange(int64_t from, int64_t to) {
    WriteBatch batch;
    REQUIRE_OK(batch.DeleteRange(table_, {int64_t{1}}, {{from}, true, {to}, false}));
    Write(batch);
  }
  void DeletePartition() {
    WriteBatch batch;
    REQUIRE_OK(batch.DeletePartition(table_, {int64_t{1}}));
    Write(batch);
  }

  Rows Read(const Slice& slice, const Snapshot* snapshot = nullptr) {
    return stoa::Read(*database_, table_, slice, snapshot, &rows_examined_);
  }
  /// Of the last read.
  uint64_t rows_examined() const { return rows_examined_; }
  int64_t last_value() const { return values_; }

 private:
  void Write(const WriteBatch& batch) { REQUIRE_OK(database_->Write(WriteOptions(), batch)); }

  SimFileSystem files_;
  SimEnv sim_;
  std::unique_ptr<Database> database_;
  Table table_;
  ColumnId value_ = 0;
  int64_t values_ = 0;
  uint64_t rows_examined_ = 0;
};

constexpr int64_t kDead = 5000;
constexpr int64_t kLive = 100;
/// What a read of the first row may look at, however many dead ones there are.
constexpr uint64_t kFewRows = 200;

Slice First(bool reverse) { return Slice{{}, {}, reverse, 1}; }

TEST_CASE("a dead run is read through once") {
  // Goal: a read for the first living row does not go through the dead ones that an earlier read went
  // through, whatever killed them and wherever they are, in both directions. Method: rows examined are
  // counted, and the second read must have looked at few.
  const bool reverse = GENERATE(false, true);
  // Where the rows are, and where the deletions: in the memtable, in one SSTable, in two.
  const int flushes = GENERATE(0, 1, 2, 3);
  const int killer = GENERATE(0, 1, 2, 3, 4);
  INFO("reverse " << reverse << ", flushes " << flushes << ", killer " << killer);
  Queue queue;
  const int64_t dead_from = reverse ? kLive : 0;
  const int64_t live = reverse ? kLive - 1 : kDead;
  queue.Insert(0, kDead + kLive, {});
  if (killer == 4) queue.Insert(dead_from, dead_from + kDead, 10);
  if ((flushes & 1) != 0) REQUIRE_OK(queue.database().Flush());
  switch (killer) {
    case 0:
      queue.Delete(dead_from, dead_from + kDead);
      break;
    case 1:
      queue.DeleteRange(dead_from, dead_from + kDead);
      break;
    case 2:  // each by a range of its own
      for (int64_t c = dead_from; c < dead_from + kDead; ++c) queue.DeleteRange(c, c + 1);
      break;
    case 3:
      queue.DeletePartition();
      queue.Insert(reverse ? 0 : kDead, reverse ? kLive : kDead + kLive);
      break;
    default:
      queue.sim().clock.Advance(20'000'000);
  }
  if ((flushes & 2) != 0) REQUIRE_OK(queue.database().Flush());

  const Rows first = queue.Read(First(reverse));
  REQUIRE(first.size() == 1);
  REQUIRE(first[0].first == live);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(queue.Read(First(reverse)) == first);
    CHECK(queue.rows_examined() <= kFewRows);
  }
  // A note holds while other rows are written and the memtable is replaced, until that is flushed.
  if (reverse) {
    queue.Delete(live, live + 1);
  } else {
    queue.Insert(kDead + kLive, kDead + 2 * kLive);
    queue.Delete(live, live + 1);
  }
  const Rows second = queue.Read(First(reverse));
  REQUIRE((second.empty() || second[0].first == (reverse ? live - 1 : live + 1)));
  CHECK(queue.rows_examined() <= kFewRows);
}

TEST_CASE("a consumer reads a queue at the same cost all the time") {
  // Goal: who reads the first row and deletes it, again and again, never looks at many; flushes and merges in
  // between cost one read each. Method: rows examined are counted.
  const bool reverse = GENERATE(false, true);
  Queue queue;
  constexpr int64_t kRows = 3000;
  queue.Insert(0, kRows);
  uint64_t large = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    const int64_t expected = reverse ? kRows - 1 - i : i;
    REQUIRE(queue.Read(First(reverse)).at(0).first == expected);
    large += queue.rows_examined() > 3 * kFewRows ? 1 : 0;
    queue.Delete(expected, expected + 1);
    if (i % 1000 == 700) REQUIRE_OK(queue.database().Flush());
  }
  CHECK(queue.Read(First(reverse)).empty());
  CHECK(large <= 4);
}

TEST_CASE("what comes alive in a dead run is seen") {
  // Goal: a row written into a known dead run is found by the next read, by none of a snapshot from before,
  // and what is dead on both sides of it is still skipped. Method: single rows in all kinds of places.
  const bool reverse = GENERATE(false, true);
  const bool flushed = GENERATE(false, true);
  INFO("reverse " << reverse << ", flushed " << flushed);
  Queue queue;
  queue.Insert(0, kDead + kLive);
  queue.Delete(reverse ? kLive : 0, reverse ? kDead + kLive : kDead);
  if (flushed) REQUIRE_OK(queue.database().Flush());
  const Rows first = queue.Read(First(reverse));
  queue.Read(First(reverse));
  CHECK(queue.rows_examined() <= kFewRows);
  Random random(1);
  for (int i = 0; i < 50; ++i) {
    const std::unique_ptr<Snapshot> snapshot = ValueOf(queue.database().GetSnapshot());
    const int64_t c = kLive + static_cast<int64_t>(random.Uniform(kDead - kLive));
    queue.Insert(c, c + 1);
    REQUIRE(queue.Read(First(reverse)) == Rows{{c, queue.last_value()}});
    REQUIRE(queue.Read(First(reverse), snapshot.get()) == first);
    if (i % 10 == 5) REQUIRE_OK(queue.database().Flush());
    if (i % 2 == 0) {
      queue.Delete(c, c + 1);
    } else {
      queue.DeleteRange(c, c + 1);
    }
    REQUIRE(queue.Read(First(reverse)) == first);
    queue.Read(First(reverse));
    CHECK(queue.rows_examined() <= kFewRows);
  }
}

/// A read of what is synced is one that does not see the last writes.
Rows ReadDurable(Queue& queue, bool reverse) {
  Query query(queue.table());
  query.Partition({int64_t{1}}).Limit(1);
  if (reverse) query.Reverse();
  ReadOptions options;
  options.durable = true;
  Cursor cursor = ValueOf(queue.database().Read(options, query));
  Rows rows;
  while (cursor.Next()) rows.push_back({cursor.row().clustering(0).integer(), cursor.row()[0].integer()});
  REQUIRE_OK(cursor.status());
  return rows;
}

TEST_CASE("a note ends where something was written that its reader did not see") {
  // Goal: what had been applied when a note was made, under sequences that its reader does not see, is found
  // by the reads after it. Method: a read of what is synced goes through a dead run with a living row that is
  // not synced.
  const bool reverse = GENERATE(false, true);
  INFO("reverse " << reverse);
  Queue queue;
  queue.Insert(0, 300);
  queue.Delete(reverse ? 100 : 0, reverse ? 300 : 200);
  REQUIRE_OK(queue.database().Flush());  // synced
  const int64_t live = reverse ? 99 : 200;
  queue.Insert(150, 151);
  const int64_t value = queue.last_value();
  REQUIRE(ReadDurable(queue, reverse).at(0).first == live);
  REQUIRE(ReadDurable(queue, reverse).at(0).first == live);
  REQUIRE(queue.Read(First(reverse)) == Rows{{150, value}});
  REQUIRE(queue.Read(First(reverse)) == Rows{{150, value}});
}

TEST_CASE("a note is nothing to reads whose clock is behind") {
  // Goal: a read that goes on with the clock of its first page sees rows that have expired since. Method:
  // between two pages all but the ends of a queue expire, and are noted as dead.
  Queue queue;
  queue.Insert(0, 1);
  queue.Insert(1, 500, 10);
  queue.Insert(500, 501);
  Query query(queue.table());
  query.Partition({int64_t{1}}).Limit(1);
  Cursor first = ValueOf(queue.database().Read(ReadOptions(), query));
  REQUIRE(first.Next());
  const std::string page = first.paging_state();
  queue.sim().clock.Advance(20'000'000);
  for (int i = 0; i < 2; ++i) REQUIRE(queue.Read(Slice{}).size() == 2);
  Query rest(queue.table());
  rest.Partition({int64_t{1}}).Limit(1000).Resume(page);
  Cursor second = ValueOf(queue.database().Read(ReadOptions(), rest));
  int64_t rows = 0;
  while (second.Next()) ++rows;
  CHECK(rows == 500);
}

/// A queue and what should be in it.
class Modelled {
 public:
  explicit Modelled(uint64_t seed) : queue_(seed, 256 << 10), random_(seed) {}

  /// Something is written, mostly as in a queue, and mostly many rows at once.
  void Write() {
    const int64_t from = random_.OneIn(3) ? Key() : head_;
    const int64_t to = from + 1 + static_cast<int64_t>(random_.Uniform(random_.OneIn(3) ? 200 : 30));
    switch (random_.Uniform(9)) {
      case 0:
      case 1:
        Insert(tail_, tail_ + (to - from), {});
        tail_ += to - from;
        break;
      case 2:
        Insert(from, random_.OneIn(2) ? from + 1 : to, {});
        break;
      case 3:
        Insert(from, to, static_cast<int32_t>(1 + random_.Uniform(20)));
        break;
      case 4:
        queue_.DeleteRange(from, to);
        Erase(from, to);
        break;
      case 5:
        if (!random_.OneIn(10)) return;
        queue_.DeletePartition();
        rows_.clear();
        break;
      default:
        queue_.Delete(from, to);
        Erase(from, to);
        if (from == head_) head_ = to;
    }
  }

  void Disturb() {
    switch (random_.Uniform(8)) {
      case 0:
        REQUIRE_OK(queue_.database().Flush());
        break;
      case 1:
        REQUIRE_OK(queue_.database().Compact("queue"));
        break;
      case 2:
        queue_.sim().executor.RunAll();
        break;
      case 3:
        kept_.push_back(Kept{ValueOf(queue_.database().GetSnapshot()), rows_, queue_.now_seconds()});
        if (kept_.size() > 4) kept_.erase(kept_.begin() + static_cast<ptrdiff_t>(random_.Uniform(4)));
        break;
      case 4:
        if (random_.OneIn(10)) {
          REQUIRE_OK(queue_.database().TruncateTable("queue"));
          rows_.clear();
        }
        break;
      default:
        queue_.sim().clock.Advance(static_cast<int64_t>(random_.Uniform(3'000'000)));
    }
  }

  void Compare() {
    Slice slice;
    slice.reverse = random_.OneIn(2);
    slice.limit = random_.OneIn(3) ? UINT64_MAX : 1 + random_.Uniform(3);
    if (random_.OneIn(3)) slice.from = Key();
    if (random_.OneIn(3)) slice.to = Key();
    REQUIRE(queue_.Read(slice) == Expected(rows_, queue_.now_seconds(), slice));
    if (kept_.empty()) return;
    const Kept& kept = kept_[random_.Uniform(kept_.size())];
    REQUIRE(queue_.Read(slice, kept.snapshot.get()) == Expected(kept.rows, kept.now_seconds, slice));
  }

  uint64_t rows_examined() const { return queue_.rows_examined(); }

 private:
  struct Value {
    int64_t value;
    int64_t expiry;
  };
  using Content = std::map<int64_t, Value>;
  struct Kept {
    std::unique_ptr<Snapshot> snapshot;
    Content rows;
    int64_t now_seconds;
  };

  int64_t Key() { return static_cast<int64_t>(random_.Uniform(static_cast<uint64_t>(tail_) + 20)); }

  void Insert(int64_t from, int64_t to, std::optional<int32_t> ttl_seconds) {
    int64_t value = queue_.last_value();
    queue_.Insert(from, to, ttl_seconds);
    const int64_t expiry = ttl_seconds.has_value() ? queue_.now_seconds() + *ttl_seconds : INT64_MAX;
    for (int64_t c = from; c < to; ++c) rows_[c] = Value{++value, expiry};
  }
  void Erase(int64_t from, int64_t to) { rows_.erase(rows_.lower_bound(from), rows_.lower_bound(to)); }

  static Rows Expected(const Content& content, int64_t now_seconds, const Slice& slice) {
    Rows rows;
    for (const auto& [key, value] : content) {
      if (value.expiry <= now_seconds || key < slice.from.value_or(key) || key > slice.to.value_or(key))
        continue;
      rows.push_back({key, value.value});
    }
    if (slice.reverse) std::reverse(rows.begin(), rows.end());
    if (rows.size() > slice.limit) rows.resize(slice.limit);
    return rows;
  }

  Queue queue_;
  Random random_;
  Content rows_;
  int64_t head_ = 0;
  int64_t tail_ = 0;
  std::vector<Kept> kept_;  // goes before the database
};

TEST_CASE("queues equal the model") {
  // Goal: whatever is skipped, answers are right: over flushes, merges, snapshots, expiry, truncation, writes
  // into dead runs, in both directions. Method: random histories like those of queues against a map.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Modelled modelled(seed);
    for (int step = 0; step < 150; ++step) {
      INFO("step " << step);
      modelled.Write();
      if (step % 3 == 0) modelled.Disturb();
      modelled.Compare();
      modelled.Compare();
    }
  }
}

TEST_CASE("threads see what they wrote into a dead run") {
  // Goal: no write is lost between a read that makes a note and the writes that are under way meanwhile.
  // Method: threads write and delete rows of their own in a dead run, and after each write look for it, all
  // of them making notes all the time; two threads write at the side, so that much is in flight.
  constexpr int64_t kRows = 400;
  constexpr int kThreads = 4;
  constexpr int kRounds = 300;
  TempDirectory directory;
  Options options;
  options.durability = Durability::kProcess;
  options.memory_budget_bytes = 1 << 20;
  const auto database = ValueOf(Database::Open(options, directory.path() + "/db"));
  const Table table = ValueOf(database->CreateTable(QueueSchema()));
  const ColumnId value = table->regular()[0].id;
  const auto write = [&](int64_t c, bool live) {
    WriteBatch batch;
    absl::Status status = live ? batch.Upsert(table, {int64_t{1}}, {c}, {{value, c}})
                               : batch.DeleteRow(table, {int64_t{1}}, {c});
    status.Update(database->Write(WriteOptions(), batch));
    return status;
  };
  for (int64_t c = 0; c < kRows; ++c) REQUIRE_OK(write(c, c == 0 || c + 1 == kRows));
  std::atomic<int> lost{0};
  std::atomic<int> failed{0};
  const auto sees = [&](int64_t c, bool reverse) {
    Query query(table);
    query.Partition({int64_t{1}});
    if (reverse) query.Reverse();
    auto cursor = database->Read(ReadOptions(), query);
    if (!cursor.ok()) return false;
    while (cursor->Next()) {
      if (cursor->row().clustering(0).integer() == c) return true;
    }
    return false;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Random random(static_cast<uint64_t>(t) + 1);
      for (int i = 0; i < kRounds; ++i) {
        const int64_t c = 1 + t + kThreads * static_cast<int64_t>(random.Uniform(kRows / kThreads - 1));
        if (!write(c, true).ok()) ++failed;
        if (t < 2 && !sees(c, t == 1)) ++lost;
        if (!write(c, false).ok()) ++failed;
        if (t < 2 && sees(c, t == 1)) ++lost;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(lost == 0);
  REQUIRE_OK(database->Close());
}

}  // namespace
}  // namespace stoa
