// Power loss and killed processes at every file-system call.
#include <string>
#include <vector>

#include "wal/log_test_util.h"

namespace stoa {
namespace {

/// What a life of a log promised.
struct Promises {
  std::vector<OwnedRecord> appended;  // also those whose Append failed
  size_t succeeded = 0;               // how many of them were appended without error
  uint64_t synced_sequence = 0;
  bool closed = false;
};

/// Appends groups of records to small segments, with a sync, a segment made ahead or neither in between, and
/// closes the log at the end; ends where the machine dies.
Promises Live(SimFileSystem& files, uint64_t seed) {
  Promises promises;
  Random random(seed);
  if (!files.CreateDirectory("db").ok()) return promises;
  auto directory = files.OpenDirectory("db");
  if (!directory.ok()) return promises;
  LogWriterOptions options;
  options.segment_bytes = 700;
  options.database_id = kTestDatabaseId;
  auto writer = LogWriter::Create(**directory, options, 1, 0);
  if (!writer.ok()) return promises;
  const uint64_t sync_one_in = 2 + seed % 7;
  uint64_t sequence = 0;
  for (int i = 0; i < 16; ++i) {
    std::vector<OwnedRecord> group;
    for (uint64_t count = 1 + random.Uniform(3); count > 0; --count) {
      sequence += 1 + random.Uniform(2);
      group.push_back(MakeRecord(random, sequence, random.Uniform(random.OneIn(8) ? 1500 : 150)));
    }
    promises.appended.insert(promises.appended.end(), group.begin(), group.end());
    if (!(*writer)->Append(Views(group)).ok()) return promises;
    promises.succeeded = promises.appended.size();
    if (random.OneIn(sync_one_in)) {
      const auto synced = (*writer)->Sync();
      if (!synced.ok()) return promises;
      promises.synced_sequence = *synced;
    }
    if ((*writer)->needs_segment() && random.OneIn(2) && !(*writer)->PrepareSegment().ok()) return promises;
  }
  if (!(*writer)->Close().ok()) return promises;
  promises.synced_sequence = sequence;
  promises.closed = true;
  return promises;
}

/// A log that was not damaged always opens, with a prefix of what was appended which has all that was
/// promised.
void CheckImage(SimFileSystem& image, const Promises& promises) {
  auto directory = image.OpenDirectory("db");
  if (!directory.ok()) {
    REQUIRE(promises.synced_sequence == 0);
    return;
  }
  const Replayed replayed = Replay(**directory);
  REQUIRE(replayed.status == absl::OkStatus());
  REQUIRE(IsPrefix(replayed.records, promises.appended));
  const uint64_t last = replayed.records.empty() ? 0 : replayed.records.back().sequence;
  REQUIRE(last >= promises.synced_sequence);
  if (promises.closed) REQUIRE(replayed.report.tail == LogTail::kSealed);
}

TEST_CASE("log crash: power is lost at every call") {
  // The life of a log ends at each of its calls in turn. Whatever the disk may then hold, replay succeeds and
  // gives a prefix of what was appended that includes everything a sync had covered.
  size_t images = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    for (uint64_t call = 0;; ++call) {
      SimFileSystem files;
      files.SetCrashAt(call);
      const Promises promises = Live(files, seed);
      for (const CrashState& state : files.EnumerateImages(60, seed * 1000 + call)) {
        INFO("seed " << seed << " call " << call << " image " << state.choice.ToString());
        CheckImage(*state.files, promises);
        ++images;
      }
      if (!files.crashed()) break;
    }
  }
  CHECK(images > 8000);
}

TEST_CASE("log crash: the process is killed at every call") {
  // A killed process loses nothing that an Append had returned for; the power loss that follows loses nothing
  // that was synced.
  for (uint64_t call = 0;; ++call) {
    SimFileSystem files;
    files.SetCrashAt(call);
    const Promises promises = Live(files, 5);
    auto killed = files.KillImage();
    INFO("call " << call);
    if (auto directory = killed->OpenDirectory("db"); directory.ok()) {
      const Replayed replayed = Replay(**directory);
      REQUIRE(replayed.status == absl::OkStatus());
      REQUIRE(IsPrefix(replayed.records, promises.appended));
      REQUIRE(replayed.records.size() >= promises.succeeded);
    }
    for (const CrashState& state : killed->EnumerateImages(20, call)) CheckImage(*state.files, promises);
    if (!files.crashed()) break;
  }
}

TEST_CASE("log crash: a sync that failed before the power was lost") {
  // Every call fails, not only the last: what a failed sync should have made durable may be there or not, and
  // nothing that was promised before is lost.
  for (uint64_t call = 0;; ++call) {
    SimFileSystem files;
    files.FailCall(call, absl::UnavailableError("injected"), FaultSpan::kOnce);
    const Promises promises = Live(files, 3);
    for (const CrashState& state : files.EnumerateImages(30, call)) {
      INFO("call " << call << " image " << state.choice.ToString());
      CheckImage(*state.files, promises);
    }
    if (promises.closed) break;
  }
}

}  // namespace
}  // namespace stoa
