// The simulated file system must look to its callers like a real one, or tests on it prove nothing.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "io/files.h"
#include "scratch.h"

namespace stoa {
namespace {

constexpr IoTag kTag;

/// Runs a script drawn from a seed and writes down everything it sees.
class Script {
 public:
  Script(Scratch& scratch, uint64_t seed) : scratch_(scratch), random_(seed) {
    REQUIRE_OK(scratch.files().CreateDirectory(scratch.Path("other")));
    directories_[0] = scratch.Open("db");
    directories_[1] = scratch.Open("other");
  }

  std::vector<std::string> Run(int steps) {
    for (int i = 0; i < steps; ++i) Step();
    for (auto& directory : directories_) {
      std::vector<std::string> names = ValueOf(directory->List());
      std::sort(names.begin(), names.end());
      for (const std::string& name : names) {
        seen_.push_back(name + "=" + ReadWholeFile(*directory, name, kTag, 1 << 20).value_or("a directory"));
      }
    }
    return seen_;
  }

 private:
  void Step() {
    Directory& directory = *directories_[random_.Uniform(2)];
    Directory& other = *directories_[random_.Uniform(2)];
    const std::string name = AnyName();
    const std::string to = AnyName();
    switch (random_.Uniform(15)) {
      case 0:
      case 1: {
        auto file = directory.Create(name, kTag);
        See("create", file.status());
        if (file.ok()) writers_.push_back(*std::move(file));
        return;
      }
      case 2:
      case 3:
        if (!writers_.empty())
          See("append", AppendAll(AnyWriter(), std::string(random_.Uniform(700), 'a' + seen_.size() % 26)));
        return;
      case 4:
        if (!writers_.empty()) See("sync", AnyWriter().Sync());
        return;
      case 5:
        if (!writers_.empty()) See("close", AnyWriter().Close());
        return;
      case 6:
        if (!writers_.empty())
          writers_.erase(writers_.begin() + static_cast<ptrdiff_t>(random_.Uniform(writers_.size())));
        return;
      case 7:
        return See("rename", directory.Rename(name, to, kTag));
      case 8:
        return See("link", directory.Link(name, other, to, kTag));
      case 9:
        return See("unlink", directory.Unlink(name, kTag));
      case 10: {
        auto size = directory.FileSize(name);
        return See("size " + std::to_string(size.value_or(0)), size.status());
      }
      case 11: {
        auto file = directory.OpenRead(name, kTag);
        See("open", file.status());
        if (file.ok()) readers_.push_back(*std::move(file));
        return;
      }
      case 12:
        return ReadSomething();
      case 13:
        return See("lock", directory.Lock(name).status());
      default:
        return DirectoryStep(name);
    }
  }

  void ReadSomething() {
    if (readers_.empty()) return;
    const ReadableFile& reader = *readers_[random_.Uniform(readers_.size())];
    std::string bytes(random_.Uniform(1000), '\0');
    auto taken = reader.Read(random_.Uniform(1000), bytes.size(), bytes.data());
    See("read " + bytes.substr(0, taken.value_or(0)), taken.status());
    See("size " + std::to_string(reader.Size().value_or(0)), reader.Size().status());
  }

  void DirectoryStep(const std::string& name) {
    const std::string path = scratch_.Path("db/" + name);
    switch (random_.Uniform(3)) {
      case 0:
        // No directory under a name that may be renamed: the simulation does not support that.
        return See("mkdir", scratch_.files().CreateDirectory(scratch_.Path("db/sub")));
      case 1:
        return See("rmdir", scratch_.files().RemoveDirectory(scratch_.Path("db/sub")));
      default:
        return See("open directory", scratch_.files().OpenDirectory(path).status());
    }
  }

  std::string AnyName() { return std::string(1, static_cast<char>('a' + random_.Uniform(4))); }
  WritableFile& AnyWriter() { return *writers_[random_.Uniform(writers_.size())]; }
  void See(const std::string& what, const absl::Status& status) {
    seen_.push_back(what + " " + absl::StatusCodeToString(status.code()));
  }

  Scratch& scratch_;
  Random random_;
  std::unique_ptr<Directory> directories_[2];
  std::vector<std::unique_ptr<WritableFile>> writers_;
  std::vector<std::unique_ptr<ReadableFile>> readers_;
  std::vector<std::string> seen_;
};

}  // namespace

TEST_CASE("sim fidelity: random scripts see the same on the simulated and on a real file system", "[io]") {
  // Goal: SimFileSystem is a file system. Method: the same calls on both, every result compared.
  for (uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    Scratch real(Scratch::Kind::kPosix);
    Scratch simulated(Scratch::Kind::kSim);
    const std::vector<std::string> expected = Script(real, seed).Run(150);
    const std::vector<std::string> found = Script(simulated, seed).Run(150);
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) REQUIRE(found[i] == expected[i]);
  }
}

TEST_CASE("sim fidelity: the image of a killed process is what it saw", "[io]") {
  // Goal: KillImage keeps everything visible. Method: content hashes after random scripts.
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Scratch simulated(Scratch::Kind::kSim);
    Script(simulated, seed).Run(150);
    auto& files = static_cast<SimFileSystem&>(simulated.files());
    const auto image = files.KillImage();
    REQUIRE(image->ContentHash() == files.ContentHash());
    REQUIRE(image->ListFiles() == files.ListFiles());
    REQUIRE(image->used_bytes() <= files.used_bytes());
    const auto crash = files.CrashImage({.policy = ImageChoice::Policy::kEverything});
    REQUIRE(crash->ContentHash() == files.ContentHash());
  }
}

}  // namespace stoa
