#include "memtable/range_tombstones.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/coding.h"
#include "io/random.h"
#include "memtable/range_changes.h"
#include "support/catch.h"

namespace stoa {
namespace {

constexpr uint32_t kKeys = 40;

std::string KeyOf(uint64_t i) {
  std::string key;
  AppendBig(&key, static_cast<uint32_t>(i));
  return key;
}

/// What deletes each of the keys.
using Model = std::vector<DeletionTime>;

/// The changes of a slice, computed key by key.
std::vector<std::pair<std::string, DeletionTime>> ExpectedChanges(const Model& model, uint32_t begin,
                                                                  uint32_t end, bool reverse) {
  std::vector<std::pair<std::string, DeletionTime>> changes;
  DeletionTime open;
  for (uint32_t i = 0; i < end - begin; ++i) {
    const DeletionTime& here = model[reverse ? end - 1 - i : begin + i];
    if (here == open) continue;
    changes.emplace_back(KeyOf(reverse ? end - i : begin + i), here);
    open = here;
  }
  if (!open.live()) changes.emplace_back(KeyOf(reverse ? begin : end), DeletionTime{});
  return changes;
}

std::vector<std::pair<std::string, DeletionTime>> ActualChanges(const RangeTombstones& tombstones,
                                                                const ClusteringSlice& slice, bool reverse) {
  std::vector<std::pair<std::string, DeletionTime>> changes;
  for (RangeChanges at(tombstones, slice, reverse); at.valid(); at.Advance()) {
    changes.emplace_back(std::string(at.bound()), at.deletion());
  }
  return changes;
}

TEST_CASE("range tombstones: every version agrees with a list of keys", "[memtable]") {
  // Goal: overlapping deletions resolve to the strongest at each key, in this and all earlier versions,
  // walked either way. Method: a deletion per key in a plain vector, kept for every version.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Arena arena;
    std::vector<std::pair<RangeTombstones, Model>> versions;
    versions.emplace_back(RangeTombstones(), Model(kKeys));
    const uint64_t timestamps = seed % 3 == 0 ? 3 : 50;
    for (uint64_t step = 1; step <= 40; ++step) {
      uint32_t start = static_cast<uint32_t>(random.Uniform(kKeys));
      uint32_t end = static_cast<uint32_t>(random.Uniform(kKeys));
      if (start > end) std::swap(start, end);
      ++end;
      const DeletionTime deletion{static_cast<int64_t>(1 + random.Uniform(timestamps)), 5};
      Model model = versions.back().second;
      for (uint32_t i = start; i < end && i < kKeys; ++i) model[i] = Stronger(model[i], deletion);
      versions.emplace_back(versions.back().first.With(arena.Copy(KeyOf(start)), arena.Copy(KeyOf(end)),
                                                       deletion, step, &arena),
                            std::move(model));
    }
    for (const auto& [tombstones, model] : versions) {
      for (uint32_t i = 0; i < kKeys; ++i) REQUIRE(tombstones.Covering(KeyOf(i)) == model[i]);
      for (const bool reverse : {false, true}) {
        uint32_t begin = static_cast<uint32_t>(random.Uniform(kKeys));
        uint32_t end = static_cast<uint32_t>(random.Uniform(kKeys + 1));
        const std::string begin_key = KeyOf(begin);
        const std::string end_key = KeyOf(end);
        const auto actual = ActualChanges(tombstones, ClusteringSlice{begin_key, end_key}, reverse);
        if (begin > end) end = begin;
        REQUIRE(actual == ExpectedChanges(model, begin, end, reverse));
        REQUIRE(ActualChanges(tombstones, ClusteringSlice{"", std::nullopt}, reverse) ==
                ExpectedChanges(model, 0, kKeys, reverse));
      }
    }
  }
}

TEST_CASE("range tombstones: a million deletions", "[memtable]") {
  // Goal: cost of each is logarithmic, in time and memory. Method: a million disjoint ranges, in order and
  // shuffled; the arena says how many nodes were made. Then one range over all, which leaves one interval.
  const bool shuffled = GENERATE(false, true);
  const uint64_t ranges = shuffled ? 200'000 : 1'000'000;
  Arena arena(1 << 20);
  RangeTombstones tombstones;
  for (uint64_t i = 0; i < ranges; ++i) {
    const uint64_t at = shuffled ? i * 387'420'489 % ranges : i;  // the factor is prime to the number
    tombstones = tombstones.With(arena.Copy(KeyOf(2 * at)), arena.Copy(KeyOf(2 * at + 1)),
                                 DeletionTime{static_cast<int64_t>(i + 1), 5}, i, &arena);
  }
  CHECK(arena.allocated_bytes() / ranges < (shuffled ? 2000 : 700));
  uint64_t wrong = 0;
  for (uint64_t i = 0; i < 2 * ranges; ++i) wrong += tombstones.Covering(KeyOf(i)).live() != (i % 2 == 1);
  CHECK(wrong == 0);
  uint64_t changes = 0;
  for (RangeChanges at(tombstones, ClusteringSlice{}, shuffled); at.valid(); at.Advance()) ++changes;
  CHECK(changes == 2 * ranges);

  const DeletionTime all{static_cast<int64_t>(ranges + 1), 5};
  const RangeTombstones covered =
      tombstones.With(arena.Copy(KeyOf(0)), arena.Copy(KeyOf(2 * ranges)), all, 0, &arena);
  CHECK(ActualChanges(covered, ClusteringSlice{}, shuffled).size() == 2);
  CHECK(covered.Covering(KeyOf(1)) == all);
  CHECK(tombstones.Covering(KeyOf(1)).live());
}

TEST_CASE("range tombstones: the queue that deletes from its beginning stays one interval", "[memtable]") {
  // Goal: ever longer deletions replace one another. Method: the number of changes after each.
  Arena arena;
  RangeTombstones tombstones;
  for (uint64_t i = 1; i <= 1000; ++i) {
    tombstones =
        tombstones.With("", arena.Copy(KeyOf(i)), DeletionTime{static_cast<int64_t>(i), 5}, i, &arena);
    REQUIRE(ActualChanges(tombstones, ClusteringSlice{}, false).size() == 2);
  }
  // What is deleted already costs nothing.
  const size_t bytes = arena.allocated_bytes();
  const std::string inside = KeyOf(5);
  for (uint64_t i = 1; i <= 100'000; ++i) {
    tombstones = tombstones.With("", inside, DeletionTime{3, 5}, i, &arena);
  }
  CHECK(arena.allocated_bytes() == bytes);
}

}  // namespace
}  // namespace stoa
