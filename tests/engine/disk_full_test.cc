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

  void Open(uint64_t seed) {
    database_.reset();
    sim_ = std::make_unique<SimEnv>(*files_, seed);
    database_ = ValueOf(Database::Open(SmallOptions(&sim_->env), "db"));
  }

  /// Puts a row of a value that does not compress.
  absl::Status Put(size_t table, int key) {
    std::string value;
    while (value.size() < kValueBytes) value.push_back(static_cast<char>(random_.Uniform(256)));
    WriteBatch batch;
    const Column& column = *tables_[table]->FindColumn("v");
    absl::Status status = batch.Upsert(tables_[table], {key}, {}, {{column.id, Value::Bytes(value)}});
    if (status.ok()) status = database_->Write(WriteOptions(), batch);
    if (status.ok()) keys_[table].insert(key);
    return status;
  }
  absl::Status Delete(size_t table, int key) {
    WriteBatch batch;
    absl::Status status = batch.DeletePartition(tables_[table], {key});
    if (status.ok()) status = database_->Write(WriteOptions(), batch);
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

  void CheckRows() {
    for (size_t table = 0; table < tables_.size(); ++table) {
      std::set<int> found;
      Cursor cursor = ValueOf(database_->Read(ReadOptions(), Query(tables_[table])));
      while (cursor.Next()) found.insert(static_cast<int>(cursor.row().partition_key(0).integer()));
      REQUIRE_OK(cursor.status());
      REQUIRE(found == keys_[table]);
    }
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
  Random random_;
};

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
    for (int key = 0; key < 80; ++key) {
      (void)small.Put(0, key);
      if (key % 20 == 19) small.Pass(1);
    }
    for (int key = 0; key < 80; key += 2) (void)small.Delete(0, key);
    (void)small.database().Compact("t");
    small.Pass(2);
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

}  // namespace stoa
