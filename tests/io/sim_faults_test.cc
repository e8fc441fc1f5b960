// The hands a test has on the simulated file system: counters, faults, a disk of limited size, damage,
// traces.
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "scratch.h"

namespace stoa {
namespace {

constexpr IoTag kTag;

std::unique_ptr<Directory> MakeDirectory(SimFileSystem& files) {
  REQUIRE_OK(files.CreateDirectory("db"));
  return ValueOf(files.OpenDirectory("db"));
}

/// Some calls of every kind; stops at the first error.
absl::Status Scenario(SimFileSystem& files) {
  STOA_RETURN_IF_ERROR(files.CreateDirectory("db"));
  STOA_ASSIGN_OR_RETURN(auto directory, files.OpenDirectory("db"));
  STOA_ASSIGN_OR_RETURN(auto lock, directory->Lock("LOCK"));
  STOA_ASSIGN_OR_RETURN(auto file, directory->Create("a", kTag));
  STOA_RETURN_IF_ERROR(file->Preallocate(100));
  STOA_RETURN_IF_ERROR(file->Append("abc").status());
  STOA_RETURN_IF_ERROR(file->Sync());
  STOA_RETURN_IF_ERROR(file->Close());
  STOA_RETURN_IF_ERROR(directory->Rename("a", "b", kTag));
  STOA_RETURN_IF_ERROR(directory->Link("b", *directory, "c", kTag));
  STOA_RETURN_IF_ERROR(directory->Sync());
  STOA_RETURN_IF_ERROR(directory->Unlink("c", kTag));
  STOA_RETURN_IF_ERROR(files.CreateDirectory("db/sub"));
  STOA_RETURN_IF_ERROR(files.RemoveDirectory("db/sub"));
  STOA_ASSIGN_OR_RETURN(auto reader, directory->OpenRead("b", kTag));
  STOA_RETURN_IF_ERROR(reader->Size().status());
  char buffer[3];
  STOA_RETURN_IF_ERROR(reader->Read(0, 3, buffer).status());
  STOA_RETURN_IF_ERROR(directory->List().status());
  STOA_RETURN_IF_ERROR(directory->FileSize("b").status());
  return files.FreeBytes("db").status();
}

constexpr uint64_t kScenarioCalls = 13;
constexpr uint64_t kScenarioReads = 7;

}  // namespace

TEST_CASE("sim: calls that change or sync are counted apart from those that read", "[io]") {
  // Goal: indices for crashes and faults are stable. Method: a scenario of known length.
  SimFileSystem files;
  REQUIRE_OK(Scenario(files));
  CHECK(files.calls() == kScenarioCalls);
  CHECK(files.reads() == kScenarioReads);
}

TEST_CASE("sim: the trace names every call", "[io]") {
  // Goal: golden tests can be written. Method: the whole text of a scenario.
  SimFileSystem files;
  files.SetTraceText(TraceText::kAll);
  REQUIRE_OK(Scenario(files));
  CHECK(files.TakeTrace() ==
        std::vector<std::string>{"mkdir db",          "open_dir db",  "lock LOCK",   "create a",
                                 "preallocate a 100", "append a 3",   "sync a",      "close a",
                                 "rename a b",        "link b db/c",  "sync_dir db", "unlink c",
                                 "mkdir db/sub",      "rmdir db/sub", "open b",      "size b",
                                 "read b 0 3",        "list db",      "file_size b", "free_bytes db"});
  CHECK(files.TakeTrace().empty());
}

TEST_CASE("sim: the trace hash is equal for equal runs and differs with every detail", "[io]") {
  // Goal: the check for determinism works. Method: small variations of one run.
  const auto run = [](std::string_view name, std::string_view bytes, uint64_t offset) {
    SimFileSystem files;
    auto directory = MakeDirectory(files);
    auto file = ValueOf(directory->Create(name, kTag));
    REQUIRE_OK(file->Append(bytes));
    char buffer[3];
    REQUIRE_OK(ValueOf(directory->OpenRead(name, kTag))->Read(offset, 3, buffer));
    return files.trace_hash();
  };
  const uint64_t hash = run("a", "abc", 0);
  CHECK(run("a", "abc", 0) == hash);
  CHECK(run("b", "abc", 0) != hash);
  CHECK(run("a", "abd", 0) != hash);
  CHECK(run("a", "abc", 1) != hash);
}

TEST_CASE("sim: a crash stops every call from its index on, without effect", "[io]") {
  // Goal: the machine is dead from the given call on. Method: crash the scenario at each index, watch that
  // content stays and that nothing works.
  for (uint64_t call = 0; call < kScenarioCalls; ++call) {
    SimFileSystem whole;
    SimFileSystem files;
    files.SetCrashAt(call);
    CHECK(absl::IsUnavailable(Scenario(files)));
    CHECK(files.crashed());
    CHECK(files.calls() == call + 1);
    const uint64_t content = files.ContentHash();
    const size_t unsynced = files.unsynced_events();
    CHECK(absl::IsUnavailable(files.CreateDirectory("new")));
    CHECK(absl::IsUnavailable(files.OpenDirectory("db").status()));
    CHECK(files.ContentHash() == content);
    CHECK(files.unsynced_events() == unsynced);
  }
  SimFileSystem files;
  files.SetCrashAt(kScenarioCalls);
  CHECK_FALSE(files.crashed());
  REQUIRE_OK(Scenario(files));
  CHECK_FALSE(files.crashed());
}

TEST_CASE("sim: an open file is dead after the crash, and a sync saves nothing any more", "[io]") {
  // Goal: no call slips through a handle. Method: crash with open handles, then use them.
  SimFileSystem files;
  auto directory = MakeDirectory(files);
  auto file = ValueOf(directory->Create("a", kTag));
  REQUIRE_OK(file->Append("abc"));
  auto reader = ValueOf(directory->OpenRead("a", kTag));
  files.SetCrashAt(files.calls());
  CHECK(absl::IsUnavailable(file->Sync()));
  CHECK(absl::IsUnavailable(directory->Sync()));
  char buffer[3];
  CHECK(absl::IsUnavailable(reader->Read(0, 3, buffer).status()));
  CHECK(absl::IsUnavailable(file->Append("x").status()));
  const auto image = files.CrashImage({.policy = ImageChoice::Policy::kNothingUnsynced});
  CHECK(image->ListFiles().empty());
}

TEST_CASE("sim: an injected error hits its call, once or from then on", "[io]") {
  // Goal: "fail the i-th call" covers every call. Method: each index of the scenario, both spans, both
  // counters.
  const absl::Status broken = absl::PermissionDeniedError("read-only file system");
  for (uint64_t call = 0; call < kScenarioCalls; ++call) {
    for (FaultSpan span : {FaultSpan::kOnce, FaultSpan::kSticky}) {
      SimFileSystem files;
      files.FailCall(call, broken, span);
      CHECK(Scenario(files) == broken);
      CHECK(files.calls() == call + 1);
      CHECK(files.CreateDirectory("new").ok() == (span == FaultSpan::kOnce));
      files.ClearFaults();
      REQUIRE_OK(files.CreateDirectory("newer"));
    }
  }
  for (uint64_t read = 0; read < kScenarioReads; ++read) {
    SimFileSystem files;
    files.FailRead(read, broken, FaultSpan::kSticky);
    CHECK(Scenario(files) == broken);
    REQUIRE_OK(files.CreateDirectory("new"));
    CHECK(files.OpenDirectory("new").status() == broken);
  }
}

TEST_CASE("sim: a failed close closes the file", "[io]") {
  // Goal: no handle is left half open. Method: fail Close, then append.
  SimFileSystem files;
  auto directory = MakeDirectory(files);
  auto file = ValueOf(directory->Create("a", kTag));
  files.FailCall(files.calls(), absl::UnavailableError("broken"), FaultSpan::kOnce);
  CHECK_FALSE(file->Close().ok());
  CHECK_FALSE(file->Append("x").ok());
}

TEST_CASE("sim: the disk fills up, with a short write at its end, and is usable again after an unlink",
          "[io]") {
  // Goal: full disks behave like full disks. Method: fill, look at free space, unlink with and without open
  // handles.
  SimFileSystem files;
  auto directory = MakeDirectory(files);
  files.SetCapacity(1000);
  auto file = ValueOf(directory->Create("a", kTag));
  CHECK(ValueOf(file->Append(std::string(600, 'x'))) == 600);
  CHECK(ValueOf(files.FreeBytes("db")) == 400);
  CHECK(ValueOf(file->Append(std::string(600, 'x'))) == 400);
  CHECK(absl::IsResourceExhausted(file->Append("x").status()));
  auto other = ValueOf(directory->Create("b", kTag));
  CHECK(absl::IsResourceExhausted(other->Preallocate(1)));
  REQUIRE_OK(directory->Link("a", *directory, "c", kTag));
  REQUIRE_OK(directory->Unlink("a", kTag));
  CHECK(files.used_bytes() == 1000);
  REQUIRE_OK(directory->Unlink("c", kTag));
  CHECK(files.used_bytes() == 1000);  // still open
  file.reset();
  CHECK(files.used_bytes() == 0);
  REQUIRE_OK(other->Preallocate(900));
  CHECK(files.used_bytes() == 900);
  CHECK(ValueOf(other->Append(std::string(950, 'x'))) == 950);
  CHECK(files.used_bytes() == 950);
  REQUIRE_OK(files.WriteFile("db/d", "12345"));
  REQUIRE_OK(directory->Rename("d", "b", kTag));
  other.reset();
  CHECK(files.used_bytes() == 5);
  CHECK(files.KillImage()->used_bytes() == 5);
}

TEST_CASE("sim: locks end with their holder and are not in images", "[io]") {
  // Goal: a crashed process holds no lock. Method: take it again in images.
  SimFileSystem files;
  auto directory = MakeDirectory(files);
  auto lock = ValueOf(directory->Lock("LOCK"));
  for (auto& image : {files.KillImage(), files.CrashImage({})}) {
    auto image_directory = ValueOf(image->OpenDirectory("db"));
    REQUIRE_OK(image_directory->Lock("LOCK"));
  }
  lock.reset();
  REQUIRE_OK(directory->Lock("LOCK"));
}

TEST_CASE("sim: files can be damaged behind the engine's back", "[io]") {
  // Goal: corruption tests have their tools. Method: each of them, seen through an open file.
  SimFileSystem files;
  auto directory = MakeDirectory(files);
  REQUIRE_OK(files.WriteFile("/db/a", "abc"));
  auto reader = ValueOf(directory->OpenRead("a", kTag));
  CHECK(files.ListFiles() == std::vector<std::string>{"db/a"});
  REQUIRE_OK(files.FlipBit("db/a", 8));
  CHECK(ValueOf(files.ReadFile("db/a")) == "acc");
  CHECK(absl::IsInvalidArgument(files.FlipBit("db/a", 24)));
  char buffer[3];
  CHECK(ValueOf(reader->Read(0, 3, buffer)) == 3);
  CHECK(std::string(buffer, 3) == "acc");

  const absl::Status broken = absl::UnavailableError("bad sector");
  REQUIRE_OK(files.FailRange("db/a", 1, 2, broken));
  CHECK(ValueOf(reader->Read(0, 1, buffer)) == 1);
  CHECK(ValueOf(reader->Read(2, 1, buffer)) == 1);
  CHECK(reader->Read(0, 2, buffer).status() == broken);
  CHECK(reader->Read(1, 2, buffer).status() == broken);

  REQUIRE_OK(files.WriteFile("db/a", "other"));
  CHECK(ValueOf(reader->Size()) == 5);
  CHECK(files.unsynced_events() == 0);
  REQUIRE_OK(files.RemoveFile("db/a"));
  CHECK(absl::IsNotFound(files.ReadFile("db/a").status()));
  CHECK(absl::IsNotFound(directory->OpenRead("a", kTag).status()));
  CHECK(absl::IsNotFound(files.WriteFile("nowhere/a", "")));
  CHECK(absl::IsNotFound(files.RemoveFile("db/a")));
}

TEST_CASE("sim: an image and its origin do not share changes", "[io]") {
  // Goal: shared content is never changed through one owner. Method: change each side after the copy.
  SimFileSystem files;
  auto directory = MakeDirectory(files);
  auto file = ValueOf(directory->Create("a", kTag));
  REQUIRE_OK(file->Append("abc"));
  const auto first = files.KillImage();
  REQUIRE_OK(file->Append("def"));
  const auto second = files.KillImage();
  REQUIRE_OK(first->FlipBit("db/a", 0));
  REQUIRE_OK(file->Close());
  CHECK(ValueOf(first->ReadFile("db/a")) == "`bc");
  CHECK(ValueOf(second->ReadFile("db/a")) == "abcdef");
  CHECK(ValueOf(files.ReadFile("db/a")) == "abcdef");
}

}  // namespace stoa
