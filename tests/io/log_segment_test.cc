#include "io/log_segment.h"

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "io/files.h"
#include "scratch.h"

namespace stoa {
namespace {

absl::Status PublishBytes(LogSegment& segment, std::string_view bytes) {
  std::memcpy(segment.Reserve(bytes.size() + 7), bytes.data(), bytes.size());
  return segment.Publish(bytes.size());
}

}  // namespace

TEST_CASE("log segment: what is published is in the file, in order", "[io]") {
  // Goal: the basic contract. Method: publish less than reserved, growing and shrinking, on both file
  // systems.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  auto create = GENERATE(&CreateLogSegment, &CreateAppendLogSegment);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  auto segment = ValueOf(create(*directory, "1.wal", 2'000'000));
  std::string all;
  for (size_t size : {1, 100, 5000, 3, 0, 20'000, 8, 300'000, 1'000'000, 17, 250'000, 1}) {
    const std::string bytes(size, static_cast<char>('a' + size % 26));
    REQUIRE_OK(PublishBytes(*segment, bytes));
    all += bytes;
    CHECK(segment->published_bytes() == all.size());
  }
  REQUIRE_OK(segment->Sync());
  REQUIRE_OK(segment->Close());
  CHECK(ValueOf(ReadWholeFile(*directory, "1.wal", IoTag(), 1 << 21)) == all);
}

TEST_CASE("log segment: through memory a Publish costs no call of the system", "[io]") {
  // Goal: what is asked of the file system. Method: the calls as text; "store" is none of the system's.
  SimFileSystem files;
  REQUIRE_OK(files.CreateDirectory("db"));
  auto directory = ValueOf(files.OpenDirectory("db"));
  files.SetTraceText(TraceText::kMutations);
  auto segment = ValueOf(CreateLogSegment(*directory, "1.wal", 1 << 20));
  REQUIRE_OK(PublishBytes(*segment, "abc"));
  REQUIRE_OK(PublishBytes(*segment, std::string((256 << 10) - 10, 'x')));
  REQUIRE_OK(PublishBytes(*segment, "defg"));
  REQUIRE_OK(segment->Sync());
  REQUIRE_OK(segment->Close());
  CHECK(files.TakeTrace() == std::vector<std::string>{"create 1.wal 1048576", "sync_dir db",
                                                      "map 1.wal 262144", "store 1.wal 3",
                                                      "store 1.wal 262134", "map 1.wal 262144",
                                                      "store 1.wal 4", "sync 1.wal", "close 1.wal"});
}

TEST_CASE("log segment: what the process leaves behind ends in zeros", "[io]") {
  // Goal: a segment that was not closed has its full size, what was published and nothing else. Method: both
  // file systems, the segment dropped or its process killed.
  const std::string published(70'000, 'p');
  Scratch scratch(Scratch::Kind::kPosix);
  auto directory = scratch.Open();
  REQUIRE_OK(PublishBytes(*ValueOf(CreateLogSegment(*directory, "1.wal", 1 << 20)), published));
  const std::string left = ValueOf(ReadWholeFile(*directory, "1.wal", IoTag(), 1 << 20));
  CHECK(left.substr(0, published.size()) == published);
  CHECK(left.find_first_not_of('\0', published.size()) == std::string::npos);

  SimFileSystem files;
  REQUIRE_OK(files.CreateDirectory("db"));
  auto simulated = ValueOf(CreateLogSegment(*ValueOf(files.OpenDirectory("db")), "1.wal", 1 << 20));
  REQUIRE_OK(PublishBytes(*simulated, published));
  CHECK(ValueOf(files.KillImage()->ReadFile("db/1.wal")) ==
        published + std::string((1 << 20) - published.size(), '\0'));
  REQUIRE_OK(simulated->Close());
  CHECK(ValueOf(files.KillImage()->ReadFile("db/1.wal")) == published);
}

TEST_CASE("log segment: an error of mapping is the segment's", "[io]") {
  // Goal: Reserve, which returns no status, leaves the error to Publish. Method: the map call fails.
  SimFileSystem files;
  REQUIRE_OK(files.CreateDirectory("db"));
  auto directory = ValueOf(files.OpenDirectory("db"));
  auto segment = ValueOf(CreateLogSegment(*directory, "1.wal", 4096));
  files.FailCall(files.calls(), absl::UnavailableError("no pages"), FaultSpan::kOnce);
  CHECK(absl::IsUnavailable(PublishBytes(*segment, "abc")));
  CHECK(segment->published_bytes() == 0);
}

TEST_CASE("log segment: one append for a Publish, directory synced at creation", "[io]") {
  // Goal: the cost of a commit and the durability of the segment's name where nothing can be mapped. Method:
  // the calls as text.
  SimFileSystem files;
  files.AllowMapping(false);
  REQUIRE_OK(files.CreateDirectory("db"));
  auto directory = ValueOf(files.OpenDirectory("db"));
  files.SetTraceText(TraceText::kMutations);
  auto segment = ValueOf(CreateLogSegment(*directory, "1.wal", 4096));
  REQUIRE_OK(PublishBytes(*segment, "abc"));
  REQUIRE_OK(segment->Sync());
  REQUIRE_OK(segment->Close());
  CHECK(files.TakeTrace() == std::vector<std::string>{"create 1.wal", "preallocate 1.wal 4096", "sync_dir db",
                                                      "append 1.wal 3", "sync 1.wal", "close 1.wal"});
}

TEST_CASE("log segment: a synced record survives every crash", "[io]") {
  // Goal: Publish and Sync are enough for durability. Method: all images after them, with more records
  // un-synced.
  auto create = GENERATE(&CreateLogSegment, &CreateAppendLogSegment);
  SimFileSystem files;
  REQUIRE_OK(files.CreateDirectory("db"));
  auto directory = ValueOf(files.OpenDirectory("db"));
  auto segment = ValueOf(create(*directory, "1.wal", 4096));
  const std::string durable(1000, 'd');
  REQUIRE_OK(PublishBytes(*segment, durable));
  REQUIRE_OK(segment->Sync());
  REQUIRE_OK(PublishBytes(*segment, std::string(700, 'x')));
  REQUIRE_OK(PublishBytes(*segment, std::string(700, 'y')));
  const auto states = files.EnumerateImages(300, 1);
  CHECK(states.size() > 20);
  for (const CrashState& state : states) {
    INFO(state.choice.ToString());
    REQUIRE(ValueOf(state.files->ReadFile("db/1.wal")).substr(0, 1000) == durable);
  }
}

TEST_CASE("log segment: a full disk is met when the segment is created, and can be retried", "[io]") {
  // Goal: an acknowledged commit never lacks space. Method: a disk smaller, then larger than the segment.
  auto create = GENERATE(&CreateLogSegment, &CreateAppendLogSegment);
  SimFileSystem files;
  REQUIRE_OK(files.CreateDirectory("db"));
  auto directory = ValueOf(files.OpenDirectory("db"));
  files.SetCapacity(4095);
  CHECK(absl::IsResourceExhausted(create(*directory, "1.wal", 4096).status()));
  CHECK(files.ListFiles().empty());
  CHECK(files.used_bytes() == 0);
  files.SetCapacity(4096);
  auto segment = ValueOf(create(*directory, "1.wal", 4096));
  REQUIRE_OK(PublishBytes(*segment, std::string(4089, 'x')));
  CHECK_FALSE(PublishBytes(*segment, "yyyyyyyy").ok());
}

TEST_CASE("log segment: Sync runs beside Publish", "[io]") {
  // Goal: the next group fills while one is synced. Method: two threads, for the thread sanitizer, on a real
  // file.
  auto create = GENERATE(&CreateLogSegment, &CreateAppendLogSegment);
  Scratch scratch(Scratch::Kind::kPosix);
  auto directory = scratch.Open();
  auto segment = ValueOf(create(*directory, "1.wal", 1 << 20));
  std::atomic<bool> failed = false;
  std::thread syncer([&] {
    while (segment->published_bytes() < 100'000) {
      if (!segment->Sync().ok()) failed = true;
    }
  });
  for (int i = 0; i < 1000; ++i) {
    if (!PublishBytes(*segment, std::string(100, 'x')).ok()) failed = true;
  }
  syncer.join();
  CHECK_FALSE(failed);
  REQUIRE_OK(segment->Close());
  CHECK(ValueOf(directory->FileSize("1.wal")) == 100'000);
}

}  // namespace stoa
