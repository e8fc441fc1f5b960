#include "memtable/token_directory.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

using Model = std::set<std::pair<uint64_t, std::string>>;

/// Everything about the directory that can be compared with the model.
void CheckAgainst(const Model& model, const TokenDirectory& directory, Random* random) {
  REQUIRE(directory.partition_count() == model.size());
  const Partition* partition = directory.First();
  for (const auto& [token, key] : model) {
    REQUIRE(partition != nullptr);
    REQUIRE(partition->token == token);
    REQUIRE(partition->key() == key);
    REQUIRE(directory.Find(token, key) == partition);
    partition = partition->next.load();
  }
  REQUIRE(partition == nullptr);
  REQUIRE(directory.Last()->key() == model.rbegin()->second);
  for (int i = 0; i < 100; ++i) {
    auto near = model.begin();
    std::advance(near, static_cast<ptrdiff_t>(random->Uniform(std::min<size_t>(model.size(), 1000))));
    const uint64_t token = near->first + random->Uniform(3) - 1;
    const std::string key = random->OneIn(2) ? near->second : std::to_string(random->Uniform(100));
    const auto expected = model.lower_bound({token, key});
    const Partition* found = directory.FindAtOrAfter(token, key);
    REQUIRE((found == nullptr) == (expected == model.end()));
    if (found != nullptr) REQUIRE(found->key() == expected->second);
    REQUIRE((directory.Find(token, key) != nullptr) == (model.count({token, key}) != 0));
  }
}

void CheckTokens(uint64_t seed, uint64_t count, const std::function<uint64_t(Random*)>& token_of) {
  INFO("seed " << seed);
  Random random(seed);
  Arena arena;
  TokenDirectory directory(nullptr);
  Model model;
  CHECK(directory.First() == nullptr);
  CHECK(directory.Last() == nullptr);
  CHECK(directory.FindAtOrAfter(0, "") == nullptr);
  for (uint64_t i = 1; i <= count; ++i) {
    const uint64_t token = token_of(&random);
    const std::string key = std::to_string(random.Uniform(count));
    const Partition* partition = directory.FindOrInsert(token, key, &arena);
    REQUIRE(partition->token == token);
    REQUIRE(partition->key() == key);
    REQUIRE(directory.FindOrInsert(token, key, &arena) == partition);
    model.emplace(token, key);
    if ((i & (i - 1)) == 0 || i == count) CheckAgainst(model, directory, &random);
  }
}

TEST_CASE("token directory: agrees with a set, for tokens of every distribution", "[memtable]") {
  // Goal: look-up, insertion and order are right while the hints grow, whatever the tokens are. Method:
  // random keys against std::set, checked completely at every power of two.
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    SECTION("uniform, seed " + std::to_string(seed)) {
      CheckTokens(seed, 20'000, [](Random* random) { return random->Next(); });
    }
    SECTION("a narrow range, seed " + std::to_string(seed)) {
      CheckTokens(seed, 20'000,
                  [](Random* random) { return (uint64_t{77} << 50) + random->Uniform(1 << 20); });
    }
    SECTION("descending from the first, seed " + std::to_string(seed)) {
      uint64_t next = std::numeric_limits<uint64_t>::max();
      CheckTokens(seed, 5'000, [&](Random* random) { return next -= random->Uniform(uint64_t{1} << 50); });
    }
    SECTION("both ends, seed " + std::to_string(seed)) {
      CheckTokens(seed, 2'000, [](Random* random) { return random->Uniform(4) - 2; });
    }
    SECTION("crafted to collide, seed " + std::to_string(seed)) {
      CheckTokens(seed, 2'000, [](Random* random) { return random->OneIn(10) ? random->Next() : 42; });
    }
  }
}

TEST_CASE("token directory: the hints are charged, and nothing before they are needed", "[memtable]") {
  // Goal: memory accounting. Method: the budget before, with few partitions, with many, after.
  MemoryBudget budget(1 << 30);
  {
    Arena arena;
    TokenDirectory directory(&budget);
    for (uint64_t token = 0; token < 16; ++token) directory.FindOrInsert(token << 58, "key", &arena);
    CHECK(budget.used() == 0);
    for (uint64_t token = 0; token < 10'000; ++token) directory.FindOrInsert(token << 50, "key", &arena);
    CHECK(budget.used() == directory.allocated_bytes());
    CHECK(budget.used() > 10'000 * sizeof(void*));
    CHECK(budget.used() < 10'000 * sizeof(void*) * 6);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("token directory: threads insert and look up at once", "[memtable]") {
  // Goal: no insertion is lost and none is hidden from a look-up that begins after it. Method: each thread
  // inserts its own keys among those of the others, publishes how far it has come, and looks for those of the
  // others.
  constexpr uint64_t kThreads = 4;
  constexpr uint64_t kKeys = 10'000;
  TokenDirectory directory(nullptr);
  std::atomic<uint64_t> progress[kThreads] = {};
  std::atomic<uint64_t> missing{0};
  const auto token_of = [](uint64_t thread, uint64_t i) {
    return Random(i * kThreads + thread).Next() & ~uint64_t{0xffff};  // with some collisions
  };
  Arena arenas[kThreads];
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      Random random(thread);
      for (uint64_t i = 0; i < kKeys; ++i) {
        directory.FindOrInsert(token_of(thread, i), std::to_string(thread), &arenas[thread]);
        progress[thread].store(i + 1);
        const uint64_t other = random.Uniform(kThreads);
        const uint64_t known = progress[other].load();
        if (known == 0) continue;
        missing += directory.Find(token_of(other, random.Uniform(known)), std::to_string(other)) == nullptr;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(missing.load() == 0);
  CHECK(directory.partition_count() == kThreads * kKeys);
  uint64_t count = 0;
  const Partition* before = nullptr;
  for (const Partition* at = directory.First(); at != nullptr; at = at->next.load()) {
    if (before != nullptr) REQUIRE(before->position() < at->position());
    before = at;
    ++count;
  }
  CHECK(count == kThreads * kKeys);
}

}  // namespace
}  // namespace stoa
