// Damaged files: every byte of a database changed, one at a time.
#include <memory>
#include <string>
#include <vector>

#include <stoa/database.h>

#include "base/strings.h"
#include "engine/inspection.h"
#include "model/driver.h"
#include "model/history.h"
#include "model/model.h"
#include "model/sim_env.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

using model::Event;

Options SmallOptions(Env* env) {
  Options options;
  options.env = env;
  options.memory_budget_bytes = 1 << 20;
  options.wal_segment_bytes = 4 << 10;
  options.wal_bytes_max = 64 << 10;
  options.inline_value_bytes_max = model::kSmallValueBytesMax;
  return options;
}

/// A small database with files of every kind; closed cleanly, or left as by the death of the process.
std::unique_ptr<SimFileSystem> MakeDatabase(bool close) {
  auto files = std::make_unique<SimFileSystem>();
  SimEnv sim(*files, 3);
  std::unique_ptr<Database> database = ValueOf(Database::Open(SmallOptions(&sim.env), "db"));
  model::HistoryGenerator history(5, /*explicit_timestamps=*/true);
  model::Model model;
  const auto apply = [&](const Event& event) {
    model::ExecuteOptions options;
    options.write.durability = Durability::kSync;
    REQUIRE_OK(model::Execute(*database, event, options));
    model.Apply(event);
  };
  Event create;
  create.kind = Event::Kind::kCreate;
  for (const char* name : {"t1", "t2"}) {
    create.table = name;
    apply(create);
  }
  for (int i = 0; i < 10; ++i) apply(history.Batch(model, SimEnv::kStartMicros / 1'000'000, 4));
  REQUIRE_OK(database->Flush());
  for (int i = 0; i < 4; ++i) apply(history.Batch(model, SimEnv::kStartMicros / 1'000'000, 4));
  if (close) REQUIRE_OK(database->Close());
  return files;
}

struct Outcome {
  absl::Status status;
  std::string dump;
  bool cut = false;
};

Outcome ReadDatabase(SimFileSystem& files) {
  SimEnv sim(files, 4);
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(SmallOptions(&sim.env), "db");
  if (!database.ok()) return Outcome{database.status(), {}, false};
  absl::StatusOr<std::string> dump = model::Dump(**database);
  if (!dump.ok()) return Outcome{dump.status(), {}, false};
  return Outcome{(*database)->Verify().status(), *dump, (*database)->recovery_report().cut_bytes > 0};
}

/// Changes every byte of every file and counts what comes of it.
void Sweep(bool close) {
  const std::unique_ptr<SimFileSystem> intact = MakeDatabase(close);
  const std::string expected = ReadDatabase(*intact->KillImage()).dump;
  REQUIRE(expected.size() > 100);
  size_t detected = 0;
  size_t identical = 0;
  size_t cut = 0;
  for (const std::string& path : intact->ListFiles()) {
    const std::string content = ValueOf(intact->ReadFile(path));
    for (size_t at = 0; at < content.size(); ++at) {
      // The bit that changes moves on from byte to byte, so that all eight are tried.
      const int change = at % 9 == 8 ? 0xff : 1 << (at % 9);
      std::string damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      std::unique_ptr<SimFileSystem> files = intact->KillImage();
      REQUIRE_OK(files->WriteFile(path, damaged));
      const Outcome outcome = ReadDatabase(*files);
      INFO(path << " byte " << at << " xor " << change << ": " << outcome.status.ToString());
      if (outcome.status.ok()) {
        if (outcome.dump == expected) {
          ++identical;
        } else {
          // Only the end of a log that was never closed can be taken for a write that was interrupted, and it
          // is reported.
          REQUIRE(!close);
          REQUIRE(outcome.cut);
          ++cut;
        }
        continue;
      }
      ++detected;
      const absl::StatusCode code = outcome.status.code();
      REQUIRE((code == absl::StatusCode::kDataLoss || code == absl::StatusCode::kUnimplemented));
      if (code == absl::StatusCode::kDataLoss) {
        REQUIRE(FromAbsl(outcome.status.message()).find("offset") != std::string_view::npos);
      }
    }
  }
  REQUIRE(detected > 1000);
  INFO("detected " << detected << ", identical " << identical << ", cut " << cut);
  REQUIRE(cut < 600);  // the last commit at most
}

}  // namespace

// Goal: damage to a closed database is reported with file and offset, or makes no difference; never wrong
// data, never a crash. Method: every byte of every file changed.
TEST_CASE("closed database with every byte changed") { Sweep(/*close=*/true); }

// Goal: the same for a database that was not closed, except that its last commit may be taken for an
// interrupted write. Method: as above.
TEST_CASE("killed database with every byte changed") { Sweep(/*close=*/false); }

// Goal: a missing file is reported by name. Method: each file of a closed database removed in turn.
TEST_CASE("database with a missing file") {
  const std::unique_ptr<SimFileSystem> intact = MakeDatabase(/*close=*/true);
  for (const std::string& path : intact->ListFiles()) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name == "LOCK") continue;
    std::unique_ptr<SimFileSystem> files = intact->KillImage();
    REQUIRE_OK(files->RemoveFile(path));
    const Outcome outcome = ReadDatabase(*files);
    INFO(path << ": " << outcome.status.ToString());
    REQUIRE(absl::IsDataLoss(outcome.status));
    REQUIRE(FromAbsl(outcome.status.message()).find(name) != std::string_view::npos);
  }
}

// Goal: the files can be checked and described without opening the database, and that changes nothing.
// Method: hash before and after.
TEST_CASE("inspection changes nothing") {
  for (const bool close : {true, false}) {
    const std::unique_ptr<SimFileSystem> files = MakeDatabase(close);
    const uint64_t before = files->ContentHash();
    const std::unique_ptr<Directory> directory = ValueOf(files->OpenDirectory("db"));
    const DirectoryVerification report = ValueOf(VerifyDirectory(*directory));
    REQUIRE(report.tables == 2);
    REQUIRE(report.sstables >= 2);
    REQUIRE((close || report.log_records > 0));
    const std::string text = ValueOf(DescribeDirectory(*directory, SimEnv::kStartMicros / kMicrosPerSecond));
    REQUIRE(text.find("table t1") != std::string::npos);
    REQUIRE(text.find("space amplification") != std::string::npos);
    REQUIRE(text.find("column v") != std::string::npos);
    REQUIRE((text.find("\nRESERVE: ") != std::string::npos) == !close);
    REQUIRE(DescribeFile(*directory, "RESERVE").ok() == !close);
    for (const std::string& name : ValueOf(directory->List())) {
      if (name == "CURRENT" || name == "LOCK") continue;
      REQUIRE(!ValueOf(DescribeFile(*directory, name)).empty());
    }
    REQUIRE(files->ContentHash() == before);
  }
}

}  // namespace stoa
