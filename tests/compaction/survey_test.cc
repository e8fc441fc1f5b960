#include "compaction/survey.h"

#include <cmath>

#include "compaction/test_files.h"
#include "support/catch.h"

namespace stoa {
namespace {

constexpr int64_t kNow = 1'000'000;

class SurveyTest {
 public:
  TestFiles files;
  CompactionOptions options;
  CompactionState state;

  SurveyTest() {
    state.options = &options;
    state.now_seconds = kNow;
    state.gc_grace_seconds = 1000;
    state.base_bytes = static_cast<double>(kMebibyte);
  }
  TableSurvey Survey() {
    state.files = files.all();
    return SurveyTable(state);
  }
};

bool IsAbout(double value, double expected) { return std::abs(value - expected) <= expected / 100; }

}  // namespace

// Goal: levels are those that the picker goes by. Method: files on two of them, one step below the threshold.
TEST_CASE("a survey has the levels of the picker") {
  SurveyTest test;
  CHECK(test.Survey().files == 0);
  CHECK(test.Survey().windows.empty());
  test.files.AddWhole(100 * kMebibyte);
  for (int i = 0; i < 3; ++i) test.files.AddWhole(2 * kMebibyte);
  test.files.Add(0.9, 0.95, kMebibyte / 10);
  const TableSurvey survey = test.Survey();
  CHECK((survey.files == 5 && survey.depth == 5 && survey.shards == 1));
  CHECK(survey.bytes == 106 * kMebibyte + kMebibyte / 10);
  REQUIRE(survey.windows.size() == 1);
  const std::vector<LevelSurvey>& levels = survey.windows[0].levels;
  REQUIRE(levels.size() == 2);
  CHECK((levels[0].level == 0 && levels[0].files == 4 && levels[0].depth == 4 && levels[0].threshold == 4));
  CHECK((levels[0].density_from == 0 && levels[0].density_to == 4.0 * kMebibyte));
  CHECK((levels[1].level == 3 && levels[1].files == 1 && levels[1].bytes == 100 * kMebibyte));
  CHECK((levels[1].density_from == 64.0 * kMebibyte && levels[1].density_to == 256.0 * kMebibyte));
  // What it calls a threshold makes the picker merge.
  REQUIRE(PickCompaction(test.state).has_value());
  CHECK(PickCompaction(test.state)->inputs.size() == 4);
  const std::string text = DescribeSurvey(survey, test.options);
  CHECK(text.find("'scaling_parameters': 'T4'") != std::string::npos);
  CHECK(text.find("5 files with ") != std::string::npos);
}

// Goal: space amplification is 1 where nothing lies over anything, and counts shards by themselves. Method: a
// run in two shards, then one of them a second time.
TEST_CASE("space amplification by survey") {
  SurveyTest test;
  test.files.Add(0, 0.499, 100 * kMebibyte);
  test.files.Add(0.5, 1, 300 * kMebibyte);
  CHECK(IsAbout(test.Survey().space_amplification, 1));
  test.files.Add(0, 0.499, 100 * kMebibyte);
  CHECK(IsAbout(test.Survey().space_amplification, 500.0 / 400));
  CHECK(test.Survey().depth == 2);
}

// Goal: what could be forgotten is a share of all rows. Method: one file with tombstones, old enough and not.
TEST_CASE("droppable rows by survey") {
  SurveyTest test;
  test.files.AddWhole(kMebibyte);
  SSTableMetadata& file = test.files.AddWhole(kMebibyte);
  file.tombstone_count = file.row_count / 2;
  file.bounds.times.AddDeletion(DeletionTime{1, kNow - 3000});
  file.bounds.times.max_local_time = kNow - 2000;
  CHECK(IsAbout(test.Survey().droppable_ratio, 0.25));
  test.state.gc_grace_seconds = 4000;
  CHECK(test.Survey().droppable_ratio == 0);
}

// Goal: windows are apart, one that is over has no levels. Method: two windows that do not end together.
TEST_CASE("windows by survey") {
  SurveyTest test;
  test.options.window_seconds = 1000;
  for (const int64_t second : {kNow - 1500, kNow - 1200, kNow + 10}) {
    SSTableMetadata& file = test.files.AddWhole(kMebibyte);
    file.bounds.times.max_timestamp = second * 1'000'000;
  }
  const TableSurvey survey = test.Survey();
  REQUIRE(survey.windows.size() == 2);
  CHECK((survey.windows[0].is_over && survey.windows[0].files == 2 && survey.windows[0].depth == 2));
  CHECK(survey.windows[0].start_seconds == kNow - 2000);
  CHECK(survey.windows[0].levels.empty());
  CHECK((!survey.windows[1].is_over && survey.windows[1].levels.size() == 1));
  CHECK(IsAbout(survey.space_amplification, 1.5));
  const std::string text = DescribeSurvey(survey, test.options);
  CHECK(text.find("window from '1970-01-12") != std::string::npos);
}

}  // namespace stoa
