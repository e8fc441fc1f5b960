#include "sstable/block_cache.h"

#include <atomic>
#include <thread>
#include <vector>

#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

/// Counts how many there are.
class CountedEntry : public CacheEntry {
 public:
  CountedEntry(std::atomic<int64_t>* live, uint64_t entry_number) : number(entry_number), live_(live) {
    ++*live_;
  }
  ~CountedEntry() override { --*live_; }
  const uint64_t number;

 private:
  std::atomic<int64_t>* live_;
};

TEST_CASE("a block cache keeps within its capacity whatever is asked of it") {
  // Goal: the hard budget, right objects under their keys, nothing leaked. Method: random finds, inserts,
  // growth, reservations and erasures with random entries held, compared with the capacity after each step.
  for (const uint64_t capacity : {uint64_t{0}, uint64_t{1000}, uint64_t{100000}, uint64_t{8} << 20}) {
    Random random(capacity + 1);
    std::atomic<int64_t> live{0};
    {
      BlockCache cache(capacity);
      std::vector<std::shared_ptr<CacheEntry>> held(8);
      uint64_t hits = 0;
      for (int step = 0; step < 30000; ++step) {
        const CacheKey key{random.Uniform(4), random.Uniform(500),
                           static_cast<CachedKind>(random.Uniform(3))};
        const uint64_t number = key.file_id * 10000 + key.offset * 3 + static_cast<uint64_t>(key.kind);
        std::shared_ptr<CacheEntry> entry = cache.Find(key);
        if (entry == nullptr) {
          const uint64_t bytes = random.Uniform(capacity < 1000000 ? 400 : 40000);
          entry = cache.Insert(key, std::make_shared<CountedEntry>(&live, number), bytes);
        } else {
          ++hits;
        }
        REQUIRE(static_cast<CountedEntry*>(entry.get())->number == number);
        if (random.OneIn(3)) cache.Grow(key, entry.get(), random.Uniform(300));
        if (random.OneIn(50)) cache.Grow(key, held[0].get(), 100);  // of another object: ignored
        if (random.OneIn(5)) held[random.Uniform(held.size())] = entry;
        if (random.OneIn(2000)) {
          cache.EraseFile(key.file_id);
          REQUIRE(cache.Find(key) == nullptr);
        }
        REQUIRE(cache.used_bytes() <= capacity);
      }
      if (capacity >= 100000) CHECK(hits > 1000);
      if (capacity == 0) CHECK(hits == 0);
    }
    CHECK(live == 0);
  }
}

TEST_CASE("a block cache goes without what its neighbours need beyond their budgets") {
  // Goal: memory that others take is not taken twice; some is always left to read with. Method: literal
  // steps.
  std::atomic<int64_t> live{0};
  MemoryBudget one(500);
  MemoryBudget other(0);
  BlockCache cache(16 * 1128, {&one, &other});
  uint64_t next = 0;
  const auto fill = [&] {
    for (int i = 0; i < 20; ++i, ++next) {
      cache.Insert({1, next}, std::make_shared<CountedEntry>(&live, next), 1000);
    }
    return cache.used_bytes() / 1128;
  };
  CHECK(fill() == 16);
  one.Charge(500);
  CHECK(fill() == 16);
  one.Charge(1128);
  CHECK(fill() == 15);
  other.Charge(4 * 1128);
  CHECK(fill() == 11);
  CHECK(cache.room_bytes() == 11 * 1128);
  other.Charge(uint64_t{1} << 40);
  CHECK(fill() == 2);
  other.Release(other.used());
  one.Release(one.used());
  CHECK(fill() == 16);
}

TEST_CASE("a block cache evicts what is not used and not held") {
  // Goal: entries found again outlive entries seen once, held entries stay, reservations make room. Method: a
  // small cache, literal steps.
  std::atomic<int64_t> live{0};
  BlockCache cache(10 * 1128);
  const auto insert = [&](uint64_t offset) {
    return cache.Insert({1, offset}, std::make_shared<CountedEntry>(&live, offset), 1000);
  };
  for (uint64_t i = 0; i < 10; ++i) insert(i);
  CHECK(live == 10);
  CHECK(cache.Find({1, 3}) != nullptr);
  const std::shared_ptr<CacheEntry> held = cache.Find({1, 5});
  for (uint64_t i = 100; i < 108; ++i) insert(i);  // a scan
  CHECK(cache.Find({1, 3}) != nullptr);
  CHECK(cache.Find({1, 5}) == held);
  CHECK(cache.Find({1, 0}) == nullptr);
  CHECK(live == 10);

  cache.Reserve({2, 0}, 9 * 1128);
  CHECK(cache.used_bytes() <= cache.capacity_bytes());
  CHECK(cache.Find({1, 5}) == held);
  CHECK(live == 1);
  const std::shared_ptr<CacheEntry> first = insert(7);  // no room: handed back, not kept
  CHECK(first != nullptr);
  CHECK(cache.Find({1, 7}) == nullptr);
  cache.Release({2, 0}, 9 * 1128);
  const std::shared_ptr<CacheEntry> kept = insert(7);
  CHECK(insert(7) == kept);                   // the faster one's
  cache.Grow({1, 7}, kept.get(), 20 * 1128);  // outgrows the cache
  CHECK(cache.Find({1, 7}) == nullptr);
  CHECK(cache.used_bytes() == 1128);
}

TEST_CASE("little of a block cache can be pinned") {
  // Goal: only what is in the cache can be pinned, and at most a sixteenth of the capacity at a time. Method:
  // literal steps.
  std::atomic<int64_t> live{0};
  BlockCache cache(32 * 1128);
  std::vector<std::shared_ptr<CacheEntry>> held;
  for (uint64_t i = 0; i < 3; ++i) {
    held.push_back(cache.Insert({1, i}, std::make_shared<CountedEntry>(&live, i), 1000));
  }
  CHECK(cache.Pin({1, 0}, held[1].get()) == 0);
  CHECK(cache.Pin({1, 7}, held[1].get()) == 0);
  CHECK(cache.Pin({1, 0}, held[0].get()) == 1128);
  CHECK(cache.Pin({1, 1}, held[1].get()) == 1128);
  CHECK(cache.Pin({1, 2}, held[2].get()) == 0);
  cache.Unpin(1128);
  CHECK(cache.Pin({1, 2}, held[2].get()) == 1128);
  CHECK(cache.used_bytes() == 3 * 1128);  // charged once
}

TEST_CASE("a block cache is used by many threads") {
  // Goal: no race (under the thread sanitizer), no entry under a wrong key. Method: threads look up, insert,
  // grow and erase the same few keys.
  std::atomic<int64_t> live{0};
  std::atomic<uint64_t> wrong{0};
  {
    BlockCache cache(20000);
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        Random random(t);
        for (int step = 0; step < 5000; ++step) {
          const CacheKey key{1, random.Uniform(60)};
          std::shared_ptr<CacheEntry> entry = cache.Find(key);
          if (entry == nullptr)
            entry = cache.Insert(key, std::make_shared<CountedEntry>(&live, key.offset), 500);
          if (static_cast<CountedEntry*>(entry.get())->number != key.offset) ++wrong;
          if (random.OneIn(4)) cache.Grow(key, entry.get(), 50);
          if (random.OneIn(500)) cache.EraseFile(1);
          if (cache.used_bytes() > 20000) ++wrong;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(wrong == 0);
  CHECK(live == 0);
}

}  // namespace
}  // namespace stoa
