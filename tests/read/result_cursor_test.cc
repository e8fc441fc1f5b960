#include "read/result_cursor.h"

#include <algorithm>

#include "read/live_filter.h"
#include "read/merge_support.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

constexpr int64_t kNow = 1000;

/// Positions as text, one a line.
std::string Text(const Position& position) {
  return std::to_string(position.token) + " " + position.key + " " + position.clustering + "\n";
}

struct Fixture {
  explicit Fixture(uint64_t seed) : generator(seed) {
    const std::vector<RandomWrite> writes = generator.Writes(150);
    contents = Split(writes, 3, &generator.random());
    live = LiveAt(MergeOf(writes), kNow);
    options.batch_rows = static_cast<uint32_t>(1 + seed % 5);
    options.seed = seed;
  }

  ResultCursor Open(const PositionRange& range, const RowLimits& limits) {
    spec.range = range;
    spec.projection = &generator.projection();
    return ResultCursor(NewLiveFilter(NewMergeOf(contents, spec, options), spec, kNow), limits);
  }

  /// The rows under limits, by the plain definition.
  std::string Expected(uint64_t rows, uint64_t rows_per_partition) const {
    std::string out;
    for (const ContentPartition& partition : live) {
      for (size_t i = 0; i < std::min<uint64_t>(rows_per_partition, partition.rows.size()) && rows > 0;
           ++i, --rows) {
        out += Text(Position(PositionView{partition.token, partition.key, partition.rows[i].clustering}));
      }
    }
    return out;
  }

  RowGenerator generator;
  std::vector<Content> contents;
  Content live;
  VectorSourceOptions options;
  ScanSpec spec;
};

TEST_CASE("Limits hold row by row and run by run") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Fixture fixture(seed);
    for (const uint64_t rows : {uint64_t{0}, uint64_t{1}, uint64_t{7}, UINT64_MAX}) {
      for (const uint64_t per_partition : {uint64_t{1}, uint64_t{3}, UINT64_MAX}) {
        INFO("seed " << seed << " limits " << rows << ", " << per_partition);
        RowLimits limits;
        limits.rows = rows;
        limits.rows_per_partition = per_partition;
        std::string by_row;
        ResultCursor cursor = fixture.Open(Everything(), limits);
        while (ValueOf(cursor.Next())) by_row += Text(ValueOf(cursor.LastPosition()));
        CHECK(by_row == fixture.Expected(rows, per_partition));

        std::string by_run;
        ResultCursor runs = fixture.Open(Everything(), limits);
        ResultCursor::Run run{0, 0};
        while (ValueOf(runs.NextRun(&run))) {
          REQUIRE_OK(runs.batch().EnsureKeys());
          for (uint32_t row = run.first; row < run.end; ++row) {
            const PartitionRun& partition = runs.batch().runs[runs.batch().RunOf(row)];
            by_run +=
                Text(Position(PositionView{partition.token, partition.key, runs.batch().clustering[row]}));
          }
        }
        CHECK(by_run == by_row);
      }
    }
  }
}

// Reads page by page, each with a cursor that begins just after the last row of the page before.
TEST_CASE("Pages of every size make up the whole") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Fixture fixture(seed);
    for (const uint64_t per_partition : {uint64_t{2}, UINT64_MAX}) {
      for (uint64_t page = 1; page <= 20; ++page) {
        INFO("seed " << seed << " page size " << page);
        std::string all;
        Position start;
        RowLimits limits;
        limits.rows = page;
        limits.rows_per_partition = per_partition;
        for (bool more = true; more;) {
          PositionRange range;
          range.start = start.view();
          ResultCursor cursor = fixture.Open(range, limits);
          uint64_t rows = 0;
          Position last;
          for (; ValueOf(cursor.Next()); ++rows) {
            last = ValueOf(cursor.LastPosition());
            all += Text(last);
          }
          more = cursor.more();
          CHECK((more ? rows == page : rows <= page));
          limits.rows_of_first_partition = cursor.rows_of_partition();
          limits.first_partition_token = last.token;
          limits.first_partition_key = last.key;
          start = last;
          start.clustering.push_back('\0');
        }
        CHECK(all == fixture.Expected(UINT64_MAX, per_partition));
      }
    }
  }
}

}  // namespace
}  // namespace stoa::testing
