// Merges SSTables of one table and installs the result in their place.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "compaction/merge_task.h"
#include "compaction/picker.h"
#include "engine/outside_sources.h"
#include "engine/store.h"
#include "io/executor.h"

namespace stoa {

/// One merge, by plan. Its output is cut into shards (compaction/shards.h); jobs take one shard after
/// another, so that as many threads as there are jobs take part. The job that finds nothing left to take, and
/// no other still at work, installs all of it by one manifest edit. The inputs stay in the view until that is
/// durable. Thread-safe.
class Compaction {
 public:
  struct Outcome {
    absl::Status status;
    uint64_t bytes_read = 0;
    uint64_t bytes_written = 0;
  };
  /// `done` is called at the end, once.
  Compaction(Store& store, TableId table, CompactionPlan plan, const std::atomic<bool>& abort,
             std::function<void(const CompactionPlan&, const Outcome&)> done);

  /// Schedules the jobs; `threads` is how many could take part.
  static void Start(std::unique_ptr<Compaction> compaction, size_t threads);

 private:
  class ShardJob;

  struct Shard {
    PositionRange range;
    std::vector<SSTableMetadata> outputs;
  };
  /// A shard to merge, with its task; none left: null.
  struct Work {
    Shard* shard = nullptr;
    std::unique_ptr<MergeTask> task;
  };

  absl::StatusOr<Work> TakeShard() ABSL_LOCKS_EXCLUDED(mutex_);
  /// A job will take no more. The last one finishes.
  void Leave(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  void Prepare() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::unique_ptr<MergeTask>> NewTask(const Shard& shard) const;
  absl::Status Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Install(const std::vector<std::shared_ptr<SSTable>>& outputs);
  void RemoveOutputs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  /// Empty when the view no longer has all inputs.
  std::vector<std::shared_ptr<SSTable>> FindInputs(const View& view) const;

  Store& store_;
  const TableId table_;
  const CompactionPlan plan_;
  const std::atomic<bool>& abort_;
  const std::function<void(const CompactionPlan&, const Outcome&)> done_;

  Mutex mutex_;
  size_t jobs_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t next_shard_ ABSL_GUARDED_BY(mutex_) = 0;
  Outcome outcome_ ABSL_GUARDED_BY(mutex_);
  /// After Prepare these do not change, but for the outputs of a shard, which its job writes.
  std::vector<std::shared_ptr<SSTable>> inputs_;
  Table schema_;
  PurgeRules purge_;
  std::vector<Shard> shards_;
};

}  // namespace stoa
