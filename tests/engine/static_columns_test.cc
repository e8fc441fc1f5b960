// Static columns, from writes to results.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "io/random.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

std::string Text(const Value& value) { return value.is_null() ? "-" : value.ToString(); }

std::string RowText(const RowView& row) {
  std::string text = StrCat(row.partition_key(0).text(), ":", Text(row.clustering(0)));
  for (size_t i = 0; i < row.column_count(); ++i) text += StrCat(" ", Text(row[i]));
  return text;
}

TableOptions KeepDeletions() {
  TableOptions options;
  options.gc_grace_seconds = 1'000'000;
  return options;
}

/// Accounts with an owner and a limit, and movements by number.
class Accounts {
 public:
  /// `flushes`: what is written is read from files.
  explicit Accounts(bool flushes = false) : flushes_(flushes), sim_(files_, 1) {
    options_.env = &sim_.env;
    options_.inline_value_bytes_max = 64;
    database_ = ValueOf(Database::Open(options_, "db"));
    table_ = ValueOf(database_->CreateTable(ValueOf(TableSchema::Builder("accounts")
                                                        .PartitionKey("account", TypeKind::kText)
                                                        .Clustering("number", TypeKind::kInt)
                                                        .Static("owner", TypeKind::kText)
                                                        .Static("max", TypeKind::kInt)
                                                        .Regular("amount", TypeKind::kInt)
                                                        .Options(KeepDeletions())
                                                        .Build())));
    owner = table_->FindColumn("owner")->id;
    max = table_->FindColumn("max")->id;
    amount = table_->FindColumn("amount")->id;
  }

  ColumnId owner;
  ColumnId max;
  ColumnId amount;

  Database& database() { return *database_; }
  const Table& table() const { return table_; }
  ManualClock& clock() { return sim_.clock; }
  Query NewQuery() const { return Query(table_); }
  Query All(std::string_view account) const { return Query(table_).Partition({account}); }

  /// Writes what `fill` puts into a batch.
  template <typename Fill>
  void Write(const Fill& fill) {
    WriteBatch batch;
    REQUIRE_OK(fill(batch));
    REQUIRE_OK(database_->Write(WriteOptions(), batch));
    if (flushes_) REQUIRE_OK(database_->Flush());
  }
  /// Something that changes where the rows are.
  void Disturb(Random* random) {
    switch (random->Uniform(3)) {
      case 0:
        REQUIRE_OK(database_->Flush());
        break;
      case 1:
        REQUIRE_OK(database_->Compact("accounts"));
        break;
      default:
        if (random->OneIn(2)) REQUIRE_OK(database_->Close());
        database_.reset();
        database_ = ValueOf(Database::Open(options_, "db"));
    }
  }
  void Move(std::string_view account, int number, int value) {
    Write([&](WriteBatch& batch) { return batch.Upsert(table_, {account}, {number}, {{amount, value}}); });
  }
  void Own(std::string_view account, const Value& name) {
    Write([&](WriteBatch& batch) { return batch.Update(table_, {account}, {}, {{owner, name}}); });
  }

  /// The rows as text, the same by rows, by batches, and in pages of every small size.
  std::string Read(const Query& query) {
    std::string rows;
    Cursor cursor = ValueOf(database_->Read(ReadOptions(), query));
    while (cursor.Next()) rows += StrCat(rows.empty() ? "" : ", ", RowText(cursor.row()));
    REQUIRE_OK(cursor.status());
    if (query.limit() == UINT64_MAX) {
      for (uint64_t page = 1; page <= 4; ++page) CHECK(ReadPages(query, page) == rows);
    }
    CheckBatches(query);
    return rows;
  }

  std::string ReadOne(std::string_view account, int number, const std::vector<ColumnId>& columns = {}) {
    Row row;
    const bool found = ValueOf(database_->ReadRow(ReadOptions(), table_, {account}, {number}, columns, &row));
    return found ? RowText(row.view()) : "none";
  }

 private:
  std::string ReadPages(const Query& query, uint64_t page_rows) {
    std::string rows;
    std::string state;
    do {
      Query page = query;
      page.Limit(page_rows);
      if (!state.empty()) page.Resume(state);
      Cursor cursor = ValueOf(database_->Read(ReadOptions(), page));
      while (cursor.Next()) rows += StrCat(rows.empty() ? "" : ", ", RowText(cursor.row()));
      REQUIRE_OK(cursor.status());
      state = cursor.paging_state();
    } while (!state.empty());
    return rows;
  }

  /// What NextBatch hands over is what Next does.
  void CheckBatches(const Query& query) {
    Cursor rows = ValueOf(database_->Read(ReadOptions(), query));
    Cursor batches = ValueOf(database_->Read(ReadOptions(), query));
    size_t in_batch = 0;
    size_t place = 0;
    while (rows.Next()) {
      if (place == in_batch) {
        in_batch = batches.NextBatch();
        place = 0;
        REQUIRE(in_batch > 0);
      }
      for (size_t i = 0; i < rows.row().column_count(); ++i) {
        const ColumnData data = batches.column(i);
        const Value value = rows.row()[i];
        REQUIRE(data.IsNull(place) == value.is_null());
        if (value.is_null()) continue;
        if (value.kind() == Value::Kind::kInteger) {
          REQUIRE(data.as_int(place) == value.integer());
        } else {
          REQUIRE(data.bytes()[place] == value.text());
        }
      }
      ++place;
    }
    REQUIRE(place == in_batch);
    REQUIRE(batches.NextBatch() == 0);
  }

  const bool flushes_;
  SimFileSystem files_;
  SimEnv sim_;
  Options options_;
  std::unique_ptr<Database> database_;
  Table table_;
};

/// b has statics and rows, c rows alone, d statics alone; in token order: see the first test.
void Fill(Accounts* accounts) {
  accounts->Own("b", "Bo");
  accounts->Write([&](WriteBatch& batch) {
    return batch.Upsert(accounts->table(), {"b"}, {2}, {{accounts->amount, 20}, {accounts->max, 100}});
  });
  for (const int number : {1, 3}) accounts->Move("b", number, number * 10);
  for (const int number : {1, 2}) accounts->Move("c", number, number);
  accounts->Own("d", "Di");
}

// Goal: every read shows static values with every row, and a partition with nothing else as one row, as
// Cassandra does. Method: three partitions, queries of every form, each also in pages and by batches.
TEST_CASE("Static columns are read with every row of their partition") {
  Accounts accounts(GENERATE(false, true));
  Fill(&accounts);
  const std::string b = "b:1 'Bo' 100 10, b:2 'Bo' 100 20, b:3 'Bo' 100 30";
  const std::string c = "c:1 - - 1, c:2 - - 2";
  const std::string d = "d:- 'Di' - -";
  const std::string all = accounts.Read(accounts.NewQuery());
  CHECK(all == accounts.Read(accounts.NewQuery().Partition({"d"}).Partition({"b"}).Partition({"c"})));
  for (const std::string& part : {b, c, d}) CHECK(all.find(part) != std::string::npos);
  CHECK(all.size() == b.size() + c.size() + d.size() + 4);

  CHECK(accounts.Read(accounts.All("b")) == b);
  CHECK(accounts.Read(accounts.All("b").Reverse()) == "b:3 'Bo' 100 30, b:2 'Bo' 100 20, b:1 'Bo' 100 10");
  CHECK(accounts.Read(accounts.All("d")) == d);
  CHECK(accounts.Read(accounts.All("d").Reverse()) == d);
  CHECK(accounts.Read(accounts.All("e")).empty());
  CHECK(accounts.Read(accounts.All("b").Columns({accounts.amount, accounts.owner})) ==
        "b:1 10 'Bo', b:2 20 'Bo', b:3 30 'Bo'");
  CHECK(accounts.Read(accounts.All("b").Limit(2)) == "b:1 'Bo' 100 10, b:2 'Bo' 100 20");
  CHECK(accounts.Read(accounts.All("b").Partition({"d"}).PerPartitionLimit(1).Columns({accounts.owner}))
            .size() == std::string("b:1 'Bo', d:- 'Di'").size());
  // Without a static column the partition of statics is a row too; not so in a slice.
  CHECK(accounts.Read(accounts.All("d").Columns({accounts.amount})) == "d:- -");
  CHECK(accounts.Read(accounts.All("d").Columns({accounts.amount}).Reverse()) == "d:- -");

  const auto slice = [&](std::string_view account, Values from, Values to) {
    return accounts.All(account).Slice(ClusteringRange{from, true, to, true});
  };
  CHECK(accounts.Read(slice("b", {2}, {})) == "b:2 'Bo' 100 20, b:3 'Bo' 100 30");
  CHECK(accounts.Read(slice("b", {}, {2})) == "b:1 'Bo' 100 10, b:2 'Bo' 100 20");
  CHECK(accounts.Read(slice("b", {}, {2}).Reverse()) == "b:2 'Bo' 100 20, b:1 'Bo' 100 10");
  CHECK(accounts.Read(slice("b", {}, {2}).Columns({accounts.amount})) == "b:1 10, b:2 20");
  CHECK(accounts.Read(accounts.All("b").Row({3})) == "b:3 'Bo' 100 30");
  CHECK(accounts.Read(slice("b", {9}, {})).empty());
  CHECK(accounts.Read(slice("d", {}, {2})).empty());
  CHECK(accounts.Read(slice("d", {}, {2}).Columns({accounts.amount})).empty());
  CHECK(accounts.Read(accounts.All("d").Row({1})).empty());

  CHECK(accounts.ReadOne("b", 2) == "b:2 'Bo' 100 20");
  CHECK(accounts.ReadOne("b", 2, {accounts.max, accounts.amount}) == "b:2 100 20");
  CHECK(accounts.ReadOne("b", 2, {accounts.max}) == "b:2 100");
  CHECK(accounts.ReadOne("c", 2, {accounts.max}) == "c:2 -");
  CHECK(accounts.ReadOne("b", 9) == "none");
  CHECK(accounts.ReadOne("d", 1) == "none");
}

// Goal: conditions see static values; those on other columns leave out partitions of statics. Method: each
// kind alone and together, over one and all partitions.
TEST_CASE("Conditions on static columns") {
  Accounts accounts(GENERATE(false, true));
  Fill(&accounts);
  accounts.Own("c", "Cy");
  const auto where = [&](ColumnId column, Comparison comparison, const Value& value) {
    return accounts.NewQuery().Where(column, comparison, value);
  };
  CHECK(accounts.Read(where(accounts.owner, Comparison::kEqual, "Di")) == "d:- 'Di' - -");
  CHECK(accounts.Read(where(accounts.owner, Comparison::kEqual, "Cy")) == "c:1 'Cy' - 1, c:2 'Cy' - 2");
  CHECK(accounts.Read(where(accounts.max, Comparison::kGreater, 50).Columns({accounts.amount})) ==
        "b:1 10, b:2 20, b:3 30");
  CHECK(accounts.Read(where(accounts.amount, Comparison::kGreaterOrEqual, 20)) ==
        "b:2 'Bo' 100 20, b:3 'Bo' 100 30");
  CHECK(accounts.Read(where(accounts.amount, Comparison::kEqual, 2)) == "c:2 'Cy' - 2");
  CHECK(accounts.Read(
            where(accounts.amount, Comparison::kLess, 25).Where(accounts.owner, Comparison::kEqual, "Bo")) ==
        "b:1 'Bo' 100 10, b:2 'Bo' 100 20");
  CHECK(accounts.Read(accounts.All("b")
                          .Reverse()
                          .Where(accounts.amount, Comparison::kLess, 25)
                          .Columns({accounts.max})) == "b:2 100, b:1 100");
  CHECK(accounts.Read(accounts.All("d").Reverse().Where(accounts.owner, Comparison::kEqual, "Di")) ==
        "d:- 'Di' - -");
}

// Goal: one row for each partition with anything alive. Method: partitions of rows, of statics, of both, and
// of deleted ones, in pages too; what does not go together with it.
TEST_CASE("Distinct partitions") {
  Accounts accounts(GENERATE(false, true));
  Fill(&accounts);
  accounts.Move("f", 1, 1);
  accounts.Write([&](WriteBatch& batch) { return batch.DeleteRow(accounts.table(), {"f"}, {1}); });
  accounts.Write([&](WriteBatch& batch) {
    return batch.Update(accounts.table(), {"g"}, {7}, {{accounts.amount, 7}});  // no marker
  });
  const std::string rows = accounts.Read(accounts.NewQuery().Distinct());
  for (const char* row : {"b:- 'Bo' 100", "c:- - -", "d:- 'Di' -", "g:- - -"}) {
    CHECK(rows.find(row) != std::string::npos);
  }
  CHECK(rows.size() == std::string("b:- 'Bo' 100, c:- - -, d:- 'Di' -, g:- - -").size());
  CHECK(accounts.Read(accounts.All("b").Distinct().Columns({accounts.max})) == "b:- 100");
  CHECK(accounts.Read(accounts.NewQuery().Distinct().Where(accounts.owner, Comparison::kEqual, "Bo")) ==
        "b:- 'Bo' 100");
  const auto refusal = [&](const Query& query) {
    return accounts.database().Read(ReadOptions(), query).status().code();
  };
  const auto refused = absl::StatusCode::kInvalidArgument;
  CHECK(refusal(accounts.All("b").Distinct().Reverse()) == refused);
  CHECK(refusal(accounts.All("b").Distinct().Row({1})) == refused);
  CHECK(refusal(accounts.All("b").Distinct().PerPartitionLimit(2)) == refused);
  CHECK(refusal(accounts.All("b").Distinct().Columns({accounts.amount})) == refused);
  CHECK(refusal(accounts.All("b").Distinct().Where(accounts.amount, Comparison::kEqual, 1)) == refused);
}

// Goal: what deletes static values and what does not. Method: each deletion, a time to live, timestamps.
TEST_CASE("Deletions and expiry of static values") {
  Accounts accounts(GENERATE(false, true));
  Fill(&accounts);
  const Table& table = accounts.table();
  accounts.Write([&](WriteBatch& batch) { return batch.DeleteRow(table, {"b"}, {1}); });
  accounts.Write([&](WriteBatch& batch) {
    return batch.DeleteRange(table, {"b"}, ClusteringRange{{}, true, {2}, true});
  });
  CHECK(accounts.Read(accounts.All("b")) == "b:3 'Bo' 100 30");
  CHECK(accounts.Read(accounts.All("b").Reverse()) == "b:3 'Bo' 100 30");
  accounts.Write([&](WriteBatch& batch) { return batch.DeleteRange(table, {"b"}, ClusteringRange::All()); });
  CHECK(accounts.Read(accounts.All("b")) == "b:- 'Bo' 100 -");
  CHECK(accounts.Read(accounts.All("b").Reverse()) == "b:- 'Bo' 100 -");
  CHECK(accounts.Read(accounts.NewQuery().Partition({"b"}).Slice(ClusteringRange::Prefix({2}))).empty());
  accounts.Write([&](WriteBatch& batch) {
    return batch.DeleteCells(table, {"b"}, {}, std::vector<ColumnId>{accounts.owner});
  });
  CHECK(accounts.Read(accounts.All("b")) == "b:- - 100 -");
  accounts.Write([&](WriteBatch& batch) {
    return batch.Update(table, {"b"}, {}, {{accounts.max, nullptr}});
  });
  CHECK(accounts.Read(accounts.All("b")).empty());

  accounts.Write([&](WriteBatch& batch) { return batch.DeletePartition(table, {"d"}); });
  CHECK(accounts.Read(accounts.All("d")).empty());

  accounts.Write([&](WriteBatch& batch) {
    return batch.Update(table, {"c"}, {}, {{accounts.owner, "Cy"}}, {std::nullopt, 10});
  });
  CHECK(accounts.Read(accounts.All("c")) == "c:1 'Cy' - 1, c:2 'Cy' - 2");
  Cursor cursor = ValueOf(accounts.database().Read(ReadOptions(), accounts.All("c")));
  REQUIRE(cursor.Next());
  CHECK(cursor.row().expiry(0) == accounts.clock().NowWallMicros() / 1'000'000 + 10);
  CHECK(cursor.row().write_timestamp(0) > cursor.row().write_timestamp(2));
  CHECK(cursor.row().write_timestamp(1) == INT64_MIN);
  accounts.clock().Advance(10'000'000);
  CHECK(accounts.Read(accounts.All("c")) == "c:1 - - 1, c:2 - - 2");

  for (const int64_t timestamp : {5, 3}) {
    accounts.Write([&](WriteBatch& batch) {
      return batch.Update(table, {"h"}, {}, {{accounts.max, timestamp}}, {timestamp, std::nullopt});
    });
  }
  CHECK(accounts.Read(accounts.All("h")) == "h:- - 5 -");
}

// Goal: which writes name a row and which do not. Method: both sides of every rule; a refused write changes
// nothing.
TEST_CASE("Writes to static columns") {
  Accounts accounts;
  const Table& table = accounts.table();
  WriteBatch batch;
  const auto message = [&](const absl::Status& status) {
    CHECK(batch.empty());
    CHECK(batch.mutations().empty());
    return std::string(FromAbsl(status.message()));
  };
  const std::string takes_none = "table accounts: a write to static columns alone takes no clustering key";
  const std::string needs_one =
      "table accounts: a write to columns that are not static needs the clustering key";
  CHECK(message(batch.Update(table, {"a"}, {1}, {{accounts.owner, "A"}})) == takes_none);
  CHECK(message(batch.DeleteCells(table, {"a"}, {1}, std::vector<ColumnId>{accounts.owner})) == takes_none);
  CHECK(message(batch.Update(table, {"a"}, {}, {{accounts.owner, "A"}, {accounts.amount, 1}})) == needs_one);
  CHECK(message(batch.Upsert(table, {"a"}, {}, {{accounts.owner, "A"}, {accounts.amount, 1}})) == needs_one);
  CHECK(message(batch.Upsert(table, {"a"}, {}, {})) ==
        "table accounts: clustering key (number) has 1 columns, given 0 values");
  CHECK(message(batch.Upsert(table, {"a"}, {1}, {{accounts.owner, "A"}, {accounts.owner, "B"}})) ==
        "table accounts: column owner is assigned twice");
  CHECK(message(batch.Upsert(table, {"a"}, {1}, {{accounts.owner, 5}})) ==
        "table accounts: column owner: given integer, expected text");
  CHECK(message(batch.Upsert(table, {"a"}, {1}, {{accounts.owner, "A"}, {accounts.amount, "x"}})) ==
        "table accounts: column amount: given text, expected int");

  REQUIRE_OK(batch.Upsert(table, {"a"}, {}, {{accounts.owner, "A"}}));
  CHECK(batch.operation_count() == 1);
  REQUIRE_OK(batch.Upsert(table, {"b"}, {1}, {{accounts.owner, "B"}}));
  CHECK(batch.operation_count() == 3);
  REQUIRE_OK(batch.Update(table, {"c"}, {1}, {{accounts.amount, Value::Unset()}, {accounts.owner, "C"}}));
  CHECK(batch.operation_count() == 4);
  REQUIRE_OK(batch.Update(table, {"d"}, {}, {{accounts.owner, Value::Unset()}}));
  CHECK(batch.operation_count() == 4);
  REQUIRE_OK(accounts.database().Write(WriteOptions(), batch));
  CHECK(accounts.Read(accounts.All("a")) == "a:- 'A' - -");
  CHECK(accounts.Read(accounts.All("b")) == "b:1 'B' - -");
  CHECK(accounts.Read(accounts.All("c")) == "c:- 'C' - -");
  CHECK(accounts.Read(accounts.All("d")).empty());
}

// Goal: a static value in a file of its own is shown with every row. Method: by rows, batches and pages.
TEST_CASE("Large static values") {
  Accounts accounts(GENERATE(false, true));
  const std::string large(1000, 'x');
  accounts.Own("b", large);
  for (int number = 0; number < 3; ++number) accounts.Move("b", number, number);
  const std::string rows = accounts.Read(accounts.All("b").Columns({accounts.owner}));
  CHECK(rows.size() == 3 * (large.size() + std::string("b:1 ''").size()) + 4);
}

// Goal: static columns come and go on live data. Method: dropped, added as regular and as static again.
TEST_CASE("Altering static columns") {
  Accounts accounts(GENERATE(false, true));
  Fill(&accounts);
  const Table dropped = ValueOf(accounts.database().AlterTable(
      "accounts", TableAlteration().DropColumn("owner").AddStaticColumn("since", TypeKind::kInt)));
  CHECK(accounts.Read(Query(dropped).Partition({"d"})).empty());
  CHECK(accounts.Read(Query(dropped).Partition({"b"}).Limit(1)) == "b:1 100 - 10");
  const Table again = ValueOf(
      accounts.database().AlterTable("accounts", TableAlteration().AddColumn("owner", TypeKind::kInt)));
  CHECK(accounts.Read(Query(again).Partition({"b"}).Limit(1)) == "b:1 100 - 10 -");
}

/// One write of any kind; times in a small range, so that everything meets everything.
void WriteAny(Random* random, const Accounts& accounts, WriteBatch* batch) {
  const Table& table = accounts.table();
  static const char* const kNames[] = {"a", "b", "c", "d", "e", "f"};
  const Value name = kNames[random->Uniform(6)];
  const std::vector<Value> key{name};
  const std::vector<Value> row{Value(static_cast<int>(random->Uniform(4)))};
  const Value owner = random->OneIn(5) ? Value() : Value(kNames[random->Uniform(6)]);
  const Value number = random->OneIn(5) ? Value() : Value(static_cast<int>(random->Uniform(9)));
  WriteAttributes attributes;
  attributes.timestamp_micros = static_cast<int64_t>(random->Uniform(40));
  if (random->OneIn(4)) attributes.ttl_seconds = static_cast<int32_t>(1 + random->Uniform(30));
  const std::vector<ColumnId> statics = {accounts.owner, accounts.max};
  switch (random->Uniform(9)) {
    case 0:
      REQUIRE_OK(
          batch->Upsert(table, key, row, {{accounts.owner, owner}, {accounts.amount, number}}, attributes));
      return;
    case 1:
      REQUIRE_OK(
          batch->Upsert(table, key, {}, {{accounts.owner, owner}, {accounts.max, number}}, attributes));
      return;
    case 2:
      REQUIRE_OK(
          batch->Update(table, key, row, {{accounts.amount, number}, {accounts.max, number}}, attributes));
      return;
    case 3:
    case 4:
      REQUIRE_OK(batch->Update(table, key, {}, {{accounts.max, number}}, attributes));
      return;
    case 5:
      REQUIRE_OK(batch->DeleteCells(table, key, {}, statics, attributes));
      return;
    case 6:
      REQUIRE_OK(batch->DeleteRow(table, key, row, attributes));
      return;
    case 7:
      REQUIRE_OK(batch->DeleteRange(table, key, ClusteringRange{row, true, {}, true}, attributes));
      return;
    default:
      if (random->OneIn(3)) REQUIRE_OK(batch->DeletePartition(table, key, attributes));
  }
}

Query AnyQuery(Random* random, const Accounts& accounts) {
  Query query = random->OneIn(3)
                    ? accounts.NewQuery()
                    : accounts.All(random->OneIn(2) ? "a" : "b").Partition({"c"}).Partition({"d"});
  if (random->OneIn(4)) return query.Distinct();
  const bool partitions = !query.partitions().empty();
  if (partitions && random->OneIn(3)) query.Reverse();
  const int from = static_cast<int>(random->Uniform(4));
  if (partitions && random->OneIn(3)) query.Slice(ClusteringRange{{from}, random->OneIn(2), {}, true});
  if (partitions && random->OneIn(3)) query.Slice(ClusteringRange{{}, true, {from}, random->OneIn(2)});
  if (random->OneIn(3)) query.Columns({random->OneIn(2) ? accounts.max : accounts.amount});
  if (random->OneIn(4)) query.Where(accounts.amount, Comparison::kLess, 5);
  if (random->OneIn(4)) query.Where(accounts.max, Comparison::kGreater, 3);
  if (random->OneIn(4)) query.PerPartitionLimit(2);
  return query;
}

// Goal: where the rows are makes no difference, nor in which order they came. Method: the same random writes
// to two databases, to one in another order with flushes, merges and reopenings between them; random queries.
// (Purging is held off, for which deletions may come before what they delete.)
TEST_CASE("Static columns over flush, merge and reopening [rule]") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Accounts still;
    Accounts moved;
    std::vector<uint64_t> seeds(30);
    for (uint64_t& write : seeds) write = random.Next();
    const auto write_all = [&](Accounts* accounts, const std::vector<uint64_t>& writes, bool disturbs) {
      for (const uint64_t write : writes) {
        Random choices(write);
        accounts->Write([&](WriteBatch& batch) {
          WriteAny(&choices, *accounts, &batch);
          return absl::OkStatus();
        });
        if (disturbs && random.OneIn(4)) accounts->Disturb(&random);
      }
    };
    write_all(&still, seeds, false);
    for (size_t i = seeds.size(); i > 1; --i) std::swap(seeds[i - 1], seeds[random.Uniform(i)]);
    write_all(&moved, seeds, true);
    for (int64_t seconds : {0, 15, 30}) {
      still.clock().Advance(seconds * 1'000'000);
      moved.clock().Advance(seconds * 1'000'000);
      for (int i = 0; i < 8; ++i) {
        const uint64_t query = random.Next();
        Random of_still(query);
        Random of_moved(query);
        CHECK(still.Read(AnyQuery(&of_still, still)) == moved.Read(AnyQuery(&of_moved, moved)));
      }
    }
  }
}

}  // namespace
}  // namespace stoa
