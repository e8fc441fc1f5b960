// What a database does while the disk is full, and that it needs nobody to go on afterwards.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "engine/space_reserve.h"
#include "io/random.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

constexpr size_t kValueBytes = 1000;
constexpr uint64_t kUnlimited = uint64_t{1} << 50;

Options SmallOptions(Env* env) {
  Options options;
  options.env = env;
  options.memory_budget_bytes = 256 << 10;
  options.wal_segment_bytes = 16 << 10;
  options.wal_bytes_max = 64 << 10;
  return options;
}

/// A database of a 256 KiB budget, on files whose capacity can be set, and the partitions that it should
/// have.
class Small {
 public:
  explicit Small(uint64_t seed = 1) : files_(std::make_unique<SimFileSystem>()), random_(seed) {
    Open(seed);
    for (const char* name : {"t", "u"}) {
      tables_.push_back(ValueOf(database_->CreateTable(ValueOf(TableSchema::Builder(name)
                                                                   .PartitionKey("p", TypeKind::kInt)
                                                                   .Regular("v", TypeKind::kBlob)
                                                                   .Build()))));
    }
  }

  void Open(uint64_t seed) { REQUIRE_OK(TryOpen(seed)); }
  absl::Status TryOpen(uint64_t seed) {
    database_.reset();
    sim_ = std::make_unique<SimEnv>(*files_, seed);
    auto database = Database::Open(SmallOptions(&sim_->env), "db");
    if (database.ok()) database_ = *std::move(database);
    return database.status();
  }
  /// All writes are synced from now on.
  void SyncWrites() { write_options_.durability = Durability::kSync; }

  /// Puts a row of a value that does not compress.
  absl::Status Put(size_t table, int key) {
    std::string value;
    while (value.size() < kValueBytes) value.push_back(static_cast<char>(random_.Uniform(256)));
    WriteBatch batch;
    const Column& column = *tables_[table]->FindColumn("v");
    absl::Status status = batch.Upsert(tables_[table], {key}, {}, {{column.id, Value::Bytes(value)}});
    if (status.ok()) status = database_->Write(write_options_, batch);
    if (status.ok()) keys_[table].insert(key);
    return status;
  }
  absl::Status Delete(size_t table, int key) {
    WriteBatch batch;
    absl::Status status = batch.DeletePartition(tables_[table], {key});
    if (status.ok()) status = database_->Write(write_options_, batch);
    if (status.ok()) keys_[table].erase(key);
    return status;
  }
  /// Puts rows until one is refused; returns the first key that was not put.
  int Fill(size_t table, int first) {
    for (int key = first; key < first + 10'000; ++key) {
      const absl::Status status = Put(table, key);
      if (!status.ok()) {
        CHECK(absl::IsResourceExhausted(status));
        return key;
      }
      sim_->executor.RunAll();
    }
    FAIL("the disk does not fill up");
    return 0;
  }
  /// The same until nothing that the database does by itself makes room for one more.
  int FillUp(size_t table, int first) {
    while (true) {
      const int end = Fill(table, first);
      Pass(3);
      if (end == first) return end;
      first = end;
    }
  }
  /// Makes the disk so small that only `room` bytes of it are left.
  void LimitTo(uint64_t room) { files_->SetCapacity(files_->used_bytes() + room); }

  void Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      sim_->clock.Advance(1'000'001);
      sim_->executor.RunAll();
    }
  }

  std::set<int> Keys(size_t table) {
    std::set<int> found;
    Cursor cursor = ValueOf(database_->Read(ReadOptions(), Query(tables_[table])));
    while (cursor.Next()) found.insert(static_cast<int>(cursor.row().partition_key(0).integer()));
    REQUIRE_OK(cursor.status());
    return found;
  }
  void CheckRows() {
    for (size_t table = 0; table < tables_.size(); ++table) REQUIRE(Keys(table) == keys_[table]);
  }

  bool HasReserve() { return files_->ReadFile(StrCat("db/", kReserveName)).ok(); }
  SimFileSystem& files() { return *files_; }
  Database& database() { return *database_; }
  SimEnv& sim() { return *sim_; }
  std::set<int>& keys(size_t table) { return keys_[table]; }
  void UseFiles(std::unique_ptr<SimFileSystem> files) {
    database_.reset();
    files_ = std::move(files);
  }

 private:
  std::unique_ptr<SimFileSystem> files_;
  std::unique_ptr<SimEnv> sim_;
  std::unique_ptr<Database> database_;
  std::vector<Table> tables_;
  std::set<int> keys_[2];
  WriteOptions write_options_;
  Random random_;
};

/// Work for which a disk with room for half of it is too small. The last key that was written or deleted is
/// in `last`.
void FillAndDelete(Small* small, int* last) {
  for (int key = 0; key < 80 && !small->files().crashed(); ++key) {
    *last = key;
    (void)small->Put(0, key);
    if (key % 20 == 19) small->Pass(1);
  }
  for (int key = 0; key < 80 && !small->files().crashed(); key += 2) {
    *last = key;
    (void)small->Delete(0, key);
  }
  (void)small->database().Compact("t");
  small->Pass(2);
}

}  // namespace

// Goal: on a full disk writes are refused, and reads, deletions, flushes and merges go on; when they have
// freed enough, writes are taken again, without anybody's help. Method: fill, delete, merge.
TEST_CASE("deletions and merges get a database out of a full disk [rule]") {
  Small small;
  small.LimitTo(300 << 10);
  const int end = small.FillUp(0, 0);
  REQUIRE(end > 50);
  CHECK_FALSE(small.HasReserve());
  CHECK(absl::IsResourceExhausted(small.Put(1, 0)));
  small.CheckRows();
  for (int key = 0; key < end; ++key) REQUIRE_OK(small.Delete(0, key));
  small.CheckRows();
  CHECK(absl::IsResourceExhausted(small.Put(1, 0)));
  REQUIRE_OK(small.database().Compact("t"));
  small.Pass(2);
  CHECK(small.HasReserve());
  CHECK(small.Fill(1, 0) > 50);
  small.Pass(3);
  small.CheckRows();
}

// Goal: as above when the space comes from elsewhere. Method: the capacity shrinks below what is used, and
// grows.
TEST_CASE("service resumes when there is space again [rule]") {
  Small small;
  int next = 0;
  for (int round = 0; round < 5; ++round) {
    small.LimitTo(static_cast<uint64_t>(round) * 5'000);
    next = small.FillUp(0, next);
    small.CheckRows();
    CHECK(absl::IsResourceExhausted(small.Put(0, next)));
    small.files().SetCapacity(kUnlimited);
    small.Pass(1);
    for (int i = 0; i < 100; ++i) REQUIRE_OK(small.Put(0, next++));
    small.CheckRows();
  }
  REQUIRE_OK(small.database().Close());
  CHECK_FALSE(small.HasReserve());
}

// Goal: dropping and truncating work on a full disk and free all that the table took, at once: files, log,
// and what merges under way have written. Method: with a merge half done, and without.
TEST_CASE("dropping and truncating free space at once [rule]") {
  for (const bool drop : {false, true}) {
    for (const int steps : {0, 20, 60}) {
      INFO("drop " << drop << " steps " << steps);
      Small small;
      REQUIRE_OK(small.Put(1, 7));
      REQUIRE_OK(small.database().Flush());
      const uint64_t before = small.files().used_bytes();
      small.LimitTo(500 << 10);
      small.Fill(0, 0);
      for (int i = 0; i < steps; ++i) small.sim().executor.RunOne();
      REQUIRE_OK(drop ? small.database().DropTable("t") : small.database().TruncateTable("t"));
      if (steps == 0) {
        // A segment and what was prepared of the next; the reserve is out.
        CHECK(small.files().used_bytes() < before + (64 << 10));
      }
      small.sim().executor.RunAll();
      CHECK(small.files().used_bytes() < before + (64 << 10));
      small.keys(0).clear();
      small.Pass(1);
      CHECK(small.HasReserve());
      CHECK(small.Fill(1, 10) > 50);
    }
  }
}

// Goal: wherever the space ends, nothing is latched, nothing acknowledged is lost and service resumes.
// Method: the same work with every capacity, by steps of less than any file.
TEST_CASE("wherever the disk fills up, the database goes on [rule]") {
  for (uint64_t room = 0; room < (200 << 10); room += 1777) {
    INFO("room " << room);
    Small small(room + 1);
    small.LimitTo(room);
    const int end = small.Fill(0, 0);
    for (int key = 0; key < end; key += 3) {
      const absl::Status deleted = small.Delete(0, key);
      if (!deleted.ok()) REQUIRE(absl::IsResourceExhausted(deleted));
      small.sim().executor.RunAll();
    }
    for (const absl::Status& status :
         {small.database().Flush(), small.database().Compact("t"), small.database().TruncateTable("u")}) {
      if (!status.ok()) REQUIRE(absl::IsResourceExhausted(status));
    }
    small.Pass(2);
    small.CheckRows();
    small.files().SetCapacity(kUnlimited);
    small.Pass(2);
    REQUIRE_OK(small.Put(0, end));
    REQUIRE_OK(small.database().Compact("t"));
    small.CheckRows();
    REQUIRE_OK(small.database().Verify().status());
    small.Open(room + 2);
    small.CheckRows();
  }
}

// Goal: a process that dies on a full disk loses nothing that was acknowledged. Method: the same work is cut
// at every call; the files are opened when there is space again.
TEST_CASE("killed at every call on a full disk [rule]") {
  for (uint64_t call = 0;; ++call) {
    INFO("call " << call);
    Small small;
    small.LimitTo(40 << 10);
    small.files().SetCrashAt(small.files().calls() + call);
    int last = 0;
    FillAndDelete(&small, &last);
    const bool crashed = small.files().crashed();
    std::unique_ptr<SimFileSystem> image = small.files().KillImage();
    small.UseFiles(std::move(image));
    small.files().SetCapacity(kUnlimited);
    small.Open(2);
    small.CheckRows();
    REQUIRE_OK(small.Put(0, 1000));
    if (!crashed) break;
  }
}

// Goal: the same when it is the machine that dies: what was synced is there, and nothing else but what was
// being written. Method: the work is cut at every third call; of each cut a few images are opened.
TEST_CASE("power lost on a full disk [rule]") {
  for (uint64_t call = 0;; call += 3) {
    Small small;
    small.SyncWrites();
    small.LimitTo(40 << 10);
    small.files().SetCrashAt(small.files().calls() + call);
    int last = 0;
    FillAndDelete(&small, &last);
    const bool crashed = small.files().crashed();
    const std::set<int> promised = small.keys(0);
    for (CrashState& state : small.files().EnumerateImages(4, call)) {
      INFO("call " << call << ", " << state.choice.ToString() << ", last " << last);
      small.UseFiles(std::move(state.files));
      small.Open(2);
      std::set<int> found = small.Keys(0), expected = promised;
      found.erase(last);
      expected.erase(last);
      REQUIRE(found == expected);
      REQUIRE_OK(small.Put(0, 1000));
      small.keys(0) = promised;
    }
    if (!crashed) break;
  }
}

// Goal: a database that was killed on a full disk can be opened while there is no more room than before, if
// its reserve was whole; otherwise it says what is missing, and is as it was. Method: the same work is cut at
// every call; the files are opened on a disk of the same size, rows are deleted, and then there is space.
TEST_CASE("opened on a disk that is still full [rule]") {
  int opened = 0, refused = 0;
  for (uint64_t call = 0;; ++call) {
    INFO("call " << call);
    Small small;
    small.LimitTo(40 << 10);
    const uint64_t capacity = small.files().used_bytes() + (40 << 10);
    small.files().SetCrashAt(small.files().calls() + call);
    int last = 0;
    FillAndDelete(&small, &last);
    const bool crashed = small.files().crashed();
    small.UseFiles(small.files().KillImage());
    small.files().SetCapacity(capacity);
    const bool had_reserve = small.HasReserve();
    const absl::Status status = small.TryOpen(2);
    if (status.ok()) {
      ++opened;
      small.CheckRows();
      for (const int key : small.Keys(0)) {
        const absl::Status deleted = small.Delete(0, key);
        if (!deleted.ok()) REQUIRE(absl::IsResourceExhausted(deleted));
      }
    } else {
      ++refused;
      REQUIRE(absl::IsResourceExhausted(status));
      INFO(status << " used " << small.files().used_bytes() << " of " << capacity);
      REQUIRE_FALSE(had_reserve);
    }
    small.files().SetCapacity(kUnlimited);
    if (status.ok()) {
      small.Pass(2);
    } else {
      small.Open(3);
    }
    small.CheckRows();
    REQUIRE_OK(small.Put(0, 1000));
    if (!crashed) break;
  }
  CHECK(opened > 10 * refused);
}

}  // namespace stoa
