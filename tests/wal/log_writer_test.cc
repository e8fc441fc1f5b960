#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/clock.h"
#include "wal/log_test_util.h"

namespace stoa {
namespace {

TEST_CASE("log writer: records come back as they were appended") {
  // Groups of records of all sizes, negative times and both kinds go in; replay gives the same in the same
  // order.
  TestLog log;
  uint64_t sequence = 0;
  for (int group = 0; group < 100; ++group) {
    std::vector<OwnedRecord> records;
    for (uint64_t i = log.random.Uniform(6); i > 0; --i) {
      sequence += 1 + log.random.Uniform(1000);
      records.push_back(MakeRecord(log.random, sequence, log.random.Uniform(300)));
    }
    REQUIRE(log.writer->Append(Views(records)).ok());
    log.appended.insert(log.appended.end(), records.begin(), records.end());
  }
  CHECK(log.writer->appended_sequence() == sequence);
  const Replayed open = Replay(*log.directory);
  CHECK(open.status == absl::OkStatus());
  CHECK(open.records == log.appended);
  CHECK(open.report.tail == LogTail::kClean);
  CHECK(open.report.cut_bytes == 0);

  REQUIRE(log.writer->Close().ok());
  const Replayed closed = Replay(*log.directory);
  CHECK(closed.records == log.appended);
  CHECK(closed.report.tail == LogTail::kSealed);
  CHECK(closed.report.records == log.appended.size());
  CHECK(closed.report.last_sequence == sequence);
  CHECK(closed.report.last_timestamp == log.appended.back().timestamp);
  CHECK(closed.report.bytes == log.directory->FileSize(LogSegmentName(1)).value());
}

TEST_CASE("log writer: a log without records") {
  // Nothing, a segment that was only created, and a closed log without records all replay as an empty log.
  std::vector<OwnedRecord> none;
  TestLog log(4096, 7, 100);
  CHECK(ReplayLog(*log.directory, kTestDatabaseId, {}, Collect(&none))->tail == LogTail::kClean);
  Replayed created = Replay(*log.directory);
  CHECK(created.status == absl::OkStatus());
  CHECK(created.report.tail == LogTail::kClean);
  CHECK(log.writer->Sync().value() == 100);
  CHECK(log.writer->Append({}).ok());
  REQUIRE(log.writer->Close().ok());
  Replayed closed = Replay(*log.directory);
  CHECK(closed.status == absl::OkStatus());
  CHECK(closed.report.tail == LogTail::kSealed);
  CHECK(closed.report.last_sequence == 100);
  CHECK(closed.records.empty());
}

TEST_CASE("log writer: segments follow one another") {
  // A small segment size makes many segments; what TakeSealed tells of them agrees with the files and the
  // replay, and dropping the oldest ones leaves a log that replays from there.
  TestLog log(1024);
  std::vector<SealedSegment> sealed;
  for (int i = 0; i < 200; ++i) {
    REQUIRE(log.Append(log.random.Uniform(200)).ok());
    if (log.writer->needs_segment() && i % 3 == 0) REQUIRE(log.writer->PrepareSegment().ok());
    if (i % 10 == 0) REQUIRE(log.writer->Sync().ok());
    for (const SealedSegment& segment : log.writer->TakeSealed()) sealed.push_back(segment);
  }
  REQUIRE(sealed.size() > 10);
  CHECK(log.writer->segment_number() == sealed.back().number + 1);
  REQUIRE(log.writer->Close().ok());
  const Replayed all = Replay(*log.directory);
  CHECK(all.status == absl::OkStatus());
  CHECK(all.records == log.appended);
  CHECK(all.report.segments == sealed.size() + 1);

  for (size_t i = 0; i < sealed.size(); ++i) {
    CHECK(sealed[i].number == i + 1);
    CHECK(sealed[i].bytes == log.directory->FileSize(LogSegmentName(i + 1)).value());
    CHECK(sealed[i].bytes <= 1024);
    REQUIRE(log.directory->Unlink(LogSegmentName(i + 1), {}).ok());
    const Replayed rest = Replay(*log.directory);
    REQUIRE(rest.status == absl::OkStatus());
    std::vector<OwnedRecord> expected;
    for (const OwnedRecord& record : log.appended) {
      if (record.sequence > sealed[i].last_sequence) expected.push_back(record);
    }
    REQUIRE(rest.records == expected);
  }
}

TEST_CASE("log writer: records larger than a segment") {
  // Records many times the size of a segment, alone and in groups, first in the log and later, with a segment
  // made ahead and without: each gets a segment that holds it, and replay finds all.
  TestLog log(512);
  REQUIRE(log.Append(100000).ok());
  REQUIRE(log.Append(10).ok());
  REQUIRE(log.writer->PrepareSegment().ok());
  REQUIRE(log.Append(5000).ok());
  REQUIRE(log.Append(0).ok());
  std::vector<OwnedRecord> group;
  for (uint64_t i = 1; i <= 20; ++i) {
    group.push_back(MakeRecord(log.random, log.writer->appended_sequence() + i, 200));
  }
  REQUIRE(log.writer->Append(Views(group)).ok());
  log.appended.insert(log.appended.end(), group.begin(), group.end());
  REQUIRE(log.Append(1).ok());
  CHECK(log.writer->TakeSealed().front().last_sequence == 0);
  REQUIRE(log.writer->Sync().ok());
  CHECK(Replay(*log.directory).records == log.appended);
  REQUIRE(log.writer->Close().ok());
  const Replayed closed = Replay(*log.directory);
  CHECK(closed.status == absl::OkStatus());
  CHECK(closed.records == log.appended);
}

TEST_CASE("log writer: what it refuses") {
  // Bad options and records are refused, named, and leave the log as it was.
  TestLog log;
  LogWriterOptions options;
  options.segment_bytes = 100;
  CHECK(absl::IsInvalidArgument(LogWriter::Create(*log.directory, options, 9, 0).status()));
  options.segment_bytes = uint64_t{1} << 40;
  CHECK(absl::IsInvalidArgument(LogWriter::Create(*log.directory, options, 9, 0).status()));
  options.segment_bytes = 4096;
  CHECK(absl::IsInvalidArgument(LogWriter::Create(*log.directory, options, 0, 0).status()));
  CHECK(absl::IsAlreadyExists(LogWriter::Create(*log.directory, options, 1, 0).status()));

  REQUIRE(log.Append(10).ok());
  const uint64_t last = log.writer->appended_sequence();
  const uint64_t bytes = log.directory->FileSize(LogSegmentName(1)).value();
  std::vector<OwnedRecord> again = {MakeRecord(log.random, last, 10)};
  CHECK(absl::IsInvalidArgument(log.writer->Append(Views(again))));
  std::vector<OwnedRecord> twice = {MakeRecord(log.random, last + 1, 10),
                                    MakeRecord(log.random, last + 1, 10)};
  CHECK(absl::IsInvalidArgument(log.writer->Append(Views(twice))));
  // The payload is never looked at: only its size is.
  LogRecord large = log.appended.front().View();
  large.sequence = last + 1;
  large.payload = std::string_view(large.payload.data(), kLogPayloadBytesMax + 1);
  CHECK(absl::IsInvalidArgument(log.writer->Append({&large, 1})));
  std::vector<LogRecord> many(3, large);
  for (uint64_t i = 0; i < many.size(); ++i) {
    many[i].sequence = last + 1 + i;
    many[i].payload = std::string_view(large.payload.data(), kLogPayloadBytesMax);
  }
  CHECK(absl::IsInvalidArgument(log.writer->Append(many)));
  CHECK(log.writer->status() == absl::OkStatus());
  CHECK(log.directory->FileSize(LogSegmentName(1)).value() == bytes);

  REQUIRE(log.writer->Close().ok());
  CHECK(absl::IsFailedPrecondition(log.Append(1)));
  CHECK(absl::IsFailedPrecondition(log.writer->Sync().status()));
  CHECK(absl::IsFailedPrecondition(log.writer->PrepareSegment()));
  CHECK(absl::IsFailedPrecondition(log.writer->Close()));
}

TEST_CASE("log writer: the calls it makes") {
  // The file-system calls of a short life in order: space and the directory entry before the first byte, one
  // store for a group, nothing at all for a sync that is not needed, no sync at a rotation, old segments
  // synced before new.
  TestLog log(512);
  log.files.SetTraceText(TraceText::kMutations);
  std::vector<OwnedRecord> group = {MakeRecord(log.random, 1, 10), MakeRecord(log.random, 2, 10)};
  REQUIRE(log.writer->Append(Views(group)).ok());
  REQUIRE(log.writer->Sync().value() == 2);
  REQUIRE(log.writer->Sync().value() == 2);
  CHECK(log.files.TakeTrace() == std::vector<std::string>{"map 0000000001.wal 512",
                                                          "store 0000000001.wal 196", "sync 0000000001.wal"});
  CHECK_FALSE(log.writer->needs_segment());
  group = {MakeRecord(log.random, 3, 20)};
  REQUIRE(log.writer->Append(Views(group)).ok());
  CHECK(log.writer->needs_segment());
  REQUIRE(log.writer->PrepareSegment().ok());
  CHECK_FALSE(log.writer->needs_segment());
  REQUIRE(log.writer->PrepareSegment().ok());
  group = {MakeRecord(log.random, 4, 200)};
  REQUIRE(log.writer->Append(Views(group)).ok());
  CHECK(log.files.TakeTrace() == std::vector<std::string>{"store 0000000001.wal 68",
                                                          "create 0000000002.wal 512", "sync_dir db",
                                                          "store 0000000001.wal 48", "map 0000000002.wal 512",
                                                          "store 0000000002.wal 328"});
  CHECK(log.writer->synced_sequence() == 2);
  REQUIRE(log.writer->Sync().value() == 4);
  CHECK(log.files.TakeTrace() ==
        std::vector<std::string>{"sync 0000000001.wal", "close 0000000001.wal", "sync 0000000002.wal"});
  REQUIRE(log.writer->PrepareSegment().ok());
  log.files.TakeTrace();
  REQUIRE(log.writer->Close().ok());
  CHECK(log.files.TakeTrace() == std::vector<std::string>{"sync 0000000002.wal", "store 0000000002.wal 48",
                                                          "sync 0000000002.wal", "close 0000000002.wal",
                                                          "unlink 0000000003.wal"});
}

TEST_CASE("log writer: a full disk is met before anything is written") {
  // With no space for another segment Append fails without a trace, as often as it is tried; what is in the
  // log stays good and can be synced; when space returns the same call succeeds.
  for (const bool prepare : {false, true}) {
    TestLog log(1024);
    log.files.SetCapacity(log.files.used_bytes());
    absl::Status status;
    do {
      if (prepare && log.writer->needs_segment()) {
        CHECK(absl::IsResourceExhausted(log.writer->PrepareSegment()));
      }
      status = log.Append(60);
    } while (status.ok());
    CHECK(absl::IsResourceExhausted(status));
    const uint64_t hash = log.files.ContentHash();
    CHECK(absl::IsResourceExhausted(log.Append(60)));
    CHECK(log.files.ContentHash() == hash);
    CHECK(log.writer->status() == absl::OkStatus());
    CHECK(log.writer->Sync().value() == log.appended.back().sequence);
    log.files.SetCapacity(log.files.used_bytes() + 1024);
    if (prepare) CHECK(log.writer->PrepareSegment() == absl::OkStatus());
    CHECK(log.Append(60) == absl::OkStatus());
    REQUIRE(log.writer->Close().ok());
    const Replayed replayed = Replay(*log.directory);
    CHECK(replayed.status == absl::OkStatus());
    CHECK(replayed.records == log.appended);
  }
}

/// A short life of a log; ends with the first error.
void Live(TestLog& log) {
  for (int i = 0; i < 12; ++i) {
    if (!log.Append(static_cast<size_t>(i) * 20).ok()) return;
    if (i % 2 == 0 && !log.writer->Sync().ok()) return;
    if (log.writer->needs_segment() && !log.writer->PrepareSegment().ok()) return;
  }
  log.writer->Close().IgnoreError();
}

TEST_CASE("log writer: an error is final") {
  // Every call to the file system fails once, in turn. The log ends with that error, says so in all later
  // calls, and never touches a file again; only a full disk at the creation of a segment is let pass (tested
  // above). What it calls synced survives a crash.
  uint64_t faults = 0;
  for (const bool full : {false, true}) {
    for (uint64_t call = 0;; ++call) {
      TestLog log(512);
      const absl::Status fault =
          full ? absl::ResourceExhaustedError("injected") : absl::UnavailableError("injected");
      log.files.FailCall(log.files.calls() + call, fault, FaultSpan::kOnce);
      const uint64_t calls_before = log.files.calls();
      Live(log);
      if (log.files.calls() <= calls_before + call) break;
      ++faults;
      const absl::Status status = log.writer->status();
      if (!full) {
        REQUIRE(status.message() == "injected");
      }
      if (status.message() == "injected") {
        const uint64_t calls = log.files.calls();
        CHECK(log.Append(1) == status);
        CHECK(log.writer->Sync().status() == status);
        CHECK(log.writer->PrepareSegment() == status);
        CHECK(log.writer->Close() == status);
        CHECK_FALSE(log.writer->needs_segment());
        CHECK(log.files.calls() == calls);
      }
      for (const CrashState& state : log.files.EnumerateImages(20, call)) {
        auto directory = state.files->OpenDirectory("db").value();
        const Replayed replayed = Replay(*directory);
        INFO(state.choice.ToString());
        REQUIRE(replayed.status == absl::OkStatus());
        REQUIRE(replayed.report.last_sequence >= log.writer->synced_sequence());
      }
    }
  }
  CHECK(faults > 60);
}

TEST_CASE("log writer: concurrent appends and syncs") {
  // One thread appends, three sync, one makes segments ahead. Every sync covers what was appended before it
  // began; the log replays whole. With the thread sanitizer this also finds unprotected accesses.
  TestLog log(4096);
  constexpr uint64_t kRecords = 3000;
  std::atomic<bool> done{false};
  std::atomic<int> faults{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!done) {
        const uint64_t before = log.writer->appended_sequence();
        const auto synced = log.writer->Sync();
        if (!synced.ok() || *synced < before || log.writer->synced_sequence() < before) ++faults;
      }
    });
  }
  threads.emplace_back([&] {
    while (!done) {
      if (log.writer->needs_segment() && !log.writer->PrepareSegment().ok()) ++faults;
      log.writer->TakeSealed();
      if (log.writer->segment_number() == 0) ++faults;
    }
  });
  for (uint64_t i = 0; i < kRecords; ++i) {
    if (!log.Append(i % 100).ok()) ++faults;
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(faults == 0);
  REQUIRE(log.writer->Close().ok());
  const Replayed replayed = Replay(*log.directory);
  CHECK(replayed.status == absl::OkStatus());
  CHECK(replayed.records == log.appended);
}

/// By it every sync takes 20 ms: so long that who waits for others gets them.
class SlowClock : public ManualClock {
 public:
  SlowClock() : ManualClock(0) {}
  int64_t NowMonotonicMicros() override {
    Advance(20'000);
    return ManualClock::NowMonotonicMicros();
  }
};

/// Threads append and sync, again and again; returns how many syncs failed. Appends are one at a time.
int SyncTogether(TestLog& log, int threads, int rounds) {
  std::mutex append;
  std::atomic<int> faults{0};
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        uint64_t sequence = 0;
        {
          std::lock_guard lock(append);
          log.Append(10).IgnoreError();
          sequence = log.writer->appended_sequence();
        }
        const auto synced = log.writer->Sync();
        if (!synced.ok() || *synced < sequence) ++faults;
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  return faults;
}

TEST_CASE("log writer: threads that sync wait for each other") {
  // More threads than most machines have processors. Each sync covers what was appended before it began,
  // whoever made it. When some threads end, the others do not wait for them forever.
  for (const bool slow : {false, true}) {
    SlowClock slow_clock;
    ManualClock still_clock(0);
    TestLog log(1 << 20);
    log.options.clock = slow ? &slow_clock : &still_clock;
    REQUIRE(log.writer->Close().ok());
    log.writer = LogWriter::Create(*log.directory, log.options, 2, 0).value();
    CHECK(SyncTogether(log, 6, 200) == 0);
    CHECK(SyncTogether(log, 2, 200) == 0);
    CHECK(SyncTogether(log, 1, 200) == 0);
    CHECK(log.writer->Close().ok());
  }
}

TEST_CASE("log writer: an error ends the wait of all who sync") {
  SlowClock clock;
  TestLog log(1 << 20);
  log.options.clock = &clock;
  REQUIRE(log.writer->Close().ok());
  log.writer = LogWriter::Create(*log.directory, log.options, 2, 0).value();
  CHECK(SyncTogether(log, 4, 10) == 0);
  log.files.FailCall(log.files.calls() + 100, absl::UnavailableError("injected"), FaultSpan::kOnce);
  CHECK(SyncTogether(log, 4, 200) > 0);
  CHECK(log.writer->Sync().status().message() == "injected");
}

}  // namespace
}  // namespace stoa
