// Chooses what to merge: a pure function of the files, the options and the time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include <stoa/compaction_options.h>
#include <stoa/listener.h>

#include "compaction/covered.h"
#include "compaction/density.h"
#include "data/source_bounds.h"

namespace stoa {

/// What is known of a table when something is to be chosen. Views.
struct CompactionState {
  /// Of a table with these options, which outlive it; nothing is busy and nothing in memory.
  static CompactionState Of(Files files, const TableOptions& options, int64_t now_seconds, double base_bytes);

  Files files;
  std::set<uint64_t> busy;            ///< numbers of the files that are being merged
  std::vector<FileCover> covers;      ///< as far as is known; may name files that are gone
  std::map<uint64_t, uint64_t> dead;  ///< by number of file, what reads stepped over (SSTable::dead)
  std::vector<TimeBounds> memtables;  ///< of what is not in files yet
  const CompactionOptions* options = nullptr;
  int64_t now_seconds = 0;
  int64_t gc_grace_seconds = 0;
  int64_t delete_persistence_seconds = 0;
  /// About the size of a flushed file (Levels).
  double base_bytes = 1 << 20;
};

struct CompactionPlan {
  CompactionReason reason = CompactionReason::kWanted;
  std::vector<uint64_t> inputs;  ///< numbers of files
  bool drop = false;             ///< the files go without being read
  double output_density = 0;     ///< decides how many files it becomes (ShardCount)
};

/// The most urgent thing to do, none when nothing needs doing. Never names a busy file.
std::optional<CompactionPlan> PickCompaction(const CompactionState& state);

/// The plan to merge all `inputs`, which are files of the state.
CompactionPlan PlanMerge(const CompactionState& state, const Files& inputs, CompactionReason reason);

/// Whether a deadline for deletions wants everything in memory to be flushed and its log to go, so that
/// merges can carry them out in time.
bool NeedsFlush(const CompactionState& state);

/// When to ask again even if no file is added until then, because time alone may give work to do, in seconds
/// since 1970; none if it will not.
std::optional<int64_t> NextLook(const CompactionState& state);

}  // namespace stoa
