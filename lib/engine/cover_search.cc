#include "engine/cover_search.h"

namespace stoa {

std::vector<FilePair> PairsToLookAt(const TableView& table, const std::set<uint64_t>& known) {
  std::vector<FilePair> pairs;
  for (const std::shared_ptr<SSTable>& file : table.sstables) {
    for (const std::shared_ptr<SSTable>& by : table.sstables) {
      const bool is_known = known.contains(file->metadata().number) && known.contains(by->metadata().number);
      if (!is_known && MayCover(by->metadata(), file->metadata())) pairs.push_back({file, by});
    }
  }
  return pairs;
}

Job::Progress CoverSearch::Step() {
  if (!pairs_.empty() && !abort_.load()) {
    const auto& [file, by] = pairs_.back();
    const absl::StatusOr<bool> covers = Covers(*by, file->metadata());
    if (covers.ok() && *covers) found_.push_back({file->metadata().number, by->metadata().number});
    pairs_.pop_back();
    return Progress::kMore;
  }
  pairs_.clear();
  done_(found_);
  return Progress::kDone;
}

}  // namespace stoa
