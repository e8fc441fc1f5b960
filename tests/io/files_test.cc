#include "io/files.h"

#include <string>
#include <vector>

#include "base/status_macros.h"
#include "scratch.h"

namespace stoa {
namespace {

constexpr IoTag kTag;

/// A simulated file system with the directory "db" open.
struct SimScratch {
  SimScratch() {
    REQUIRE_OK(files.CreateDirectory("db"));
    directory = ValueOf(files.OpenDirectory("db"));
  }
  std::string Bytes(const std::string& name) { return ValueOf(files.ReadFile("db/" + name)); }

  SimFileSystem files;
  std::unique_ptr<Directory> directory;
};

std::string SomeBytes(size_t size, uint64_t seed) {
  Random random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.Next());
  return bytes;
}

}  // namespace

TEST_CASE("files: short and interrupted calls are completed", "[io]") {
  // Goal: callers see whole reads and writes. Method: every second call is disturbed, over many seeds and
  // sizes.
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimScratch scratch;
    scratch.files.Disturb(seed, 2);
    const std::string bytes = SomeBytes(Random(seed).Uniform(5000), seed);
    auto file = ValueOf(scratch.directory->Create("a", kTag));
    REQUIRE_OK(PreallocateAll(*file, 10'000));
    REQUIRE_OK(AppendAll(*file, bytes));
    REQUIRE(scratch.Bytes("a") == bytes);
    REQUIRE(ValueOf(ReadWholeFile(*scratch.directory, "a", kTag, 5000)) == bytes);
  }
}

TEST_CASE("files: a call interrupted for ever is given up", "[io]") {
  // Goal: no unbounded loop. Method: all calls are interrupted.
  SimScratch scratch;
  auto file = ValueOf(scratch.directory->Create("a", kTag));
  REQUIRE_OK(AppendAll(*file, "abc"));
  scratch.files.Disturb(0, 1);
  CHECK(absl::IsUnavailable(AppendAll(*file, "abc")));
  CHECK(absl::IsUnavailable(PreallocateAll(*file, 10)));
  CHECK(absl::IsUnavailable(ReadWholeFile(*scratch.directory, "a", kTag, 10).status()));
}

TEST_CASE("files: errors pass through unchanged", "[io]") {
  // Goal: the first cause is reported. Method: an error in each call.
  SimScratch scratch;
  const absl::Status broken = absl::UnavailableError("broken");
  auto file = ValueOf(scratch.directory->Create("a", kTag));
  scratch.files.FailCall(scratch.files.calls(), broken, FaultSpan::kOnce);
  CHECK(AppendAll(*file, "abc") == broken);
  REQUIRE_OK(AppendAll(*file, "abc"));
  scratch.files.FailRead(scratch.files.reads() + 2, broken, FaultSpan::kOnce);
  CHECK(ReadWholeFile(*scratch.directory, "a", kTag, 10).status() == broken);
  CHECK(ValueOf(ReadWholeFile(*scratch.directory, "a", kTag, 10)) == "abc");
}

TEST_CASE("files: reading beyond the end is DataLoss that names the place", "[io]") {
  // Goal: a file cut short is told from an error of the disk. Method: ask for one byte too many.
  SimScratch scratch;
  REQUIRE_OK(scratch.files.WriteFile("db/a", "abc"));
  auto file = ValueOf(scratch.directory->OpenRead("a", kTag));
  char buffer[4];
  REQUIRE_OK(ReadExactly(*file, "a", 1, 2, buffer));
  CHECK(std::string(buffer, 2) == "bc");
  const absl::Status status = ReadExactly(*file, "a", 1, 3, buffer);
  CHECK(absl::IsDataLoss(status));
  CHECK(status.message() == "corruption in a at offset 3: the file ends here, 1 bytes too early");
}

TEST_CASE("files: a file too large to read whole is refused before memory is taken", "[io]") {
  // Goal: file sizes do not decide allocations. Method: one byte over the limit.
  SimScratch scratch;
  REQUIRE_OK(scratch.files.WriteFile("db/a", "abc"));
  CHECK(ValueOf(ReadWholeFile(*scratch.directory, "a", kTag, 3)) == "abc");
  CHECK(absl::IsResourceExhausted(ReadWholeFile(*scratch.directory, "a", kTag, 2).status()));
}

TEST_CASE("files: AtomicReplace makes these calls in this order", "[io]") {
  // Goal: the protocol that the crash test below finds right stays as it is. Method: the calls as text.
  SimScratch scratch;
  scratch.files.SetTraceText(TraceText::kMutations);
  REQUIRE_OK(AtomicReplace(*scratch.directory, "CURRENT", "new", kTag));
  CHECK(scratch.files.TakeTrace() == std::vector<std::string>{"create CURRENT.tmp", "append CURRENT.tmp 3",
                                                              "sync CURRENT.tmp", "close CURRENT.tmp",
                                                              "sync_dir db", "rename CURRENT.tmp CURRENT",
                                                              "sync_dir db"});
}

TEST_CASE("files: after a crash in AtomicReplace the file is old or new, never anything else", "[io]") {
  // Goal: atomicity and durability. Method: crash at every call, look at every image the disk may hold; the
  // new bytes must be there in all of them once the call has returned, and reading back must also work after
  // a process crash. A leftover temporary file must not be in the way of the next try.
  const std::string old_bytes = SomeBytes(1500, 1);
  const std::string new_bytes = SomeBytes(1300, 2);
  size_t old_seen = 0;
  size_t new_seen = 0;
  bool crashed = true;
  for (uint64_t call = 0; crashed; ++call) {
    SimScratch scratch;
    REQUIRE_OK(AtomicReplace(*scratch.directory, "a", old_bytes, kTag));
    scratch.files.SetCrashAt(scratch.files.calls() + call);
    const absl::Status status = AtomicReplace(*scratch.directory, "a", new_bytes, kTag);
    crashed = scratch.files.crashed();
    REQUIRE(status.ok() == !crashed);
    std::vector<CrashState> states = scratch.files.EnumerateImages(200, call);
    states.push_back({{}, scratch.files.KillImage()});
    for (const CrashState& state : states) {
      INFO("crash at call " << call << ", " << state.choice.ToString());
      const std::string bytes = ValueOf(state.files->ReadFile("db/a"));
      const bool is_new = bytes == new_bytes;
      REQUIRE((is_new || (crashed && bytes == old_bytes)));
      ++(is_new ? new_seen : old_seen);
      auto directory = ValueOf(state.files->OpenDirectory("db"));
      REQUIRE_OK(AtomicReplace(*directory, "a", "newer", kTag));
      REQUIRE(ValueOf(state.files->ReadFile("db/a")) == "newer");
    }
  }
  CHECK(old_seen > 20);
  CHECK(new_seen > 1);
}

TEST_CASE("files: the content of a replaced file never refers to what is not durable", "[io]") {
  // Goal: the referrer is durable after the referent. Method: a file is created and synced, its directory is
  // not; then its name is written with AtomicReplace. In no image may the name be there without the file.
  bool crashed = true;
  for (uint64_t call = 0; crashed; ++call) {
    SimScratch scratch;
    auto file = ValueOf(scratch.directory->Create("referent", kTag));
    REQUIRE_OK(AppendAll(*file, "referent"));
    REQUIRE_OK(file->Sync());
    scratch.files.SetCrashAt(scratch.files.calls() + call);
    AtomicReplace(*scratch.directory, "referrer", "referent", kTag).IgnoreError();
    crashed = scratch.files.crashed();
    for (const CrashState& state : scratch.files.EnumerateImages(200, call)) {
      INFO("crash at call " << call << ", " << state.choice.ToString());
      if (!state.files->ReadFile("db/referrer").ok()) continue;
      REQUIRE(ValueOf(state.files->ReadFile("db/referent")) == "referent");
    }
  }
}

TEST_CASE("files: an error at any call of AtomicReplace leaves old or new, and no litter", "[io]") {
  // Goal: errors are reported and cleaned up after. Method: fail each call once; the disk heals.
  for (uint64_t call = 0; call < 7; ++call) {
    SimScratch scratch;
    REQUIRE_OK(AtomicReplace(*scratch.directory, "a", "old", kTag));
    const absl::Status broken = absl::UnavailableError("broken");
    scratch.files.FailCall(scratch.files.calls() + call, broken, FaultSpan::kOnce);
    CHECK(AtomicReplace(*scratch.directory, "a", "new", kTag) == broken);
    CHECK(scratch.Bytes("a") == (call < 6 ? "old" : "new"));
    CHECK(ValueOf(scratch.directory->List()).size() == 1);
    REQUIRE_OK(AtomicReplace(*scratch.directory, "a", "new", kTag));
    CHECK(scratch.Bytes("a") == "new");
  }
}

TEST_CASE("files: a durable file appears whole or not at all", "[io]") {
  // Goal: DurableFileWriter's promise. Method: crash at every call; in every image the name is either missing
  // or has all bytes, and after the directory's sync it has them.
  const std::string bytes = SomeBytes(2000, 3);
  bool crashed = true;
  for (uint64_t call = 0; crashed; ++call) {
    SimScratch scratch;
    scratch.files.SetCrashAt(scratch.files.calls() + call);
    const absl::Status status = [&] {
      STOA_ASSIGN_OR_RETURN(auto writer, DurableFileWriter::Create(*scratch.directory, "a", kTag));
      STOA_RETURN_IF_ERROR(writer->Append(bytes));
      STOA_RETURN_IF_ERROR(writer->Finish());
      return scratch.directory->Sync();
    }();
    crashed = scratch.files.crashed();
    REQUIRE(status.ok() == !crashed);
    for (const CrashState& state : scratch.files.EnumerateImages(200, call)) {
      INFO("crash at call " << call << ", " << state.choice.ToString());
      const auto found = state.files->ReadFile("db/a");
      REQUIRE(found.ok() >= status.ok());
      if (found.ok()) REQUIRE(*found == bytes);
    }
  }
}

TEST_CASE("files: a writer buffers small appends and passes large ones through", "[io]") {
  // Goal: few calls, all bytes. Method: appends of random sizes around the buffer's, compared as a whole.
  SimScratch scratch;
  Random random(5);
  std::string all;
  auto writer = ValueOf(DurableFileWriter::Create(*scratch.directory, "a", kTag));
  for (int i = 0; i < 1000; ++i) {
    const std::string bytes =
        SomeBytes(random.OneIn(100) ? random.Uniform(600'000) : random.Uniform(2000), random.Next());
    all += bytes;
    REQUIRE_OK(writer->Append(bytes));
    REQUIRE(writer->offset() == all.size());
  }
  CHECK_FALSE(scratch.files.ReadFile("db/a").ok());
  REQUIRE_OK(writer->Finish());
  CHECK(scratch.Bytes("a") == all);
  CHECK(scratch.files.calls() < 60);
}

TEST_CASE("files: a writer that does not finish leaves nothing", "[io]") {
  // Goal: no litter after errors. Method: destroyed early, and with each call of Finish failing.
  for (uint64_t call = 0; call < 5; ++call) {
    SimScratch scratch;
    REQUIRE_OK(scratch.files.WriteFile("db/a.tmp", "left over by a crash"));
    {
      auto writer = ValueOf(DurableFileWriter::Create(*scratch.directory, "a", kTag));
      REQUIRE_OK(writer->Append("bytes"));
      if (call < 4) {
        scratch.files.FailCall(scratch.files.calls() + call, absl::UnavailableError("broken"),
                               FaultSpan::kOnce);
        CHECK(absl::IsUnavailable(writer->Finish()));
      }
    }
    CHECK(scratch.files.ListFiles().empty());
  }
}

}  // namespace stoa
