// Conditional writes against each other and against everything else.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "support/catch.h"
#include "support/status.h"
#include "support/temp_directory.h"

namespace stoa {
namespace {

using Operator = ConditionOperator;

constexpr int kRegister = 0;  // the clustering key of the row that all write to; the others are the journal
constexpr int kPartitions = 2;

/// A register in each partition, and beside it a journal: whoever writes to the register adds in the same
/// batch a row that says what it was before, if it asked, and what it is now. The timestamps of the journal's
/// rows are those of their commits, and these grow in commit order: so the journal in the order of its
/// timestamps is the history, and every entry that asked must have been told what the entry before it wrote.
class Registers {
 public:
  explicit Registers(const std::string& path) {
    Options options;
    options.memory_budget_bytes = 512 << 10;
    options.wal_segment_bytes = 64 << 10;
    options.durability = Durability::kProcess;
    database_ = ValueOf(Database::Open(options, path));
    table_ = ValueOf(database_->CreateTable(ValueOf(TableSchema::Builder("registers")
                                                        .PartitionKey("partition", TypeKind::kInt)
                                                        .Clustering("entry", TypeKind::kInt)
                                                        .Regular("value", TypeKind::kInt)
                                                        .Regular("before", TypeKind::kInt)
                                                        .Regular("asked", TypeKind::kBoolean)
                                                        .Build())));
    value_ = table_->FindColumn("value")->id;
    before_ = table_->FindColumn("before")->id;
    asked_ = table_->FindColumn("asked")->id;
  }

  Database& database() { return *database_; }

  /// Writes `entry` to the register; it also serves as the value, so that every value is written once.
  absl::Status Write(int partition, int entry) {
    WriteBatch batch;
    absl::Status status = batch.Upsert(table_, {partition}, {kRegister}, {{value_, entry}});
    if (status.ok()) status = batch.Upsert(table_, {partition}, {entry}, {{value_, entry}, {asked_, false}});
    return status.ok() ? database_->Write({}, batch) : status;
  }
  /// Deletes the register.
  absl::Status Delete(int partition, int entry) {
    WriteBatch batch;
    absl::Status status = batch.DeleteRow(table_, {partition}, {kRegister});
    if (status.ok()) status = batch.Upsert(table_, {partition}, {entry}, {{asked_, false}});
    return status.ok() ? database_->Write({}, batch) : status;
  }
  /// Writes to the journal alone.
  absl::Status Touch(int partition, int entry) {
    WriteBatch batch;
    const absl::Status status = batch.Update(table_, {partition}, {entry}, {{before_, 0}});
    return status.ok() ? database_->Write({}, batch) : status;
  }
  /// Writes `entry` to the register if it is still as `current` says (0: does not exist); then `current` says
  /// what it is.
  absl::StatusOr<bool> Exchange(int partition, int entry, int* current) {
    WriteBatch batch;
    absl::Status status = batch.Upsert(table_, {partition}, {kRegister}, {{value_, entry}});
    if (status.ok()) {
      status =
          batch.Upsert(table_, {partition}, {entry}, {{value_, entry}, {before_, *current}, {asked_, true}});
    }
    if (!status.ok()) return status;
    Conditions conditions(table_, {partition});
    if (*current == 0) {
      conditions.IfNotExists({kRegister});
    } else {
      conditions.If({kRegister}, {value_, Operator::kEqual, *current});
    }
    const absl::StatusOr<ConditionalOutcome> outcome = database_->WriteIf({}, batch, conditions);
    if (!outcome.ok()) return outcome.status();
    *current = entry;
    if (outcome->applied()) return true;
    const ConditionalOutcome::CurrentRow& row = outcome->rows()[0];
    *current = row.exists ? static_cast<int>(row.row[0].integer()) : 0;
    return false;
  }

  /// Reads a partition and goes through its history. Returns what is wrong with it, or nothing; `applied`
  /// receives the entries that asked.
  std::string Check(int partition, const Snapshot* snapshot, std::set<int>* applied) {
    struct Entry {
      int value = 0;
      int before = 0;
      bool asked = false;
    };
    std::map<int64_t, Entry> journal;
    int current = 0;
    ReadOptions options;
    options.snapshot = snapshot;
    absl::StatusOr<Cursor> cursor = database_->Read(options, Query(table_).Partition({partition}));
    if (!cursor.ok()) return cursor.status().ToString();
    while (cursor->Next()) {
      const RowView& row = cursor->row();
      const int entry = static_cast<int>(row.clustering(0).integer());
      if (entry == kRegister) {
        current = static_cast<int>(row[0].integer());
      } else if (!row[2].is_null()) {
        const Entry told{row[0].is_null() ? 0 : static_cast<int>(row[0].integer()),
                         row[1].is_null() ? 0 : static_cast<int>(row[1].integer()), row[2].boolean()};
        journal[row.write_timestamp(2)] = told;
        if (told.asked && applied != nullptr) applied->insert(entry);
      }
    }
    if (!cursor->status().ok()) return cursor->status().ToString();
    int value = 0;
    for (const auto& [timestamp, entry] : journal) {
      if (entry.asked && entry.before != value) {
        return StrCat("entry ", entry.value, " replaced ", entry.before, ", the register held ", value);
      }
      value = entry.value;
    }
    return value == current ? "" : StrCat("the register holds ", current, ", the journal ends in ", value);
  }

 private:
  std::unique_ptr<Database> database_;
  Table table_;
  ColumnId value_ = 0;
  ColumnId before_ = 0;
  ColumnId asked_ = 0;
};

struct Load {
  int plain_writers = 0;
  int touching_writers = 0;  ///< write to the partitions, but not to the registers
  int exchanges = 0;         ///< that each of three threads tries
};

/// Returns the number of conflicts.
uint64_t Race(const Load& load) {
  TempDirectory directory;
  Registers registers(directory.path() + "/db");
  std::atomic<int> next_entry{1};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::string failure;  // the first
  const auto expect_nothing = [&](const std::string& wrong) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (failure.empty()) failure = wrong;
  };
  const auto expect_ok = [&](const absl::Status& status) {
    expect_nothing(status.ok() ? "" : status.ToString());
  };

  std::vector<std::set<int>> acknowledged(3);
  std::vector<std::thread> exchangers;
  for (size_t thread = 0; thread < acknowledged.size(); ++thread) {
    exchangers.emplace_back([&, thread] {
      std::vector<int> current(kPartitions, 0);
      for (int i = 0; i < load.exchanges; ++i) {
        const int partition = i % kPartitions;
        const int entry = next_entry.fetch_add(1);
        const auto applied = registers.Exchange(partition, entry, &current[static_cast<size_t>(partition)]);
        expect_ok(applied.status());
        if (applied.ok() && *applied) acknowledged[thread].insert(entry);
      }
    });
  }
  std::vector<std::thread> others;
  for (int thread = 0; thread < load.plain_writers + load.touching_writers; ++thread) {
    others.emplace_back([&, thread] {
      for (int i = thread; !stop.load(); ++i) {
        const int partition = i / 2 % kPartitions;
        const int entry = next_entry.fetch_add(1);
        expect_ok((thread >= load.plain_writers ? registers.Touch(partition, entry)
                   : i % 8 == 0                 ? registers.Delete(partition, entry)
                                                : registers.Write(partition, entry)));
      }
    });
  }
  others.emplace_back([&] {
    for (int i = 0; !stop.load(); ++i) {
      const auto snapshot = registers.database().GetSnapshot();
      expect_ok(snapshot.status());
      expect_ok(i % 4 == 3 ? registers.database().Compact("registers") : registers.database().Flush());
      for (int partition = 0; snapshot.ok() && partition < kPartitions; ++partition) {
        expect_nothing(registers.Check(partition, snapshot->get(), nullptr));
      }
    }
  });
  for (std::thread& thread : exchangers) thread.join();
  stop.store(true);
  for (std::thread& thread : others) thread.join();
  REQUIRE(failure == "");

  std::set<int> expected;
  for (const std::set<int>& some : acknowledged) expected.insert(some.begin(), some.end());
  std::set<int> applied;
  for (int partition = 0; partition < kPartitions; ++partition) {
    REQUIRE(registers.Check(partition, nullptr, &applied) == "");
  }
  REQUIRE(applied == expected);
  REQUIRE(!applied.empty());
  const uint64_t conflicts = registers.database().metrics().conditional_conflicts;
  REQUIRE_OK(registers.database().Close());
  return conflicts;
}

}  // namespace

// Goal: conditional writes that were acknowledged as applied, and no others, form a chain, each on what the
// one before it wrote. Method: threads exchange registers, among flushes, merges and snapshots, each of which
// is checked too. Without plain writers nobody has to read twice.
TEST_CASE("conditional writes form a chain") { Race({.exchanges = 600}); }

// Goal: the same with plain writes and deletions to the same rows between them. Method: as above.
TEST_CASE("conditional and plain writes form a chain") {
  Race({.plain_writers = 2, .touching_writers = 1, .exchanges = 600});
}

// Goal: a conditional write is done in the end, however many plain writes there are to its partition. Method:
// more writers than processors, which leave the registers alone.
TEST_CASE("conditional writes are not starved") { Race({.touching_writers = 4, .exchanges = 300}); }

}  // namespace stoa
