// What a table's files look like to compaction, for people: levels, windows, and by how much they exceed what
// is wanted of them. A pure function of what the picker chooses by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "compaction/picker.h"

namespace stoa {

/// Files of about one density. Levels without files are left out.
struct LevelSurvey {
  int level = 0;
  /// The densities of the level, in bytes: from, included, to, excluded.
  double density_from = 0, density_to = 0;
  size_t files = 0;
  uint64_t bytes = 0;
  size_t depth = 0;      ///< the most files over each other
  size_t threshold = 0;  ///< a depth of this makes them be merged
};

/// The files of a time window; of the whole table if it has no windows.
struct WindowSurvey {
  int64_t start_seconds = 0;  ///< since 1970
  bool is_over = false;       ///< then it is one level, of all densities
  size_t files = 0;
  uint64_t bytes = 0;
  size_t depth = 0;
  std::vector<LevelSurvey> levels;  ///< the lowest first
};

struct TableSurvey {
  std::vector<WindowSurvey> windows;  ///< the oldest first; none without files
  size_t files = 0;
  uint64_t bytes = 0;
  /// The most files over each other: as many as a read may have to look into.
  size_t depth = 0;
  /// Into so many shards a merge of everything would cut the table, if nothing could be dropped.
  uint32_t shards = 0;
  /// About what share of the rows are tombstones or have expired, and are old enough to be forgotten; 0 to 1.
  double droppable_ratio = 0;
  /// How many times larger the files are than what would be left of them, as far as is known: than the
  /// densest run of those that lie over each other. 1 for a table that is merged; 0 without files.
  double space_amplification = 0;
};

/// Looks at the files, options and times of `state`, whether files are busy or not. Takes time quadratic in
/// the number of files.
TableSurvey SurveyTable(const CompactionState& state);

/// `survey` as lines of text, each beginning with two spaces. The options are those that it was made with.
std::string DescribeSurvey(const TableSurvey& survey, const CompactionOptions& options);

}  // namespace stoa
