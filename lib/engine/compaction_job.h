// Merges SSTables of one table and installs the result in their place.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include <stoa/listener.h>

#include "compaction/merge_task.h"
#include "compaction/picker.h"
#include "engine/merge_throttle.h"
#include "engine/outside_sources.h"
#include "engine/store.h"
#include "engine/unfinished_merge.h"
#include "io/executor.h"

namespace stoa {

/// One merge, by plan. Its output is cut into shards (compaction/shards.h); jobs take one shard after
/// another, so that as many threads as there are jobs take part. The job that finds nothing left to take, and
/// no other still at work, installs all of it by one manifest edit. The inputs stay in the view until that is
/// durable. Until then the manifest notes what is finished, so that another opening can go on from there
/// (unfinished_merge.h). Thread-safe.
class Compaction {
 public:
  struct Outcome {
    absl::Status status;
    CompactionInfo info;  ///< no input files: they were gone before anything was done
  };
  /// What merges have in common. All of it outlives them.
  struct Context {
    const std::atomic<bool>& abort;
    /// Merges are to end as soon as what they have done is not lost: with the next piece that is noted, or
    /// because they are complete.
    const std::atomic<bool>& closing;
    MergeThrottle& throttle;
    /// Smaller pieces are not worth a note, unless the table wants small files.
    uint64_t piece_bytes = 0;
    Listener* listener = nullptr;  ///< told of beginning and progress; may be null
  };
  /// `id` tells it apart from others. The inputs of `plan` ascend. `pieces`: what is noted of the same merge
  /// as finished already. `done` is called at the end, once.
  Compaction(Store& store, uint64_t id, TableId table, CompactionPlan plan, std::vector<MergedPiece> pieces,
             const Context& context, std::function<void(const CompactionPlan&, const Outcome&)> done);

  /// Schedules the jobs; `threads` is how many could take part.
  static void Start(const std::shared_ptr<Compaction>& compaction, size_t threads);

  /// As it stands. To be called once Start has returned.
  CompactionInfo Info() const;

 private:
  class ShardJob;

  struct Shard {
    PositionRange range;
    std::vector<MergedPiece> pieces;  ///< finished, one beside the other from the beginning of the range
  };
  /// A shard to merge, with its task; none left: null.
  struct Work {
    Shard* shard = nullptr;
    std::unique_ptr<ReadStats> stats;  // of the sources of `task`
    std::unique_ptr<MergeTask> task;
    uint64_t bytes_read = 0, bytes_written = 0, bytes_copied = 0;  // counted by NoteProgress
  };

  /// Before the first step of each job.
  void Begin();
  absl::StatusOr<Work> TakeShard() ABSL_LOCKS_EXCLUDED(mutex_);
  /// Counts what the step just made has read and written.
  void NoteProgress(Work* work);
  /// Takes the file that the step has finished, if any. True if the manifest notes it from now on.
  bool TakePiece(const Work& work, bool complete) ABSL_LOCKS_EXCLUDED(mutex_);
  /// How long to wait before the next step, in microseconds.
  int64_t PauseMicros() const;
  /// Others wait for it, or it for a deadline: then it is not held to a rate.
  bool IsUrgent() const;
  /// A job will take no more. The last one finishes.
  void Leave(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  void Prepare() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<std::unique_ptr<MergeTask>> NewTask(const Shard& shard, ReadStats* stats) const;
  absl::Status Finish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Install(const std::vector<std::shared_ptr<SSTable>>& outputs);
  /// With all finished files, noted or not.
  UnfinishedMerge Finished() const;
  /// Empty when the view no longer has all inputs.
  std::vector<std::shared_ptr<SSTable>> FindInputs(const View& view) const;

  Store& store_;
  const TableId table_;
  const CompactionPlan plan_;
  const std::vector<MergedPiece> pieces_;
  const Context context_;
  const std::function<void(const CompactionPlan&, const Outcome&)> done_;

  std::atomic<bool> begun_{false};
  std::atomic<uint64_t> bytes_read_{0};
  std::atomic<uint64_t> bytes_written_{0};
  std::atomic<uint64_t> bytes_copied_{0};

  Mutex mutex_;
  size_t jobs_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t next_shard_ ABSL_GUARDED_BY(mutex_) = 0;
  Outcome outcome_ ABSL_GUARDED_BY(mutex_);
  /// After Prepare these do not change, but for the pieces of a shard, which its job adds.
  CompactionInfo info_;  // as it was at the beginning
  int64_t begin_micros_ = 0;
  std::vector<std::shared_ptr<SSTable>> inputs_;
  Table schema_;
  PurgeRules purge_;
  uint64_t piece_bytes_ = 0;
  std::vector<Shard> shards_;
};

}  // namespace stoa
