// Looks for files that lie under a deletion in another (compaction/covered.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "compaction/covered.h"
#include "engine/view.h"
#include "io/executor.h"

namespace stoa {

/// Of two files the one may be covered by the other.
struct FilePair {
  std::shared_ptr<SSTable> file;
  std::shared_ptr<SSTable> by;
};

/// The pairs of files of a table for which that is so (MayCover), and of which one is not among the numbers
/// `known`: files do not change, so a pair is looked at once.
std::vector<FilePair> PairsToLookAt(const TableView& table, const std::set<uint64_t>& known);

/// Looks at one pair in each step. A file that cannot be read covers nothing: whoever needs what is in it
/// says what is wrong.
class CoverSearch final : public Job {
 public:
  /// `done` is called at the end, once, with what was found; early once `abort` is set, which outlives it.
  CoverSearch(std::vector<FilePair> pairs, const std::atomic<bool>& abort,
              std::function<void(const std::vector<FileCover>&)> done)
      : pairs_(std::move(pairs)), abort_(abort), done_(std::move(done)) {}

  std::string_view name() const override { return "look for covered files"; }
  Progress Step() override;

 private:
  std::vector<FilePair> pairs_;
  const std::atomic<bool>& abort_;
  const std::function<void(const std::vector<FileCover>&)> done_;
  std::vector<FileCover> found_;
};

}  // namespace stoa
