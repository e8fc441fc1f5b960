// Merges SSTables of one table and installs the result in their place.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "compaction/merge_task.h"
#include "engine/store.h"
#include "io/executor.h"

namespace stoa {

/// A step is one batch. The inputs stay in the view until the manifest edit that replaces them is durable.
class CompactionJob : public Job {
 public:
  struct Outcome {
    absl::Status status;
    uint64_t bytes_read = 0;
    uint64_t bytes_written = 0;
  };
  /// `inputs` are numbers of SSTables of the table. `done` is called at the end, once.
  CompactionJob(Store& store, TableId table, std::vector<uint64_t> inputs, const std::atomic<bool>& abort,
                std::function<void(const Outcome&)> done);

  std::string_view name() const override { return "compaction"; }
  Progress Step() override;

 private:
  absl::StatusOr<bool> Advance();
  absl::Status Start();
  absl::Status InstallOutput();
  /// Empty when the view no longer has all inputs.
  std::vector<std::shared_ptr<SSTable>> FindInputs(const View& view) const;

  Store& store_;
  const TableId table_;
  const std::vector<uint64_t> input_numbers_;
  const std::atomic<bool>& abort_;
  const std::function<void(const Outcome&)> done_;

  bool started_ = false;
  std::vector<std::shared_ptr<SSTable>> inputs_;
  std::unique_ptr<MergeTask> task_;
  Outcome outcome_;
};

}  // namespace stoa
