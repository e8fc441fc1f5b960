#include "memtable/row_tree.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/coding.h"
#include "io/random.h"
#include "support/catch.h"

namespace stoa {
namespace {

std::string Big(uint64_t i) {
  std::string key;
  AppendBig(&key, i);
  return key;
}

/// An order in which keys come: the i-th of `count`.
struct Pattern {
  const char* name;
  std::function<std::string(uint64_t i, uint64_t count)> key;
};

std::vector<Pattern> Patterns() {
  constexpr uint64_t kPrime = 1'000'003;
  const std::string prefix = "a prefix that all have in common ";
  return {
      {"ascending", [](uint64_t i, uint64_t) { return Big(i * 1000); }},
      {"descending", [](uint64_t i, uint64_t count) { return Big((count - i) * 1000); }},
      {"shuffled", [](uint64_t i, uint64_t) { return Big(i * kPrime % 65537 << 40); }},
      {"equal but for the last bytes",
       [](uint64_t i, uint64_t) { return "12345678" + Big(i * kPrime % 65537); }},
      {"ascending behind a prefix",
       [=](uint64_t i, uint64_t) { return prefix + std::to_string(1'000'000 + i); }},
      {"descending behind a prefix",
       [=](uint64_t i, uint64_t count) { return prefix + std::to_string(1'000'000 + count - i); }},
      {"ten ascending series",
       [](uint64_t i, uint64_t) { return "series " + std::to_string(i % 10) + Big(i); }},
      {"ten descending series",
       [](uint64_t i, uint64_t count) { return "series " + std::to_string(i % 10) + Big(count - i); }},
      {"at both ends", [](uint64_t i, uint64_t count) { return Big(i % 2 == 0 ? count + i : count - i); }},
      {"from both ends inwards",
       [](uint64_t i, uint64_t count) { return Big(i % 2 == 0 ? i : 2 * count - i); }},
      {"prefixes of one another",
       [](uint64_t i, uint64_t) { return std::string(i * 7 % 100, '\0') + std::string(i * 31 % 64, 'x'); }},
      {"prefixes that break off",
       [=](uint64_t i, uint64_t) {
         Random random(i);
         return prefix.substr(0, random.OneIn(20) ? random.Uniform(prefix.size()) : prefix.size()) +
                std::to_string(random.Uniform(10'000));
       }},
  };
}

std::vector<std::string> Walk(const RowTree& tree, bool reverse) {
  std::vector<std::string> keys;
  RowCursor cursor(&tree, reverse);
  if (reverse) {
    cursor.SeekToLast();
  } else {
    cursor.Seek({});
  }
  for (; cursor.row() != nullptr; cursor.Advance()) keys.emplace_back(cursor.row()->key());
  return keys;
}

std::string KeyOf(const StoredRow* row) { return row == nullptr ? "none" : "at " + std::string(row->key()); }

void CheckAgainst(const std::set<std::string>& model, const RowTree& tree, Random* random) {
  REQUIRE(Walk(tree, false) == std::vector<std::string>(model.begin(), model.end()));
  REQUIRE(Walk(tree, true) == std::vector<std::string>(model.rbegin(), model.rend()));
  const std::vector<std::string> keys(model.begin(), model.end());
  for (int i = 0; i < 300 && !keys.empty(); ++i) {
    std::string bound = keys[random->Uniform(keys.size())];
    if (random->OneIn(3)) bound.push_back(static_cast<char>(random->Uniform(3)));
    if (random->OneIn(3)) bound.resize(random->Uniform(bound.size() + 1));
    if (random->OneIn(3) && !bound.empty()) bound.back() = static_cast<char>(random->Next());
    const auto at = model.lower_bound(bound);
    RowCursor forward(&tree, false);
    forward.Seek(bound);
    REQUIRE(KeyOf(forward.row()) == (at == model.end() ? "none" : "at " + *at));
    RowCursor backward(&tree, true);
    backward.Seek(bound);
    REQUIRE(KeyOf(backward.row()) == (at == model.begin() ? "none" : "at " + *std::prev(at)));
    REQUIRE((tree.Find(bound) != nullptr) == (model.count(bound) != 0));
  }
}

TEST_CASE("row tree: agrees with a set, whatever the order of keys", "[memtable]") {
  // Goal: order, look-ups and walks in both directions. Method: patterns of keys against std::set, checked
  // completely at every size from 1 to 20 and at every power of two. Every other key is added twice.
  for (const Pattern& pattern : Patterns()) {
    INFO(pattern.name);
    Random random(7);
    Arena arena;
    RowTree tree;
    std::set<std::string> model;
    CHECK(tree.Find("a") == nullptr);
    CheckAgainst(model, tree, &random);
    constexpr uint64_t kCount = 8192;
    for (uint64_t i = 0; i < kCount; ++i) {
      const std::string key = pattern.key(i, kCount);
      REQUIRE(tree.Add(key, RowWrite{}, &arena) == model.insert(key).second);
      if (i % 2 == 0) REQUIRE(!tree.Add(key, RowWrite{}, &arena));
      if (i < 20 || (i & (i + 1)) == 0) CheckAgainst(model, tree, &random);
    }
  }
}

TEST_CASE("row tree: rows in order, up or down, cost less than 20 bytes of nodes each", "[memtable]") {
  // Goal: appending opens new nodes instead of splitting full ones in half. Method: memory in excess of the
  // rows', which are measured in trees of one row.
  constexpr uint64_t kCount = 60'000;
  for (const Pattern& pattern : Patterns()) {
    if (pattern.name != std::string("ascending") && pattern.name != std::string("descending")) continue;
    INFO(pattern.name);
    Arena rows(1 << 12);
    Arena nodes_and_rows(1 << 12);
    RowTree tree;
    for (uint64_t i = 0; i < kCount; ++i) {
      StoredRow::Create(&rows, pattern.key(i, kCount), RowWrite{});
      tree.Add(pattern.key(i, kCount), RowWrite{}, &nodes_and_rows);
    }
    CHECK(nodes_and_rows.allocated_bytes() - rows.allocated_bytes() < 20 * kCount);
  }
}

TEST_CASE("row tree: readers miss nothing that was there when they began", "[memtable]") {
  // Goal: no reader loses a row to a split or to a new root. Method: one thread adds keys and says how many;
  // others walk and look up, and compare with what they were told before they began.
  constexpr uint64_t kCount = 4000;
  for (const Pattern& pattern : Patterns()) {
    if (pattern.name == std::string("prefixes of one another")) continue;  // repeats keys
    if (pattern.name == std::string("prefixes that break off")) continue;
    INFO(pattern.name);
    std::vector<std::string> keys;
    for (uint64_t i = 0; i < kCount; ++i) keys.push_back(pattern.key(i, kCount));
    Arena arena;
    RowTree tree;
    std::atomic<uint64_t> added{0};
    std::atomic<uint64_t> faults{0};
    const auto read = [&](bool reverse) {
      Random random(reverse ? 1 : 2);
      for (uint64_t known = 0; known < kCount;) {
        known = added.load();
        if (known == 0) continue;
        for (int i = 0; i < 50; ++i) faults += tree.Find(keys[random.Uniform(known)]) == nullptr;
        const std::vector<std::string> seen = Walk(tree, reverse);
        if (reverse ? !std::is_sorted(seen.rbegin(), seen.rend()) : !std::is_sorted(seen.begin(), seen.end()))
          ++faults;
        std::set<std::string> left(keys.begin(), keys.begin() + static_cast<ptrdiff_t>(known));
        for (const std::string& key : seen) left.erase(key);
        faults += left.size();
      }
    };
    std::thread forward(read, false);
    std::thread backward(read, true);
    for (uint64_t i = 0; i < kCount; ++i) {
      tree.Add(keys[i], RowWrite{}, &arena);
      added.store(i + 1);
    }
    forward.join();
    backward.join();
    REQUIRE(faults.load() == 0);
  }
}

/// What was written about a row.
struct Written {
  uint64_t sequence = 0;       // the greatest
  uint64_t life_sequence = 0;  // of what gave life
  uint32_t life_watch = 0;     // when that was
};

/// Whether `found` is right: nothing that a watch must find stands before it, and something was written about
/// it.
bool IsRight(const std::map<std::string, Written>& model, const StoredRow* found, std::string_view begin,
             std::string_view end, bool reverse, uint64_t after, uint32_t watch) {
  bool right = found == nullptr;
  for (const auto& [key, written] : model) {
    if (key < begin || key >= end) continue;
    if (found != nullptr && key == found->key()) right = written.sequence > after;
    const bool before = found == nullptr || (reverse ? key > found->key() : key < found->key());
    if (!before) continue;
    if (watch == 0 ? written.sequence > after : written.life_sequence > after && written.life_watch >= watch)
      return false;
  }
  return right;
}

TEST_CASE("a row tree knows where rows were given life") {
  // Goal: since a watch no row that was given life is passed over, whatever the order of keys; without one
  // the answer is exact. Method: random writes and deletions under rising watches, and random questions,
  // against a map.
  for (const Pattern& pattern : Patterns()) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      INFO(pattern.name << ", seed " << seed);
      Random random(seed);
      Arena arena;
      RowTree tree;
      std::map<std::string, Written> model;
      std::vector<std::string> keys;
      uint32_t watch = 0;
      constexpr uint64_t kCount = 700;
      for (uint64_t i = 0; i < kCount; ++i) {
        if (random.OneIn(i < 20 ? 3 : 40)) ++watch;
        const bool again = !keys.empty() && random.OneIn(4);
        keys.push_back(again ? keys[random.Uniform(keys.size())] : pattern.key(i, kCount));
        RowWrite write;
        write.sequence = i + 1;
        write.watch = watch;
        write.gives_life = !random.OneIn(3);
        tree.Add(keys.back(), write, &arena);
        Written& written = model[keys.back()];
        written.sequence = write.sequence;
        if (write.gives_life) {
          written.life_sequence = write.sequence;
          written.life_watch = watch;
        }
        if (i % 5 != 0 && i > 30) continue;
        const std::string end = random.OneIn(3) ? std::string(80, '\xff') : keys[random.Uniform(keys.size())];
        const std::string begin = random.OneIn(3) ? std::string() : keys[random.Uniform(keys.size())];
        const uint64_t after = random.Uniform(write.sequence + 1);
        const auto since = static_cast<uint32_t>(random.Uniform(watch + 2));
        for (const bool reverse : {false, true}) {
          const StoredRow* found = tree.FindWritten(begin, end, reverse, after, since);
          REQUIRE(IsRight(model, found, begin, end, reverse, after, since));
        }
      }
    }
  }
}

}  // namespace
}  // namespace stoa
