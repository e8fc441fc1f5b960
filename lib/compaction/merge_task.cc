#include "compaction/merge_task.h"

#include <utility>

#include "base/status_macros.h"
#include "read/merge_source.h"

namespace stoa {

absl::StatusOr<std::unique_ptr<MergeTask>> MergeTask::Create(Directory& directory, const Input& input,
                                                             const std::vector<OpenSource>& sources) {
  STOA_ASSIGN_OR_RETURN(std::unique_ptr<SSTableWriter> writer,
                        SSTableWriter::Create(directory, *input.schema, input.writer));
  std::unique_ptr<MergeTask> task(new MergeTask(std::move(writer)));
  task->spec_.projection = &task->writer_->projection();
  task->spec_.budget = input.budget;
  std::vector<std::unique_ptr<RowSource>> opened;
  opened.reserve(sources.size());
  for (const OpenSource& open : sources) opened.push_back(open(task->spec_));
  task->merged_ = NewPurgeFilter(NewMergeSource(std::move(opened), task->spec_), task->spec_, input.purge);
  return task;
}

absl::StatusOr<bool> MergeTask::Step() {
  RowBatch batch;
  STOA_ASSIGN_OR_RETURN(const bool more, merged_->Next(&batch));
  if (more) {
    STOA_RETURN_IF_ERROR(writer_->Add(batch));
    return false;
  }
  if (!writer_->empty()) {
    STOA_ASSIGN_OR_RETURN(output_, writer_->Finish());
  }
  merged_.reset();
  writer_.reset();
  return true;
}

}  // namespace stoa
