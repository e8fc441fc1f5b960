// What is told of background work, and counted of it.
#include <stoa/listener.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <stoa/database.h>

#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

/// Writes down what it is told, and asks the database for metrics meanwhile, as listeners may.
class Recorder : public Listener {
 public:
  void OnFlushEnd(const FlushInfo& flush) override {
    flushes.push_back(flush);
    if (database != nullptr) (void)database->metrics();
  }
  void OnCompactionBegin(const CompactionInfo& info) override {
    begun.push_back(info);
    if (database != nullptr) running = database->metrics().running_compactions;
  }
  void OnCompactionProgress(const CompactionInfo& info) override { progress.push_back(info); }
  void OnCompactionEnd(const CompactionInfo& info, const absl::Status& status) override {
    ended.push_back(info);
    statuses.push_back(status);
    if (database != nullptr) (void)database->metrics();
  }
  void OnBackgroundError(const BackgroundError& error) override { errors.push_back(error); }

  const Database* database = nullptr;
  std::vector<FlushInfo> flushes;
  std::vector<CompactionInfo> begun, progress, ended, running;
  std::vector<absl::Status> statuses;
  std::vector<BackgroundError> errors;
};

struct ListenerTest {
  ListenerTest() : sim(files, 1) {
    Options options;
    options.env = &sim.env;
    options.memory_budget_bytes = 32 << 20;
    options.listener = &recorder;
    database = ValueOf(Database::Open(options, "db"));
    recorder.database = database.get();
    TableOptions table_options;
    table_options.compression_level = 0;
    table = ValueOf(database->CreateTable(ValueOf(TableSchema::Builder("readings")
                                                      .PartitionKey("k", TypeKind::kInt)
                                                      .Clustering("c", TypeKind::kInt)
                                                      .Regular("v", TypeKind::kText)
                                                      .Options(table_options)
                                                      .Build())));
  }
  ~ListenerTest() { recorder.database = nullptr; }

  /// Rows [first, last) of 20 partitions, of 100 bytes each, in SSTables.
  void WriteRows(int32_t first, int32_t last) {
    WriteBatch batch;
    for (int32_t k = 0; k < 20; ++k) {
      for (int32_t c = first; c < last; ++c) {
        std::string text;
        for (int32_t i = 0; i < 25; ++i) text += std::to_string((k * 7919 + c * 104'729 + i * 1299) % 9973);
        REQUIRE_OK(batch.Upsert(table, {k}, {c}, {{table->FindColumn("v")->id, text}}));
      }
    }
    REQUIRE_OK(database->Write(WriteOptions(), batch));
    REQUIRE_OK(database->Flush());
  }

  Recorder recorder;
  SimFileSystem files;
  SimEnv sim;
  std::unique_ptr<Database> database;
  Table table;
};

}  // namespace

// Goal: flushes and merges are told of with what they did, and counted by reason. Method: two flushes and a
// merge that is asked for.
TEST_CASE("a listener hears of flushes and merges") {
  ListenerTest test;
  Recorder& told = test.recorder;
  test.WriteRows(0, 500);
  test.WriteRows(500, 1000);
  REQUIRE(told.flushes.size() == 2);
  CHECK((told.flushes[0].table == "readings" && told.flushes[0].output_files == 1));
  const Metrics before = test.database->metrics();
  CHECK(told.flushes[0].bytes_written + told.flushes[1].bytes_written == before.flushed_bytes);
  CHECK(before.flushed_bytes == before.sstable_bytes);
  CHECK(before.log_bytes > 20 * 1000 * 100);
  CHECK(told.begun.empty());

  REQUIRE_OK(test.database->Compact("readings"));
  REQUIRE((told.begun.size() == 1 && told.ended.size() == 1));
  REQUIRE_OK(told.statuses[0]);
  const CompactionInfo& end = told.ended[0];
  CHECK((end.table == "readings" && end.reason == CompactionReason::kWanted && end.id == told.begun[0].id));
  CHECK((end.input_files == 2 && end.input_bytes == before.sstable_bytes && end.output_files == 1));
  CHECK(end.bytes_read > end.input_bytes / 2);
  const Metrics after = test.database->metrics();
  CHECK(end.bytes_written == after.sstable_bytes);
  CHECK((after.compactions == 1 && after.compaction_bytes_read == end.input_bytes));
  CHECK(after.compaction_bytes_written == end.bytes_written);
  const auto& wanted = after.compactions_by_reason[static_cast<size_t>(CompactionReason::kWanted)];
  CHECK((wanted.compactions == 1 && wanted.bytes_read == end.input_bytes));
  CHECK(after.compactions_by_reason[static_cast<size_t>(CompactionReason::kLevel)].compactions == 0);

  // Under way it was among the metrics; it read and wrote more and more.
  REQUIRE(told.running.size() == 1);
  CHECK((told.running[0].id == end.id && told.running[0].input_files == 2));
  CHECK(after.running_compactions.empty());
  CHECK(told.begun[0].bytes_read == 0);
  CAPTURE(told.progress.size(), end.input_bytes, end.bytes_read);
  CHECK(told.progress.size() >= 2);
  CHECK(told.progress.size() <= 11);
  CHECK(std::is_sorted(told.progress.begin(), told.progress.end(),
                       [](const auto& a, const auto& b) { return a.bytes_read < b.bytes_read; }));
  CHECK(told.errors.empty());
}

// Goal: what fails is told, with its cause; what is tried again and succeeds is no error any more. Method: a
// full disk under a flush and under a merge.
TEST_CASE("a listener hears of errors") {
  ListenerTest test;
  Recorder& told = test.recorder;
  test.WriteRows(0, 10);
  test.WriteRows(10, 20);
  REQUIRE(told.errors.empty());
  const auto fail_next = [&] {
    test.files.FailCall(test.files.calls(), absl::ResourceExhaustedError("disk full"), FaultSpan::kSticky);
  };
  fail_next();
  CHECK(absl::IsResourceExhausted(test.database->Compact("readings")));
  REQUIRE(told.errors.size() == 1);
  CHECK((told.errors[0].work == "compaction" && told.errors[0].table == "readings"));
  CHECK(absl::IsResourceExhausted(told.errors[0].status));
  // Of two attempts, the second with the space that is kept back.
  REQUIRE(told.statuses.size() == 2);
  CHECK(absl::IsResourceExhausted(told.statuses[0]));
  CHECK(told.ended[0].output_files == 0);
}

}  // namespace stoa
