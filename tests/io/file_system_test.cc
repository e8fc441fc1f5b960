// What every FileSystem does, run on the real one and on the simulated one; then what only the real one can
// show.
#include "io/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "io/files.h"
#include "scratch.h"

namespace stoa {
namespace {

constexpr IoTag kTag;

std::vector<std::string> Names(Directory& directory) {
  std::vector<std::string> names = ValueOf(directory.List());
  std::sort(names.begin(), names.end());
  return names;
}

void Write(Directory& directory, std::string_view name, std::string_view bytes) {
  auto file = ValueOf(directory.Create(name, kTag));
  REQUIRE_OK(AppendAll(*file, bytes));
  REQUIRE_OK(file->Close());
}

std::string Read(Directory& directory, std::string_view name) {
  return ValueOf(ReadWholeFile(directory, name, kTag, 1 << 20));
}

}  // namespace

TEST_CASE("file system: bytes appended are read back", "[io]") {
  // Goal: the basic contract of files. Method: write in pieces, read at every kind of offset.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  auto file = ValueOf(directory->Create("a", kTag));
  CHECK(ValueOf(file->Append("hello")) == 5);
  CHECK(ValueOf(file->Append("")) == 0);
  REQUIRE_OK(AppendAll(*file, " world"));
  auto reader = ValueOf(directory->OpenRead("a", kTag));
  CHECK(ValueOf(reader->Size()) == 11);
  char buffer[20];
  CHECK(ValueOf(reader->Read(6, 20, buffer)) == 5);
  CHECK(std::string(buffer, 5) == "world");
  CHECK(ValueOf(reader->Read(11, 20, buffer)) == 0);
  CHECK(ValueOf(reader->Read(1000, 20, buffer)) == 0);
  CHECK(ValueOf(reader->Read(0, 0, buffer)) == 0);
  REQUIRE_OK(file->Sync());
  REQUIRE_OK(file->Close());
  CHECK(absl::IsUnavailable(file->Append("x").status()));
  CHECK(ValueOf(directory->FileSize("a")) == 11);
  CHECK(Read(*directory, "a") == "hello world");
}

TEST_CASE("file system: creation is exclusive and missing names are NotFound", "[io]") {
  // Goal: the errors that callers tell apart. Method: provoke each.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  Write(*directory, "a", "1");
  CHECK(absl::IsAlreadyExists(directory->Create("a", kTag).status()));
  CHECK(absl::IsNotFound(directory->OpenRead("b", kTag).status()));
  CHECK(absl::IsNotFound(directory->Rename("b", "c", kTag)));
  CHECK(absl::IsNotFound(directory->Unlink("b", kTag)));
  CHECK(absl::IsNotFound(directory->Link("b", *directory, "c", kTag)));
  CHECK(absl::IsNotFound(directory->FileSize("b").status()));
  CHECK(absl::IsAlreadyExists(directory->Link("a", *directory, "a", kTag)));
  CHECK(Names(*directory) == std::vector<std::string>{"a"});
  const absl::Status missing = directory->OpenRead("b", kTag).status();
  CHECK(std::string(missing.message()).find(directory->path() + "/b") != std::string::npos);
}

TEST_CASE("file system: names are single components", "[io]") {
  // Goal: no name leads out of the directory. Method: bad names in every call that takes one.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  Write(*directory, "a", "1");
  const std::string bad_names[] = {
      "", ".", "..", "a/b", "/a", "../a", std::string("a\0b", 3), std::string(256, 'x')};
  for (const std::string& name : bad_names) {
    CHECK(absl::IsInvalidArgument(directory->Create(name, kTag).status()));
    CHECK(absl::IsInvalidArgument(directory->OpenRead(name, kTag).status()));
    CHECK(absl::IsInvalidArgument(directory->Rename("a", name, kTag)));
    CHECK(absl::IsInvalidArgument(directory->Rename(name, "a", kTag)));
    CHECK(absl::IsInvalidArgument(directory->Link("a", *directory, name, kTag)));
    CHECK(absl::IsInvalidArgument(directory->Link(name, *directory, "b", kTag)));
    CHECK(absl::IsInvalidArgument(directory->Unlink(name, kTag)));
    CHECK(absl::IsInvalidArgument(directory->FileSize(name).status()));
    CHECK(absl::IsInvalidArgument(directory->Lock(name).status()));
  }
  CHECK(Names(*directory) == std::vector<std::string>{"a"});
}

TEST_CASE("file system: rename replaces, link shares, unlink leaves open files readable", "[io]") {
  // Goal: POSIX meaning of directory operations. Method: one file under changing names.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  REQUIRE_OK(scratch.files().CreateDirectory(scratch.Path("db/backup")));
  auto backup = scratch.Open("db/backup");
  Write(*directory, "a", "first");
  Write(*directory, "b", "second");
  auto reader = ValueOf(directory->OpenRead("b", kTag));
  REQUIRE_OK(directory->Rename("a", "b", kTag));
  CHECK(Read(*directory, "b") == "first");
  char buffer[6];
  CHECK(ValueOf(reader->Read(0, 6, buffer)) == 6);
  CHECK(std::string(buffer, 6) == "second");

  REQUIRE_OK(directory->Link("b", *backup, "c", kTag));
  REQUIRE_OK(directory->Unlink("b", kTag));
  CHECK(Read(*backup, "c") == "first");
  CHECK(Names(*directory) == std::vector<std::string>{"backup"});

  // Renaming one name of a file to another of its names leaves both.
  REQUIRE_OK(backup->Link("c", *backup, "d", kTag));
  REQUIRE_OK(backup->Rename("c", "d", kTag));
  CHECK(Names(*backup) == std::vector<std::string>{"c", "d"});
  REQUIRE_OK(directory->Sync());
  REQUIRE_OK(backup->Sync());
}

TEST_CASE("file system: a file is renamed and linked while it is written", "[io]") {
  // Goal: handles follow the file, not the name. Method: append after rename and unlink.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  auto file = ValueOf(directory->Create("a", kTag));
  REQUIRE_OK(AppendAll(*file, "1"));
  REQUIRE_OK(directory->Rename("a", "b", kTag));
  REQUIRE_OK(directory->Link("b", *directory, "c", kTag));
  REQUIRE_OK(AppendAll(*file, "2"));
  REQUIRE_OK(directory->Unlink("b", kTag));
  REQUIRE_OK(AppendAll(*file, "3"));
  CHECK(Read(*directory, "c") == "123");
}

TEST_CASE("file system: directories are created, opened and removed", "[io]") {
  // Goal: the calls of FileSystem itself. Method: provoke success and each error.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  FileSystem& files = scratch.files();
  const std::string path = scratch.Path("db/sub");
  CHECK(absl::IsNotFound(files.OpenDirectory(path).status()));
  CHECK(absl::IsNotFound(files.CreateDirectory(path + "/deeper")));
  REQUIRE_OK(files.CreateDirectory(path + "/"));
  CHECK(absl::IsAlreadyExists(files.CreateDirectory(path)));
  auto sub = ValueOf(files.OpenDirectory(path));
  CHECK(sub->path() == path);
  Write(*sub, "a", "1");
  CHECK(absl::IsUnavailable(files.RemoveDirectory(path)));
  CHECK(absl::IsUnavailable(files.OpenDirectory(path + "/a").status()));
  CHECK(absl::IsUnavailable(scratch.Open()->OpenRead("sub", kTag).status()));
  CHECK(absl::IsUnavailable(scratch.Open()->FileSize("sub").status()));
  REQUIRE_OK(sub->Unlink("a", kTag));
  REQUIRE_OK(files.RemoveDirectory(path));
  CHECK(absl::IsNotFound(files.RemoveDirectory(path)));
  CHECK(absl::IsNotFound(sub->Create("a", kTag).status()));
  CHECK(ValueOf(files.FreeBytes(scratch.Path("db"))) > 0);
  CHECK(absl::IsNotFound(files.FreeBytes(path).status()));
}

TEST_CASE("file system: a lock has one holder", "[io]") {
  // Goal: two handles never hold one lock. Method: same and other directory objects, and release.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  auto again = scratch.Open();
  {
    auto held = ValueOf(directory->Lock("LOCK"));
    CHECK(absl::IsFailedPrecondition(directory->Lock("LOCK").status()));
    CHECK(absl::IsFailedPrecondition(again->Lock("LOCK").status()));
    // A failed attempt must not have released what is held.
    CHECK(absl::IsFailedPrecondition(again->Lock("LOCK").status()));
    auto other = ValueOf(directory->Lock("OTHER"));
  }
  auto held = ValueOf(again->Lock("LOCK"));
  CHECK(absl::IsFailedPrecondition(directory->Lock("LOCK").status()));
}

TEST_CASE("file system: reserving space does not change the size", "[io]") {
  // Goal: Preallocate is invisible to readers. Method: reserve, append within and beyond.
  auto kind = GENERATE(Scratch::Kind::kPosix, Scratch::Kind::kSim);
  Scratch scratch(kind);
  auto directory = scratch.Open();
  auto file = ValueOf(directory->Create("a", kTag));
  REQUIRE_OK(PreallocateAll(*file, 0));
  REQUIRE_OK(PreallocateAll(*file, 10'000));
  CHECK(ValueOf(directory->FileSize("a")) == 0);
  REQUIRE_OK(AppendAll(*file, std::string(20'000, 'x')));
  CHECK(ValueOf(directory->FileSize("a")) == 20'000);
}

TEST_CASE("posix: files and directories are for their owner alone", "[io]") {
  // Goal: nothing is readable by other users whatever the umask. Method: an open umask, then stat.
  const mode_t umask_before = umask(0);
  Scratch scratch(Scratch::Kind::kPosix);
  auto directory = scratch.Open();
  Write(*directory, "a", "1");
  auto lock = ValueOf(directory->Lock("LOCK"));
  umask(umask_before);
  struct stat info;
  for (const char* name : {"db/a", "db/LOCK"}) {
    REQUIRE(stat(scratch.Path(name).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
  REQUIRE(stat(scratch.Path("db").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
}

TEST_CASE("posix: links that lead elsewhere are not followed", "[io]") {
  // Goal: who can write into the directory cannot redirect us. Method: symbolic links, also dangling, and a
  // pipe.
  Scratch scratch(Scratch::Kind::kPosix);
  auto directory = scratch.Open();
  Write(*directory, "a", "1");
  std::filesystem::create_symlink("a", scratch.Path("db/link"));
  std::filesystem::create_symlink("nowhere", scratch.Path("db/dangling"));
  REQUIRE(mkfifo(scratch.Path("db/pipe").c_str(), 0600) == 0);
  CHECK(absl::IsUnavailable(directory->OpenRead("link", kTag).status()));
  CHECK(absl::IsUnavailable(directory->Lock("link").status()));
  CHECK_FALSE(directory->Lock("dangling").ok());
  CHECK_FALSE(directory->Create("dangling", kTag).ok());
  CHECK(absl::IsUnavailable(directory->OpenRead("pipe", kTag).status()));
  CHECK_FALSE(std::filesystem::exists(scratch.Path("db/nowhere")));
}

TEST_CASE("posix: descriptors are closed on exec and after use", "[io]") {
  // Goal: no descriptor leaks, into other programs or at all. Method: look at the descriptors of this
  // process.
  const auto open_descriptors = [] {
    std::vector<int> found;
    for (int fd = 0; fd < 256; ++fd) {
      if (fcntl(fd, F_GETFD) != -1) found.push_back(fd);
    }
    return found;
  };
  const std::vector<int> before = open_descriptors();
  {
    Scratch scratch(Scratch::Kind::kPosix);
    auto directory = scratch.Open();
    auto writer = ValueOf(directory->Create("a", kTag));
    auto reader = ValueOf(directory->OpenRead("a", kTag));
    auto lock = ValueOf(directory->Lock("LOCK"));
    Names(*directory);
    CHECK_FALSE(directory->OpenRead("b", kTag).ok());
    CHECK_FALSE(directory->Lock("LOCK").ok());
    const std::vector<int> during = open_descriptors();
    CHECK(during.size() == before.size() + 4);
    for (int fd : during) {
      if (std::find(before.begin(), before.end(), fd) == before.end())
        CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("posix: a lock is refused to another file system object and to another process", "[io]") {
  // Goal: what the registry of one object cannot see, the kernel refuses. Method: a second object, and a
  // child; and closing some other descriptor of the file must not lose the lock, as it does with classic
  // POSIX locks.
  Scratch scratch(Scratch::Kind::kPosix);
  auto directory = scratch.Open();
  auto held = ValueOf(directory->Lock("LOCK"));
  const auto try_elsewhere = [&] {
    PosixFileSystem other;
    auto other_directory = ValueOf(other.OpenDirectory(scratch.Path("db")));
    return other_directory->Lock("LOCK").status();
  };
  CHECK(absl::IsFailedPrecondition(try_elsewhere()));
  close(open(scratch.Path("db/LOCK").c_str(), O_RDWR));
  CHECK(absl::IsFailedPrecondition(try_elsewhere()));

  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    PosixFileSystem other;
    auto other_directory = other.OpenDirectory(scratch.Path("db"));
    const bool refused =
        other_directory.ok() && absl::IsFailedPrecondition((*other_directory)->Lock("LOCK").status());
    _exit(refused ? 0 : 1);
  }
  int exit_status = -1;
  REQUIRE(waitpid(child, &exit_status, 0) == child);
  CHECK(exit_status == 0);

  held.reset();
  REQUIRE_OK(try_elsewhere());
}

TEST_CASE("posix: directories without permission are PermissionDenied", "[io]") {
  // Goal: the mapping of EACCES. Method: take the right to write away; root ignores rights, so it cannot test
  // this.
  if (geteuid() == 0) return;
  Scratch scratch(Scratch::Kind::kPosix);
  auto directory = scratch.Open();
  REQUIRE(chmod(scratch.Path("db").c_str(), 0500) == 0);
  CHECK(absl::IsPermissionDenied(directory->Create("a", kTag).status()));
  REQUIRE(chmod(scratch.Path("db").c_str(), 0700) == 0);
}

}  // namespace stoa
