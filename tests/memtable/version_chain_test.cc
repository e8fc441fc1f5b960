#include "memtable/version_chain.h"

#include <cstdint>
#include <map>

#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

TEST_CASE("version chain: every sequence has its own value, in whatever order they were applied",
          "[memtable]") {
  // Goal: a reader of a sequence sees the sum of what was applied up to it. Method: sums by sequence in a
  // map; sequences ascend with swaps among neighbours, and some come twice.
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Arena arena;
    VersionChain<uint64_t> chain;
    std::map<uint64_t, uint64_t> model;
    CHECK(chain.empty());
    for (uint64_t i = 1; i <= 500; ++i) {
      const uint64_t sequence = 10 * i + random.Uniform(60);
      const uint64_t term = random.Uniform(1000);
      chain.Update(sequence, &arena, [&](uint64_t sum) { return sum + term; });
      model[sequence] += term;
      if (i % 50 != 0) continue;
      for (int check = 0; check < 50; ++check) {
        const uint64_t at = random.Uniform(10 * i + 100);
        uint64_t sum = 0;
        for (const auto& [from, added] : model) sum += from <= at ? added : 0;
        REQUIRE(chain.At(at) == sum);
      }
    }
    CHECK(!chain.empty());
  }
}

TEST_CASE("version chain: an old version among very many is found by jumps", "[memtable]") {
  // Goal: a snapshot held while a million versions are added stays cheap to read. Method: as many look-ups of
  // old versions, which a walk along the chain would not finish.
  constexpr uint64_t kVersions = 1'000'000;
  Arena arena;
  VersionChain<uint64_t> chain;
  for (uint64_t sequence = 1; sequence <= kVersions; ++sequence) {
    chain.Update(sequence, &arena, [&](uint64_t) { return sequence * 3; });
  }
  uint64_t wrong = 0;
  for (uint64_t sequence = 0; sequence <= kVersions; ++sequence) wrong += chain.At(sequence) != sequence * 3;
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace stoa
