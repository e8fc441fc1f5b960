// Merges that a crash or a Close interrupts, and that the next opening goes on with.
#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "engine/inspection.h"
#include "engine/manifest.h"
#include "io/random.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

constexpr int32_t kRounds = 4;  // that T4 merges

/// Writes down how merges ended.
class Ends : public Listener {
 public:
  void OnCompactionEnd(const CompactionInfo& info, const absl::Status& status) override {
    infos.push_back(info);
    statuses.push_back(status);
    if (absl::IsCancelled(status) && interrupted) interrupted();
  }
  uint64_t bytes_read() const {
    uint64_t bytes = 0;
    for (const CompactionInfo& info : infos) bytes += info.bytes_read;
    return bytes;
  }
  /// The merge that was gone on with to its end; none: null.
  const CompactionInfo* resumed() const {
    for (size_t i = 0; i < infos.size(); ++i) {
      if (infos[i].reason == CompactionReason::kResumed && statuses[i].ok()) return &infos[i];
    }
    return nullptr;
  }

  std::vector<CompactionInfo> infos;
  std::vector<absl::Status> statuses;
  std::function<void()> interrupted;
};

/// A database with tables "t" and, if wanted, more, each with kRounds files over each other, of which a merge
/// is due: nothing of it is done.
class Interrupted {
 public:
  explicit Interrupted(const std::vector<std::string>& names = {"t"}, int32_t partitions = 40,
                       int32_t rows = 10, uint64_t seed = 1)
      : sim_(std::make_unique<SimEnv>(files_, seed)), partitions_(partitions), rows_(rows) {
    Open();
    for (const std::string& name : names) {
      TableOptions options;
      options.compression_level = 0;
      options.compaction.min_sstable_bytes = 0;
      options.compaction.base_shard_count = 5;
      (void)ValueOf(database->CreateTable(ValueOf(TableSchema::Builder(name)
                                                      .PartitionKey("k", TypeKind::kInt)
                                                      .Clustering("c", TypeKind::kInt)
                                                      .Static("s", TypeKind::kInt)
                                                      .Regular("v", TypeKind::kText)
                                                      .Options(options)
                                                      .Build())));
    }
    // Tables in turn, and all of a round flushed before any merge may run.
    for (int32_t round = 0; round < kRounds; ++round) {
      for (const std::string& name : names) WriteRound(name, round);
      REQUIRE_OK(database->Flush());
    }
  }

  void Open(int threads = 1) {
    Options options;
    options.env = &sim_->env;
    options.memory_budget_bytes = 16 << 20;
    options.wal_segment_bytes = 64 << 10;
    options.background_threads = threads;
    options.listener = &ends;
    database = ValueOf(Database::Open(options, "db"));
  }
  /// As by the death of the process.
  void Kill() { database.reset(); }
  void Run(int steps) {
    for (int i = 0; i < steps; ++i) (void)sim_->executor.RunOne();
  }
  void RunAll() { sim_->executor.RunAll(); }

  /// Every value of the table, and the statics, as text.
  std::string Dump(const std::string& name = "t") {
    const Table table = ValueOf(database->OpenTable(name));
    Query query(table);
    query.Columns({table->FindColumn("s")->id, table->FindColumn("v")->id});
    Cursor cursor = ValueOf(database->Read(ReadOptions(), query));
    std::string text;
    while (cursor.Next()) {
      const RowView& row = cursor.row();
      text += StrCat(row[0].ToString(), " ", row[1].ToString(), " ", row.partition_key(0).ToString(), " ",
                     row.clustering(0).ToString(), "\n");
    }
    REQUIRE_OK(cursor.status());
    return text;
  }

  /// What the manifest says. The database is closed.
  DatabaseState State() {
    const std::unique_ptr<Directory> directory = ValueOf(files_.OpenDirectory("db"));
    return ValueOf(ReadManifest(*directory)).state;
  }
  size_t Notes() {
    size_t notes = 0;
    for (const auto& [id, table] : State().tables) notes += table.merges.size();
    return notes;
  }
  /// SSTables in the directory that the manifest does not name.
  size_t Orphans() {
    std::set<std::string> named;
    for (const auto& [id, table] : State().tables) {
      for (const auto& [number, file] : table.files) named.insert(StrCat("db/", SSTableName(number)));
      for (const auto& [first, merge] : table.merges) {
        for (const MergedPiece& piece : merge.pieces)
          named.insert(StrCat("db/", SSTableName(piece.file.number)));
      }
    }
    size_t orphans = 0;
    for (const std::string& path : files_.ListFiles()) {
      orphans += path.ends_with(".sst") && !named.contains(path) ? 1 : 0;
    }
    return orphans;
  }
  /// Runs until a note of a merge of each of `tables` tables stands, then kills. Their files are as they
  /// were.
  void InterruptWithNotes(size_t tables = 1) {
    for (int step = 0; step < 10'000; ++step) {
      Run(1);
      if (Notes() >= tables) return Kill();
    }
    FAIL("no merge was noted");
  }

  SimFileSystem& files() { return files_; }
  SimEnv& sim() { return *sim_; }

 private:
  /// Deletions of every kind among the rows, which hide those of earlier rounds; and a static value.
  void WriteRound(const std::string& name, int32_t round) {
    const Table table = ValueOf(database->OpenTable(name));
    const ColumnId v = table->FindColumn("v")->id;
    WriteBatch batch;
    for (int32_t k = 0; k < partitions_; ++k) {
      if (k % 7 == 6 - round) REQUIRE_OK(batch.DeletePartition(table, {k}));
      const std::vector<Value> from = {rows_ / 4}, to = {rows_ / 2};
      if (k % 5 == round) REQUIRE_OK(batch.DeleteRange(table, {k}, ClusteringRange{from, true, to, false}));
      REQUIRE_OK(batch.Update(table, {k}, {}, {{table->FindColumn("s")->id, round}}));
      for (int32_t c = round; c < rows_; c += 1 + static_cast<int32_t>(random_.Uniform(3))) {
        if (c % 11 == round) {
          REQUIRE_OK(batch.DeleteRow(table, {k}, {c}));
          continue;
        }
        std::string text;
        while (text.size() < 200) text += StrCat(random_.Uniform(1'000'000));
        REQUIRE_OK(batch.Upsert(table, {k}, {c}, {{v, text}}));
      }
    }
    REQUIRE_OK(database->Write(WriteOptions(), batch));
  }

  SimFileSystem files_;
  std::unique_ptr<SimEnv> sim_;
  Random random_{3};
  const int32_t partitions_, rows_;

 public:
  Ends ends;
  std::unique_ptr<Database> database;
};

}  // namespace

// Goal: wherever a merge is interrupted, the next opening goes on with it, does nothing twice that was noted,
// and the table is what it was. Method: killed after every number of steps; what both openings read is
// compared with one merge.
TEST_CASE("a merge goes on where it was killed [rule]") {
  Interrupted whole({"t"}, 400, 10);
  whole.RunAll();
  REQUIRE(whole.ends.infos.size() == 1);
  const uint64_t read_by_one = whole.ends.bytes_read();
  const std::string content = whole.Dump();
  uint64_t resumed = 0;
  for (int steps = 1;; steps += 3) {
    CAPTURE(steps);
    Interrupted test({"t"}, 400, 10);
    test.Run(steps);
    const bool merged = test.ends.infos.size() == 1;
    test.Kill();
    const size_t notes = test.Notes();
    test.Open();
    test.RunAll();
    REQUIRE(test.Dump() == content);
    REQUIRE_OK(test.database->Verify().status());
    REQUIRE(test.database->metrics().sstables == 5);
    if (notes > 0) {
      const CompactionInfo* info = test.ends.resumed();
      REQUIRE(info != nullptr);
      ++resumed;
      CHECK(info->output_files == 5);
      CHECK(info->bytes_taken_over > 0);
      CHECK(info->bytes_taken_over < info->bytes_written);
      // A fifth of the merge is lost at most.
      CHECK(test.ends.bytes_read() <= read_by_one * 5 / 4);
      const uint64_t written = info->bytes_written - info->bytes_taken_over;
      const CompactionCounters counters =
          test.database->metrics().compactions_by_reason[static_cast<size_t>(CompactionReason::kResumed)];
      CHECK(counters.compactions == 1);
      CHECK(counters.bytes_read == info->bytes_read);
      CHECK(counters.bytes_written == written);
    }
    REQUIRE_OK(test.database->Close());
    CHECK(test.Orphans() == 0);
    if (merged) break;
  }
  CHECK(resumed > 3);
}

// Goal: an application that opens and closes without ever waiting for more of a merge than that it is planned
// gets it done all the same, at no more than the price of one. Method: one large partition, so that every cut
// is inside of it, with range deletions that stay, or that are purged; and many partitions, merged by several
// threads.
TEST_CASE("closing keeps what merges have done [rule]") {
  const bool purges = GENERATE(false, true);
  const int threads = GENERATE(1, 3);
  const uint64_t seed = GENERATE(range(1, 6));
  CAPTURE(purges, threads, seed);
  const auto make = [&] {
    auto made = threads == 1 ? std::make_unique<Interrupted>(std::vector<std::string>{"t"}, 1, 8000, seed)
                             : std::make_unique<Interrupted>(std::vector<std::string>{"t"}, 40, 200, seed);
    if (purges) made->sim().clock.Advance(10'000'000);
    return made;
  };
  const std::unique_ptr<Interrupted> whole = make();
  whole->RunAll();
  const std::unique_ptr<Interrupted> test = make();
  // Every finished file is noted.
  test->ends.interrupted = [&] { CHECK(test->Orphans() == 0); };
  int openings = 0;
  for (; test->ends.resumed() == nullptr; ++openings) {
    REQUIRE(openings < 1000);
    while (test->database->metrics().running_compactions.empty()) test->Run(1);
    REQUIRE_OK(test->database->Close());
    CHECK(test->Orphans() == 0);
    test->Open(threads);
  }
  CHECK(openings >= 2);
  // What does not fit into a file that is ended has been read for nothing.
  CHECK(test->ends.bytes_read() <= 2 * whole->ends.bytes_read());
  CHECK(test->Dump() == whole->Dump());
  REQUIRE_OK(test->database->Verify().status());
  CHECK(test->database->metrics().sstables >= 3);  // a piece for each opening
}

// Goal: tools tell of pieces, and verify them. Method: a database that was killed with a note.
TEST_CASE("unfinished merges are described and verified") {
  Interrupted test;
  test.InterruptWithNotes();
  const std::unique_ptr<Directory> directory = ValueOf(test.files().OpenDirectory("db"));
  const std::string described = ValueOf(DescribeDirectory(*directory, 0));
  CAPTURE(described);
  CHECK(described.find("unfinished merge of 4 SSTables") != std::string::npos);
  CHECK(ValueOf(VerifyDirectory(*directory)).sstables > kRounds);
  const auto merge = test.State().tables.begin()->second.merges.begin()->second;
  const SSTableMetadata& file = merge.pieces.front().file;
  CHECK(described.find(SSTableName(file.number)) != std::string::npos);
  REQUIRE_OK(test.files().FlipBit(StrCat("db/", SSTableName(file.number)), 8 * file.file_bytes / 2));
  CHECK(absl::IsDataLoss(VerifyDirectory(*directory).status()));
}

// Goal: pieces go with their merge: when its table is truncated or dropped, when somebody merges the inputs
// with others, when one cannot be read. Method: each of it, while the merge waits behind that of another
// table; then the directory is compared with the manifest.
TEST_CASE("pieces go when their merge is over [rule]") {
  enum class End { kTruncate, kDrop, kCompactWithOthers, kLostPiece };
  for (const End end : {End::kTruncate, End::kDrop, End::kCompactWithOthers, End::kLostPiece}) {
    CAPTURE(static_cast<int>(end));
    Interrupted test({"t", "u"});
    REQUIRE_OK(test.database->Close());
    test.Open(/*threads=*/2);
    test.InterruptWithNotes(2);
    test.ends = Ends();
    const TableId table = test.State().tables.rbegin()->first;
    const MergedPiece piece = test.State().tables.at(table).merges.begin()->second.pieces.front();
    if (end == End::kLostPiece) {
      REQUIRE_OK(test.files().RemoveFile(StrCat("db/", SSTableName(piece.file.number))));
    }
    test.Open();
    std::string before = test.Dump("u");
    if (end == End::kTruncate) {
      REQUIRE_OK(test.database->TruncateTable("u"));
      before.clear();
    }
    if (end == End::kDrop) REQUIRE_OK(test.database->DropTable("u"));
    if (end == End::kCompactWithOthers) {
      WriteBatch batch;
      const Table u = ValueOf(test.database->OpenTable("u"));
      REQUIRE_OK(batch.DeletePartition(u, {int32_t{1'000'000}}));
      REQUIRE_OK(test.database->Write(WriteOptions(), batch));
      REQUIRE_OK(test.database->Flush());
      REQUIRE_OK(test.database->Compact("u"));
    }
    test.RunAll();
    if (end != End::kDrop) CHECK(test.Dump("u") == before);
    const CompactionInfo* info = test.ends.resumed();
    REQUIRE(info != nullptr);
    CHECK(info->table == "t");
    for (const CompactionInfo& other : test.ends.infos)
      CHECK((other.table == "t" || other.bytes_taken_over == 0));
    // Not by closing, which removes leftovers.
    test.Kill();
    CHECK(test.Notes() == 0);
    CHECK(test.Orphans() == 0);
  }
}

// Goal: a merge that fails leaves nothing behind, though part of it was done by an earlier opening, and is
// begun anew. Method: a read fails while it is gone on with.
TEST_CASE("a resumed merge that fails begins anew") {
  Interrupted test({"t"}, 400, 10);
  test.InterruptWithNotes();
  test.Open();
  const std::string before = test.Dump();
  test.files().FailRead(test.files().reads() + 2, absl::UnavailableError("EIO"), FaultSpan::kOnce);
  test.RunAll();
  REQUIRE(test.ends.resumed() == nullptr);
  REQUIRE(absl::IsUnavailable(test.ends.statuses.back()));
  CHECK(test.Notes() == 0);
  CHECK(test.Orphans() == 0);
  test.sim().clock.Advance(11'000'000);
  test.RunAll();
  REQUIRE_OK(test.ends.statuses.back());
  CHECK(test.ends.infos.back().bytes_taken_over == 0);
  CHECK(test.database->metrics().sstables == 5);
  CHECK(test.Dump() == before);
}

// Goal: pieces of merges that wait do not fill the disk. Method: a disk without room for the reserve, and two
// unfinished merges for one thread.
TEST_CASE("on a full disk unfinished merges that wait are forgotten") {
  Interrupted test({"t", "u"}, 400, 10);
  REQUIRE_OK(test.database->Close());
  test.Open(/*threads=*/2);
  test.InterruptWithNotes(2);
  REQUIRE_OK(test.files().RemoveFile("db/RESERVE"));
  test.files().SetCapacity(test.files().used_bytes() + (200 << 10));
  test.ends = Ends();
  test.Open();
  const std::string before = test.Dump("u");
  test.sim().clock.Advance(1'000'001);
  test.Run(20);
  CHECK(test.Notes() <= 1);
  CHECK_FALSE(test.files().ReadFile("db/RESERVE").ok());
  test.files().SetCapacity(uint64_t{1} << 50);
  for (int second = 0; second < 100; ++second) {
    test.sim().clock.Advance(1'000'001);
    test.RunAll();
  }
  for (size_t i = 0; i < test.ends.infos.size(); ++i) {
    CHECK((test.ends.infos[i].table == "t" || test.ends.infos[i].bytes_taken_over == 0));
  }
  CHECK(test.database->metrics().sstables == 10);
  CHECK(test.Dump("u") == before);
  CHECK(test.Orphans() == 0);
}

}  // namespace stoa
