#include "compaction/survey.h"

#include <algorithm>
#include <map>

#include <absl/strings/str_format.h>

#include "base/strings.h"
#include "compaction/garbage.h"
#include "compaction/overlap.h"
#include "compaction/shards.h"
#include "compaction/windows.h"
#include "types/date_time.h"

namespace stoa {
namespace {

LevelSurvey SurveyLevel(int level, const Files& files, const Levels& levels) {
  LevelSurvey survey;
  survey.level = level;
  survey.density_from = level == 0 ? 0 : levels.EndOf(level - 1);
  survey.density_to = levels.EndOf(level);
  survey.files = files.size();
  survey.bytes = BytesOf(files);
  survey.depth = Deepest(files).size();
  survey.threshold = levels.Threshold(level);
  return survey;
}

WindowSurvey SurveyWindow(int64_t window, const Files& files, const CompactionState& state,
                          const std::map<const SSTableMetadata*, double>& densities) {
  const int64_t seconds = state.options->window_seconds;
  WindowSurvey survey;
  survey.start_seconds = window * seconds;
  survey.is_over = IsWindowOver(window, seconds, state.now_seconds);
  survey.files = files.size();
  survey.bytes = BytesOf(files);
  survey.depth = Deepest(files).size();
  if (survey.is_over) return survey;
  const Levels levels(*ParseScalingParameters(state.options->scaling_parameters), state.base_bytes);
  std::map<int, Files> by_level;
  for (const SSTableMetadata* file : files) by_level[levels.LevelOf(densities.at(file))].push_back(file);
  for (const auto& [level, on_level] : by_level)
    survey.levels.push_back(SurveyLevel(level, on_level, levels));
  return survey;
}

std::string DescribeLevels(const std::vector<LevelSurvey>& levels) {
  std::string text = absl::StrFormat("    %5s %16s %16s %6s %16s %8s %10s\n", "level", "density from", "to",
                                     "files", "bytes", "deepest", "threshold");
  for (const LevelSurvey& level : levels) {
    text += absl::StrFormat("    %5d %16.0f %16.0f %6d %16d %8d %10d\n", level.level, level.density_from,
                            level.density_to, level.files, level.bytes, level.depth, level.threshold);
  }
  return text;
}

}  // namespace

TableSurvey SurveyTable(const CompactionState& state) {
  TableSurvey survey;
  survey.files = state.files.size();
  survey.bytes = BytesOf(state.files);
  survey.depth = Deepest(state.files).size();
  if (state.files.empty()) return survey;
  survey.shards = ShardCount(*state.options, static_cast<double>(survey.bytes));

  double rows = 0, garbage = 0;
  for (const SSTableMetadata* file : state.files) {
    rows += static_cast<double>(std::max(file->row_count, uint64_t{1}));
    garbage += GarbageRows(*file, state.now_seconds, state.now_seconds - state.gc_grace_seconds);
  }
  survey.droppable_ratio = garbage / rows;

  const std::vector<double> all = Densities(state.files);
  std::map<const SSTableMetadata*, double> densities;
  for (size_t i = 0; i < all.size(); ++i) densities[state.files[i]] = all[i];
  double left = 0;
  for (const auto& [window, files] : ByWindow(state.files, state.options->window_seconds)) {
    survey.windows.push_back(SurveyWindow(window, files, state, densities));
    for (const Files& group : OverlapGroups(files)) left += DensestRun(group);
  }
  survey.space_amplification = static_cast<double>(survey.bytes) / left;
  return survey;
}

std::string DescribeSurvey(const TableSurvey& survey, const CompactionOptions& options) {
  std::string text = StrCat("  compaction ", options.ToString(), "\n");
  if (survey.files == 0) return text;
  text += absl::StrFormat(
      "  %d files with %d bytes, at most %d over each other; merged whole they would be cut into %d shards\n"
      "  droppable: %.1f %% of rows; space amplification: %.2f\n",
      survey.files, survey.bytes, survey.depth, survey.shards, 100 * survey.droppable_ratio,
      survey.space_amplification);
  for (const WindowSurvey& window : survey.windows) {
    if (options.window_seconds != 0) {
      text += StrCat("  window from ", FormatTimestamp(Timestamp{window.start_seconds * 1000}), ": ",
                     window.files, " files with ", window.bytes, " bytes, at most ", window.depth,
                     " over each other", window.is_over ? "; over" : "", "\n");
    }
    if (!window.levels.empty()) text += DescribeLevels(window.levels);
  }
  return text;
}

}  // namespace stoa
