#include "compaction/density.h"

#include <cmath>

#include "compaction/overlap.h"
#include "compaction/shards.h"
#include "compaction/test_files.h"
#include "support/catch.h"

namespace stoa {
namespace {

bool IsAbout(double value, double expected) { return std::abs(value - expected) <= expected / 100; }

// Goal: a piece of a run is as dense as the run, wherever the table was cut. Method: a run in four shards
// below a file that covers all, then one partition in pieces.
TEST_CASE("pieces of a run are as dense as the run") {
  TestFiles files;
  files.AddWhole(10 * kMebibyte);
  for (int i = 0; i < 4; ++i) files.Add(i / 4.0, (i + 1) / 4.0 - 1e-9, 250 * kMebibyte);
  std::vector<double> densities = Densities(files.all());
  CHECK(IsAbout(densities[0], 10 * kMebibyte));
  for (size_t i = 1; i < 5; ++i) CHECK(IsAbout(densities[i], 1000 * kMebibyte));

  TestFiles rows;
  for (int i = 0; i < 10; ++i) rows.AddRows(10 * i, 10 * i + 9, 100 * kMebibyte);
  rows.AddRows(0, 99, 10 * kMebibyte);
  densities = Densities(rows.all());
  CHECK(IsAbout(densities[10], 10 * kMebibyte));
  for (size_t i = 0; i < 10; ++i) {
    CHECK(densities[i] > 900 * kMebibyte);
    CHECK(densities[i] < 1100 * kMebibyte);
  }
}

// Goal: a file that covers a part of the table belongs beside what is as full there. Method: a tenth, as
// large as a tenth of a run.
TEST_CASE("a file of a part of the table counts as if it were of all") {
  TestFiles files;
  files.AddWhole(1000 * kMebibyte);
  files.Add(0.2, 0.3, 100 * kMebibyte);
  const std::vector<double> densities = Densities(files.all());
  CHECK(IsAbout(densities[1], 100.0 * kMebibyte * 1100 / 200));
}

// Goal: levels follow the scaling parameters. Method: both sides of bounds.
TEST_CASE("levels") {
  const Levels tiered({2}, 1000);
  CHECK((tiered.LevelOf(0) == 0 && tiered.LevelOf(3999) == 0 && tiered.LevelOf(4000) == 1));
  CHECK((tiered.LevelOf(15'999) == 1 && tiered.LevelOf(16'000) == 2));
  CHECK((tiered.Threshold(0) == 4 && tiered.Fanout(7) == 4));

  const Levels mixed({2, 0, -8}, 1000);  // T4, N, L10
  CHECK((mixed.LevelOf(3999) == 0 && mixed.LevelOf(7999) == 1 && mixed.LevelOf(79'999) == 2));
  CHECK((mixed.LevelOf(80'000) == 3 && mixed.LevelOf(800'000) == 4));
  CHECK((mixed.Threshold(1) == 2 && mixed.Fanout(1) == 2));
  CHECK((mixed.Threshold(2) == 2 && mixed.Fanout(2) == 10 && mixed.Fanout(9) == 10));
}

// Goal: cuts of one density are cuts of greater ones. Method: Cassandra's defaults over all densities.
TEST_CASE("shards") {
  const CompactionOptions options;
  CHECK(ShardCount(options, 0) == 1);
  CHECK(ShardCount(options, 199.0 * kMebibyte) == 1);
  CHECK(ShardCount(options, 200.0 * kMebibyte) == 2);
  CHECK(ShardCount(options, 400.0 * kMebibyte) == 4);
  CHECK(ShardCount(options, 4096.0 * kMebibyte) == 4);
  CHECK(ShardCount(options, 64.0 * 4096 * kMebibyte) == 64);
  uint32_t before = 1;
  for (double density = 1; density < 1e18; density *= 1.1) {
    const uint32_t count = ShardCount(options, density);
    CHECK(count % before == 0);
    before = count;
  }
  for (const uint32_t shards : {1u, 2u, 3u, 4u, 5u, 12u, 1000u}) {
    const std::vector<uint64_t> starts = ShardStarts(shards);
    CHECK(ShardOf(shards, UINT64_MAX) == shards - 1);
    for (uint32_t i = 0; i < shards; ++i) {
      CHECK(ShardOf(shards, starts[i]) == i);
      if (i > 0) CHECK(ShardOf(shards, starts[i] - 1) == i - 1);
    }
  }
  CHECK(ShardStarts(1) == std::vector<uint64_t>{0});
  CHECK(ShardStarts(4) == std::vector<uint64_t>{0, uint64_t{1} << 62, uint64_t{1} << 63, uint64_t{3} << 62});
}

// Goal: what lies over each other is found. Method: files by hand; touching ends overlap.
TEST_CASE("overlaps") {
  TestFiles files;
  files.Add(0.0, 0.5, 1);
  files.Add(0.4, 0.6, 2);
  files.Add(0.45, 0.47, 3);
  files.Add(0.7, 0.8, 4);
  files.Add(0.8, 0.9, 5);
  const Files all = files.all();
  CHECK(Deepest(all) == Files{all[0], all[1], all[2]});
  CHECK(OverlapGroups(all) == std::vector<Files>{{all[0], all[1], all[2]}, {all[3], all[4]}});
  CHECK(Deepest({}).empty());
  CHECK(OverlapGroups({}).empty());
}

}  // namespace
}  // namespace stoa
