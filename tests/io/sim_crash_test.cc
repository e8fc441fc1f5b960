// What a power loss may leave. The tests of the first half each show that one kind of loss is among the
// images; those of the second half that nothing which was synced is ever lost.
#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/files.h"
#include "scratch.h"

namespace stoa {
namespace {

constexpr IoTag kTag;
using Policy = ImageChoice::Policy;
using Fill = ImageChoice::Fill;
using Size = ImageChoice::Size;

struct Disk {
  Disk() {
    REQUIRE_OK(files.CreateDirectory("db"));
    directory = ValueOf(files.OpenDirectory("db"));
  }
  std::unique_ptr<WritableFile> Create(std::string_view name) {
    return ValueOf(directory->Create(name, kTag));
  }
  /// A file that survives.
  void CreateDurably(std::string_view name, std::string_view bytes) {
    auto file = Create(name);
    REQUIRE_OK(AppendAll(*file, bytes));
    REQUIRE_OK(file->Sync());
    REQUIRE_OK(directory->Sync());
  }

  SimFileSystem files;
  std::unique_ptr<Directory> directory;
};

/// The files of an image, "name=bytes" each.
std::string Describe(const SimFileSystem& image) {
  std::string text;
  for (const std::string& path : image.ListFiles()) {
    text += (text.empty() ? "" : " ") + path.substr(3) + "=" + ValueOf(image.ReadFile(path));
  }
  return text;
}

std::set<std::string> DescribeAll(const SimFileSystem& files, size_t limit = 500) {
  std::set<std::string> all;
  for (const CrashState& state : files.EnumerateImages(limit, 1)) all.insert(Describe(*state.files));
  return all;
}

std::string Image(const SimFileSystem& files, const ImageChoice& choice) {
  return Describe(*files.CrashImage(choice));
}

}  // namespace

TEST_CASE("sim crash: without syncs, entries and bytes survive or not on their own", "[io]") {
  // Goal: a name says nothing about the bytes, nor the bytes about the name. Method: one small file, all
  // images.
  Disk disk;
  auto file = disk.Create("a");
  REQUIRE_OK(file->Append("x"));
  const std::set<std::string> images = DescribeAll(disk.files);
  CHECK(images.count(""));                      // no name
  CHECK(images.count("a="));                    // no bytes
  CHECK(images.count("a=x"));                   // all
  CHECK(images.count(std::string("a=\0", 3)));  // the size alone
}

TEST_CASE("sim crash: a synced file in an un-synced directory may be missing, but is never empty", "[io]") {
  // Goal: fsync of a file does not cover its name. Method: all images.
  Disk disk;
  auto file = disk.Create("a");
  REQUIRE_OK(file->Append("x"));
  REQUIRE_OK(file->Sync());
  CHECK(DescribeAll(disk.files) == std::set<std::string>{"", "a=x"});
}

TEST_CASE("sim crash: a synced directory does not sync its files", "[io]") {
  // Goal: the other way round. Method: all images.
  Disk disk;
  auto file = disk.Create("a");
  REQUIRE_OK(file->Append("x"));
  REQUIRE_OK(disk.directory->Sync());
  const std::set<std::string> images = DescribeAll(disk.files);
  CHECK(images.count("a="));
  CHECK(images.count("a=x"));
  CHECK_FALSE(images.count(""));
}

TEST_CASE("sim crash: appends are torn at sectors, and survive out of order", "[io]") {
  // Goal: no promise about parts of un-synced data. Method: an append of three sectors after a synced byte,
  // which shares the first of them; then the images by rule.
  Disk disk;
  disk.CreateDurably("other", std::string(2000, 'o'));
  auto file = disk.Create("a");
  REQUIRE_OK(file->Append("s"));
  REQUIRE_OK(file->Sync());
  REQUIRE_OK(disk.directory->Sync());
  const std::string first(511, '1'), second(512, '2'), third(100, '3');
  REQUIRE_OK(file->Append(first + second + third));
  const auto image = [&](const ImageChoice& choice) {
    return ValueOf(disk.files.CrashImage(choice)->ReadFile("db/a"));
  };
  const ImageChoice::Size grown = Size::kGrown;
  CHECK(image({.policy = Policy::kTornLast, .index = 0}) == "s");
  CHECK(image({.policy = Policy::kTornLast, .index = 1}) == "s" + first);
  CHECK(image({.policy = Policy::kTornLast, .index = 2}) == "s" + first + second);
  CHECK(image({.policy = Policy::kTornLast, .index = 3}) == "s" + first + second + third);
  CHECK(image({.policy = Policy::kTornLast, .index = 1, .size = grown}) ==
        "s" + first + std::string(612, '\0'));
  CHECK(image({.policy = Policy::kTornLast, .index = 1, .fill = Fill::kStale, .size = grown})
            .substr(512, 100) == std::string(100, 'o'));
  const std::string garbage =
      image({.policy = Policy::kTornLast, .index = 1, .fill = Fill::kGarbage, .size = grown});
  CHECK(garbage.size() == 1124);
  CHECK(garbage.substr(0, 512) == "s" + first);
  CHECK(std::set<char>(garbage.begin() + 512, garbage.end()).size() > 100);

  bool reordered = false;
  for (uint64_t seed = 0; seed < 1000 && !reordered; ++seed) {
    const std::string bytes = image({.policy = Policy::kRandomSubset, .seed = seed});
    reordered = bytes.substr(1, 511) != first && bytes.size() >= 1024 && bytes.substr(512, 512) == second;
  }
  CHECK(reordered);
}

TEST_CASE("sim crash: what shares a sector with a later kept byte is kept", "[io]") {
  // Goal: images are possible ones: a sector is written as a whole. Method: three small appends, keep the
  // last only.
  Disk disk;
  auto file = disk.Create("a");
  REQUIRE_OK(disk.directory->Sync());
  REQUIRE_OK(file->Append("1"));
  REQUIRE_OK(file->Append("2"));
  REQUIRE_OK(file->Append("3"));
  CHECK(Image(disk.files, {.policy = Policy::kOnlyOne, .index = 0}) == "a=1");
  CHECK(Image(disk.files, {.policy = Policy::kOnlyOne, .index = 2}) == "a=123");
  CHECK(Image(disk.files, {.policy = Policy::kAllButOne, .index = 2}) == "a=12");
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string bytes = Image(disk.files, {.policy = Policy::kRandomSubset, .seed = seed});
    if (bytes.size() == 5) REQUIRE((bytes[4] != '3' || bytes == "a=123"));
  }
}

TEST_CASE("sim crash: a rename may be lost, done, or half done", "[io]") {
  // Goal: rename never loses the target. Method: replace a durable file, all images.
  Disk disk;
  disk.CreateDurably("a", "old");
  disk.CreateDurably("b", "new");
  REQUIRE_OK(disk.directory->Rename("b", "a", kTag));
  CHECK(DescribeAll(disk.files) == std::set<std::string>{"a=old b=new", "a=new b=new", "a=new"});
}

TEST_CASE("sim crash: a rename may survive while the bytes of the file do not", "[io]") {
  // Goal: the classic bug of replacing a file without syncing it first is found. Method: all images.
  Disk disk;
  disk.CreateDurably("a", "old");
  auto file = disk.Create("b");
  REQUIRE_OK(file->Append("new"));
  REQUIRE_OK(disk.directory->Rename("b", "a", kTag));
  CHECK(DescribeAll(disk.files).count("a="));
}

TEST_CASE("sim crash: an un-synced unlink may be lost or early", "[io]") {
  // Goal: both surprises of unlink. Method: unlink one file, then create another, all images.
  Disk disk;
  disk.CreateDurably("a", "x");
  REQUIRE_OK(disk.directory->Unlink("a", kTag));
  disk.Create("b");
  CHECK(DescribeAll(disk.files) == std::set<std::string>{"a=x", "", "a=x b=", "b="});
}

TEST_CASE("sim crash: a prefix keeps the first events of all files and directories together", "[io]") {
  // Goal: events are in the order of the calls. Method: every prefix of five events.
  Disk disk;
  auto a = disk.Create("a");
  auto b = disk.Create("b");
  REQUIRE_OK(a->Append("1"));
  REQUIRE_OK(b->Append("2"));
  REQUIRE_OK(disk.directory->Unlink("a", kTag));
  REQUIRE(disk.files.unsynced_events() == 5);
  const char* prefixes[] = {"", "a=", "a= b=", "a=1 b=", "a=1 b=2", "b=2"};
  for (uint64_t n = 0; n <= 5; ++n)
    CHECK(Image(disk.files, {.policy = Policy::kPrefix, .index = n}) == prefixes[n]);
  CHECK(Image(disk.files, {.policy = Policy::kEverything}) == "b=2");
  CHECK(Image(disk.files, {.policy = Policy::kNothingUnsynced}) == "");
  CHECK(Image(disk.files, {.policy = Policy::kAllButOne, .index = 4}) == "a=1 b=2");
}

TEST_CASE("sim crash: links and removed directories survive or not", "[io]") {
  // Goal: the remaining directory operations. Method: all images; a directory's creation alone is durable at
  // once.
  Disk disk;
  disk.CreateDurably("a", "x");
  REQUIRE_OK(disk.files.CreateDirectory("db/sub"));
  auto sub = ValueOf(disk.files.OpenDirectory("db/sub"));
  REQUIRE_OK(disk.directory->Link("a", *sub, "b", kTag));
  CHECK(DescribeAll(disk.files) == std::set<std::string>{"a=x", "a=x sub/b=x"});
  REQUIRE_OK(sub->Sync());
  CHECK(DescribeAll(disk.files) == std::set<std::string>{"a=x sub/b=x"});
  REQUIRE_OK(sub->Unlink("b", kTag));
  REQUIRE_OK(sub->Sync());
  REQUIRE_OK(disk.files.RemoveDirectory("db/sub"));
  size_t with = 0;
  const auto states = disk.files.EnumerateImages(10, 1);
  for (const CrashState& state : states) with += state.files->OpenDirectory("db/sub").ok();
  CHECK(with == 1);
  CHECK(states.size() == 2);
  // A new directory of the same name is there in all images, though the removal of the old one is not
  // durable.
  REQUIRE_OK(disk.files.CreateDirectory("db/sub"));
  for (const CrashState& state : disk.files.EnumerateImages(10, 1))
    REQUIRE_OK(state.files->OpenDirectory("db/sub"));
}

TEST_CASE("sim crash: what a failed sync left is not made durable by the next one", "[io]") {
  // Goal: an engine that retries fsync is caught. Method: fail a sync of each kind once, retry, look at the
  // images.
  Disk disk;
  const absl::Status broken = absl::UnavailableError("broken");
  auto file = disk.Create("a");
  REQUIRE_OK(disk.directory->Sync());
  const std::string first(512, '1'), second(512, '2');
  REQUIRE_OK(file->Append(first));
  disk.files.FailCall(disk.files.calls(), broken, FaultSpan::kOnce);
  CHECK(file->Sync() == broken);
  CHECK(Describe(disk.files) == "a=" + first);
  REQUIRE_OK(file->Append(second));
  REQUIRE_OK(file->Sync());
  CHECK(Image(disk.files, {.policy = Policy::kNothingUnsynced}) == "a=" + std::string(512, '\0') + second);
  CHECK(Image(disk.files, {.policy = Policy::kEverything}) == "a=" + first + second);

  Disk other;
  other.Create("a");
  other.files.FailCall(other.files.calls(), broken, FaultSpan::kOnce);
  CHECK(other.directory->Sync() == broken);
  REQUIRE_OK(other.directory->Sync());
  CHECK(DescribeAll(other.files) == std::set<std::string>{"", "a="});
  REQUIRE_OK(other.directory->Rename("a", "b", kTag));
  other.Create("c");
  REQUIRE_OK(other.directory->Sync());
  // The rename and the second file are durable, the creation before them is lost: the order in which they
  // apply must not bring the old name back.
  CHECK(DescribeAll(other.files) == std::set<std::string>{"b= c="});
}

TEST_CASE("sim crash: a killed process loses nothing at once, but the next power loss may", "[io]") {
  // Goal: recovery must not trust what it can read. Method: images of a kill image.
  Disk disk;
  auto file = disk.Create("a");
  REQUIRE_OK(file->Append("x"));
  const std::set<std::string> before = DescribeAll(disk.files);
  const auto killed = disk.files.KillImage();
  CHECK(Describe(*killed) == "a=x");
  CHECK(DescribeAll(*killed) == before);
  // And what the next process does is one more event.
  auto directory = ValueOf(killed->OpenDirectory("db"));
  REQUIRE_OK(directory->Rename("a", "b", kTag));
  CHECK(killed->unsynced_events() == 4);
  REQUIRE_OK(directory->Sync());
  CHECK(DescribeAll(*killed).count("b="));
}

TEST_CASE("sim crash: an image is durable itself", "[io]") {
  // Goal: a crash during recovery starts from a clean slate. Method: an image has one image.
  Disk disk;
  auto file = disk.Create("a");
  REQUIRE_OK(file->Append("x"));
  for (const CrashState& state : disk.files.EnumerateImages(100, 1)) {
    CHECK(state.files->unsynced_events() == 0);
    const auto again = state.files->EnumerateImages(100, 1);
    REQUIRE(again.size() == 1);
    CHECK(again[0].files->ContentHash() == state.files->ContentHash());
  }
}

TEST_CASE("sim crash: images are distinct, reproducible from their choice, and bounded in number", "[io]") {
  // Goal: a failure can be repeated from its message. Method: rebuild each image; compare runs with seeds.
  Disk disk;
  for (int i = 0; i < 20; ++i) {
    auto file = disk.Create("f" + std::to_string(i));
    for (int j = 0; j < 5; ++j) REQUIRE_OK(file->Append(std::string(300, static_cast<char>('a' + i))));
  }
  std::set<uint64_t> hashes;
  const auto states = disk.files.EnumerateImages(100, 7);
  CHECK(states.size() == 100);
  size_t random = 0;
  for (const CrashState& state : states) {
    CHECK(hashes.insert(state.files->ContentHash()).second);
    CHECK(disk.files.CrashImage(state.choice)->ContentHash() == state.files->ContentHash());
    random += state.choice.policy == Policy::kRandomSubset;
  }
  CHECK(random >= 25);
  CHECK(states[0].choice.policy == Policy::kEverything);
  CHECK(states[1].choice.policy == Policy::kNothingUnsynced);
  const auto again = disk.files.EnumerateImages(100, 7);
  for (size_t i = 0; i < 100; ++i) CHECK(again[i].files->ContentHash() == states[i].files->ContentHash());
  size_t new_ones = 0;
  for (const CrashState& state : disk.files.EnumerateImages(100, 8))
    new_ones += !hashes.count(state.files->ContentHash());
  CHECK(new_ones > 30);
}

TEST_CASE("sim crash: random subsets reach every combination of events", "[io]") {
  // Goal: the random policy has no blind spot. Method: four independent events have 16 outcomes.
  Disk disk;
  for (const char* name : {"a", "b", "c", "d"}) disk.Create(name);
  std::set<std::string> images;
  for (uint64_t seed = 0; seed < 2000; ++seed)
    images.insert(Image(disk.files, {.policy = Policy::kRandomSubset, .seed = seed}));
  CHECK(images.size() == 16);
}

TEST_CASE("sim crash: nothing that was synced is lost in any image", "[io]") {
  // Goal: the simulation is not harsher than the promise of fsync. Method: random scripts on files that are
  // never renamed; a model notes for each file its bytes at the last sync and for the directory its names at
  // its last sync; every image has these names (unless removed since) with these bytes, and only bytes that
  // were written beyond them may differ in ways other than size.
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Disk disk;
    Random random(seed);
    struct Model {
      std::unique_ptr<WritableFile> file;
      std::string bytes;
      size_t synced = 0;
      bool named = false;
      bool removed = false;
    };
    std::map<std::string, Model> models;
    for (int step = 0; step < 40; ++step) {
      const std::string name(1, static_cast<char>('a' + random.Uniform(5)));
      Model& model = models[name];
      if (model.removed) continue;
      switch (model.file == nullptr ? 0 : random.Uniform(12)) {
        case 0:
          if (model.file == nullptr) model.file = disk.Create(name);
          break;
        case 1:
          REQUIRE_OK(model.file->Sync());
          model.synced = model.bytes.size();
          break;
        case 2:
          REQUIRE_OK(disk.directory->Sync());
          for (auto& [key, other] : models) other.named = other.file != nullptr && !other.removed;
          break;
        case 3:
          if (random.OneIn(3)) {
            REQUIRE_OK(disk.directory->Unlink(name, kTag));
            model.removed = true;
          }
          break;
        default: {
          const std::string bytes(random.Uniform(1200), static_cast<char>(random.Next()));
          REQUIRE_OK(AppendAll(*model.file, bytes));
          model.bytes += bytes;
        }
      }
    }
    for (const CrashState& state : disk.files.EnumerateImages(60, seed)) {
      INFO("seed " << seed << ", " << state.choice.ToString());
      for (const auto& [name, model] : models) {
        const auto found = state.files->ReadFile("db/" + name);
        if (model.named && !model.removed) REQUIRE_OK(found);
        if (!found.ok()) continue;
        REQUIRE(found->size() >= model.synced);
        REQUIRE(found->size() <= model.bytes.size());
        REQUIRE(found->substr(0, model.synced) == model.bytes.substr(0, model.synced));
      }
    }
  }
}

}  // namespace stoa
