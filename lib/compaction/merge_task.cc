#include "compaction/merge_task.h"

#include <utility>

#include "base/status_macros.h"
#include "read/merge_source.h"

namespace stoa {
namespace {

/// Of the first that the batch has: the start of a partition, a range-change or a row.
PositionView FirstPosition(const RowBatch& batch) {
  const PartitionRun& run = batch.runs.front();
  if (run.starts) return {run.token, run.key, {}};
  const bool is_change = !batch.changes.empty() && batch.changes.front().row == batch.begin;
  return {run.token, run.key, is_change ? batch.changes.front().bound : batch.first_clustering};
}

}  // namespace

MergeTask::MergeTask(Directory& directory, const Input& input)
    : directory_(directory),
      input_(input),
      projection_(SSTableWriter::ProjectionOf(*input.schema)),
      file_bytes_max_(input.file_bytes_max),
      reached_(input.range.start) {
  spec_.range = input_.range;
  spec_.projection = &projection_;
  spec_.budget = input_.budget;
}

absl::StatusOr<std::unique_ptr<MergeTask>> MergeTask::Create(Directory& directory, const Input& input,
                                                             const std::vector<OpenSource>& sources) {
  std::unique_ptr<MergeTask> task(new MergeTask(directory, input));
  std::vector<std::unique_ptr<RowSource>> opened;
  opened.reserve(sources.size());
  for (const OpenSource& open : sources) opened.push_back(open(task->spec_));
  task->merged_ =
      NewPurgeFilter(NewMergeSource(std::move(opened), task->spec_), task->spec_, task->input_.purge);
  return task;
}

absl::StatusOr<bool> MergeTask::Step() {
  RowBatch batch;
  STOA_ASSIGN_OR_RETURN(const bool more, merged_->Next(&batch));
  if (more) {
    STOA_RETURN_IF_ERROR(Add(batch));
    return false;
  }
  if (writer_ != nullptr) STOA_RETURN_IF_ERROR(FinishFile());
  merged_.reset();
  return true;
}

absl::Status MergeTask::Add(RowBatch& batch) {
  const bool nothing_open = batch.open_deletion.live() && batch.runs.front().deletion.live();
  if (writer_ != nullptr && nothing_open && writer_->file_bytes() >= file_bytes_max_) {
    reached_ = Position(FirstPosition(batch));
    STOA_RETURN_IF_ERROR(FinishFile());
  }
  if (writer_ != nullptr) return writer_->Add(batch);
  STOA_ASSIGN_OR_RETURN(writer_, SSTableWriter::Create(directory_, *input_.schema, input_.new_file()));
  // Of a partition that was cut every piece STARTs, as if it were all.
  runs_.assign(batch.runs.begin(), batch.runs.end());
  runs_.front().starts = true;
  batch.runs = runs_;
  return writer_->Add(batch);
}

absl::Status MergeTask::FinishFile() {
  STOA_ASSIGN_OR_RETURN(SSTableMetadata metadata, writer_->Finish());
  finished_bytes_ += metadata.file_bytes;
  copied_bytes_ += writer_->copied_bytes();
  outputs_.push_back(std::move(metadata));
  writer_.reset();
  return absl::OkStatus();
}

}  // namespace stoa
