#include "sstable/block_index_page.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "io/random.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

std::string RandomBytes(Random* random, size_t length_max, int alphabet) {
  std::string bytes;
  const size_t length = random->Uniform(length_max + 1);
  for (size_t i = 0; i < length; ++i) bytes.push_back(static_cast<char>(random->Uniform(alphabet)));
  return bytes;
}

/// Tokens from `tokens` values, so that few values make many equal ones.
Position RandomPosition(Random* random, uint64_t tokens) {
  Position position;
  position.token = random->Uniform(tokens) * (~uint64_t{0} / tokens);
  if (!random->OneIn(4)) position.key = RandomBytes(random, 3, 2);
  if (!random->OneIn(4)) position.clustering = RandomBytes(random, 4, 3);
  return position;
}

TEST_CASE("a separator lies between its neighbours and is no longer than needed") {
  // Goal: the one property that searching depends on. Method: random pairs of positions that share much.
  Random random(1);
  for (int i = 0; i < 20000; ++i) {
    Position before = RandomPosition(&random, 3), first = RandomPosition(&random, 3);
    if (before == first) continue;
    if (first < before) std::swap(before, first);
    const Position separator = ShortestSeparator(before, first);
    REQUIRE(before < separator);
    REQUIRE(separator <= first);
    if (before.token != first.token) REQUIRE((separator.key.empty() && separator.clustering.empty()));
    if (before.key != first.key) REQUIRE(separator.clustering.empty());
  }
}

TEST_CASE("index pages find the block of a position whatever the tokens are") {
  // Goal: search equals a linear search, for hashes, for a few tokens shared by many entries as an attacker
  // would make them, for all tokens equal, and for tokens crowded at one end. Method: random pages, random
  // positions, and the separators themselves.
  Random random(2);
  for (const uint64_t tokens : {uint64_t{1}, uint64_t{2}, uint64_t{9}, uint64_t{1000}, uint64_t{1} << 40}) {
    for (int round = 0; round < 60; ++round) {
      std::vector<Position> separators;
      const uint64_t count = 1 + random.Uniform(round % 2 == 0 ? 10 : 500);
      for (uint64_t i = 0; i < count; ++i) separators.push_back(RandomPosition(&random, tokens));
      if (round % 3 == 0) {
        for (Position& separator : separators) separator.token >>= random.Uniform(60);
      }
      std::sort(separators.begin(), separators.end());
      separators.erase(std::unique(separators.begin(), separators.end()), separators.end());

      IndexPageBuilder builder;
      for (const Position& separator : separators) builder.Add(separator, BlockIndexEntry(), {});
      std::string bytes;
      builder.Finish({}, &bytes);
      REQUIRE(builder.empty());
      IndexPage page;
      std::string_view rest = bytes;
      REQUIRE_OK(page.Parse(&rest));
      REQUIRE(rest.empty());
      REQUIRE(page.entry_count() == separators.size());

      const auto check = [&](const Position& position) {
        const auto after = std::upper_bound(separators.begin(), separators.end(), position);
        REQUIRE(page.FindLast(position) == after - separators.begin() - 1);
      };
      for (size_t i = 0; i < separators.size(); ++i) {
        REQUIRE(page.Separator(static_cast<uint32_t>(i)) == separators[i].view());
        check(separators[i]);
        Position near = separators[i];
        near.clustering.push_back('\0');
        check(near);
        near = separators[i];
        ++near.token;
        check(near);
      }
      for (int i = 0; i < 100; ++i) check(RandomPosition(&random, tokens));
    }
  }
}

TEST_CASE("index pages keep what is known of blocks") {
  // Goal: entries and open range deletions come back as they went in, totals cover them. Method: random
  // entries.
  Random random(3);
  IndexPageBuilder builder;
  std::vector<BlockIndexEntry> entries;
  std::vector<DeletionTime> opens;
  BlockIndexEntry total;
  for (uint64_t i = 0; i < 300; ++i) {
    BlockIndexEntry entry;
    entry.range = FileRange{random.Next(), random.Next()};
    entry.rows = random.Uniform(5000);
    entry.min_timestamp = static_cast<int64_t>(random.Next());
    entry.max_timestamp = static_cast<int64_t>(random.Next());
    entry.max_local_time = static_cast<int64_t>(random.Next());
    entry.flags = static_cast<uint8_t>(random.Uniform(index_flags::kAll + 1));
    entries.push_back(entry);
    opens.push_back(random.OneIn(4) ? DeletionTime{static_cast<int64_t>(i), 5} : DeletionTime{});
    total.AddTotals(entry);
    Position separator;
    separator.token = i;
    builder.Add(separator, entry, opens.back());
  }
  opens.push_back(DeletionTime{99, 98});
  REQUIRE(builder.total() == total);
  std::string bytes;
  builder.Finish(opens.back(), &bytes);
  IndexPage page;
  std::string_view rest = bytes;
  REQUIRE_OK(page.Parse(&rest));
  for (uint32_t i = 0; i < entries.size(); ++i) REQUIRE(page.Entry(i) == entries[i]);
  for (uint32_t i = 0; i <= entries.size(); ++i) REQUIRE(page.OpenAt(i) == opens[i]);
}

TEST_CASE("damaged index pages are refused or harmless") {
  // Goal: bytes with a valid checksum but senseless content never lead outside of them. Method: every byte of
  // a page changed, every length cut; what is not refused is used in full, under the sanitizers.
  Random random(4);
  IndexPageBuilder builder;
  for (uint64_t i = 0; i < 20; ++i) {
    Position separator;
    separator.token = i / 3;
    separator.key = i % 3 == 0 ? "" : "key";
    separator.clustering = std::string(i % 3, 'x');
    builder.Add(separator, BlockIndexEntry(), i % 5 == 0 ? DeletionTime{1, 1} : DeletionTime{});
  }
  std::string bytes;
  builder.Finish({}, &bytes);
  const auto use = [&](std::string_view damaged) {
    IndexPage page;
    if (!page.Parse(&damaged).ok()) return;
    for (uint32_t i = 0; i < page.entry_count(); ++i) {
      (void)page.Entry(i);
      (void)page.FindLast(page.Separator(i));
      (void)page.OpenAt(i);
    }
    for (int i = 0; i < 20; ++i) REQUIRE(page.FindLast(RandomPosition(&random, 8)) < page.entry_count());
  };
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0, 1, 127, 255}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(value);
      use(damaged);
    }
    use(std::string_view(bytes).substr(0, at));
  }
}

TEST_CASE("an index page whose groups do not ascend is refused") {
  // Goal: what cannot be searched is not. Method: a page of two groups, whose tokens are exchanged or made
  // equal.
  IndexPageBuilder builder;
  builder.Add(PositionView{1, "", {}}, BlockIndexEntry(), {});
  builder.Add(PositionView{2, "", {}}, BlockIndexEntry(), {});
  std::string bytes;
  builder.Finish({}, &bytes);
  constexpr size_t kTokensAt = 20;
  for (const auto& [first, second] : {std::pair{1, 2}, std::pair{2, 1}, std::pair{2, 2}}) {
    bytes[kTokensAt] = static_cast<char>(first);
    bytes[kTokensAt + 8] = static_cast<char>(second);
    std::string_view rest = bytes;
    CHECK(IndexPage().Parse(&rest).ok() == (first < second));
  }
}

}  // namespace
}  // namespace stoa
