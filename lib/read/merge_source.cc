// How the merge works.
//
// Goal: sources mostly do not overlap where a reader is, so work should be done per run of rows, not per row,
// and nothing should be loaded or copied that one source alone decides about.
//
// Partitions come one after another. The inputs that hold the smallest partition are active in it. Of their
// heads the smallest is taken:
//
//  - Rows of one input that lie before all other heads are found by galloping. If no deletion in force (of
//  the
//    partition or of a range, of whatever input) reaches their batch's timestamps and none of them has a
//    deletion of its own, they are taken as they are: many as a narrowed batch that is passed through, few by
//    copying them to the builder together with their neighbours.
//  - Otherwise, and where several inputs hold the same row, rows go through the RowMerger one by one.
//  - A range-change changes what is open in its input; the strongest of what is open in all of them and not
//  shadowed by the
//    deletion of the partition is open in the output.
//
// An input that is alone in its partition may be so in many to come, so whole runs of partitions are taken in
// the same way.
//
// Where some rows are wanted that have columns of bytes, the builder does not copy what it is given of a
// batch but views it: such rows are often as large as a thousand bytes, and mostly nobody looks at all of
// them. So an input of which the builder views something must not go on to its next batch before what was
// built is handed over. Rows of words alone are few bytes, and who reads everything, like a merge of files,
// is better off with the longer batches that copying makes.
//
// Invariants between steps: every input that has not ended stands at a partition not before the current one;
// the inputs in active_ are those in it; open_ is what the output's reader believes to be open.
#include "read/merge_source.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "data/batch_builder.h"
#include "data/row_merger.h"
#include "read/merge_input.h"

namespace stoa {
namespace {

// From this many rows on a batch of their own costs less than adding them to one.
constexpr uint32_t kPassRowsMin = 128;

BatchBuilder::Bytes BytesOf(const ScanSpec& spec) {
  const bool any = std::any_of(spec.projection->begin(), spec.projection->end(),
                               [](const ProjectedColumn& column) { return column.word_bytes == 0; });
  return any && spec.rows_hint != 0 ? BatchBuilder::Bytes::kViewed : BatchBuilder::Bytes::kCopied;
}

class MergeSource final : public RowSource {
 public:
  MergeSource(std::vector<std::unique_ptr<RowSource>> sources, const ScanSpec& spec, uint64_t* dropped)
      : dropped_(dropped),
        bytes_(BytesOf(spec)),
        builder_(spec.projection, spec.budget, bytes_),
        merger_(spec.projection),
        rows_wanted_(spec.rows_hint == 0 ? kBatchRowsMax
                                         : std::clamp<uint32_t>(spec.rows_hint, 16, kBatchRowsMax)) {
    inputs_.reserve(sources.size());
    for (std::unique_ptr<RowSource>& source : sources) inputs_.emplace_back(std::move(source), spec.reverse);
    active_.reserve(inputs_.size());
    same_.reserve(inputs_.size());
  }

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (!error_.ok()) return error_;
    absl::StatusOr<bool> more = Produce(batch);
    if (!more.ok()) error_ = more.status();
    return more;
  }

  absl::Status SkipTo(const PositionView& position) override;

  absl::StatusOr<std::optional<Position>> NextPossibleMatch(const ColumnBounds& bounds,
                                                            const PositionView& from) override;

 private:
  enum class Step {
    kTaken,   ///< something was taken, or the partition left
    kNone,    ///< this way nothing can be taken
    kPassed,  ///< the batch is filled in
    kFlush,   ///< hand over what was built; what comes next is to be passed
  };

  absl::StatusOr<bool> Produce(RowBatch* batch);
  bool EnterPartition();
  void LeavePartition();
  absl::StatusOr<Step> TakeNext(RowBatch* batch);

  absl::StatusOr<Step> TakePlainRuns(MergeInput* input, RowBatch* batch);
  absl::StatusOr<Step> TakeRows(MergeInput* input, const MergeInput* limit, RowBatch* batch);
  absl::Status TakeRow();
  void TakeChanges();
  absl::StatusOr<Step> Pass(MergeInput* input, uint32_t end, size_t run_count, RowBatch* batch);
  bool ShouldPass(const MergeInput& input, uint32_t end) const;

  DeletionTime StrongestOpen() const;
  void AnnounceCovered();
  void EnsureRun();
  /// Something of the input's batch was added to the builder.
  void NoteAdded(MergeInput* input) const {
    if (bytes_ == BatchBuilder::Bytes::kViewed) input->Lend();
  }

  void CountDropped(uint32_t rows) {
    if (dropped_ != nullptr) *dropped_ += rows;
  }

  std::vector<MergeInput> inputs_;
  uint64_t* const dropped_;
  const BatchBuilder::Bytes bytes_;
  std::vector<MergeInput*> active_;
  std::vector<MergeInput*> same_;  // the active inputs with the smallest head
  BatchBuilder builder_;
  RowMerger merger_;
  uint32_t rows_wanted_;  // of the next batch
  absl::Status error_;

  // The current partition, or the one that was skipped to.
  bool in_partition_ = false;
  bool has_partition_ = false;
  uint64_t token_ = 0;
  std::string key_;
  DeletionTime deletion_;
  bool started_ = false;       // its START was handed over
  bool run_in_batch_ = false;  // builder_ has a run of it
  DeletionTime open_;

  std::vector<PartitionRun> passed_runs_;
};

absl::StatusOr<bool> MergeSource::Produce(RowBatch* batch) {
  for (MergeInput& input : inputs_) {
    input.EndLoan();
    STOA_RETURN_IF_ERROR(input.Fill());
  }
  if (!in_partition_ && !EnterPartition()) return false;
  if (!open_.live()) AnnounceCovered();
  builder_.Clear(open_);
  run_in_batch_ = false;
  while (!builder_.full() && builder_.row_count() < rows_wanted_) {
    if (!in_partition_ && !EnterPartition()) break;
    STOA_ASSIGN_OR_RETURN(const Step step, TakeNext(batch));
    if (step == Step::kPassed) return true;
    if (step == Step::kFlush) break;
  }
  rows_wanted_ = std::min(rows_wanted_ * 2, kBatchRowsMax);
  *batch = builder_.Finish();
  return !builder_.empty();
}

/// Makes the smallest partition the current one. False when there is none.
bool MergeSource::EnterPartition() {
  active_.clear();
  for (MergeInput& input : inputs_) {
    if (!input.any()) continue;
    const PartitionRun& run = input.partition();
    if (!active_.empty()) {
      const PartitionRun& least = active_.front()->partition();
      if (run.token > least.token || (run.token == least.token && run.key > least.key)) continue;
      if (run.token != least.token || run.key != least.key) active_.clear();
    }
    active_.push_back(&input);
  }
  // A partition that was skipped to the middle of stays current: it may have STARTed, and it may be that only
  // an input which has no more of it knew its deletion.
  const bool goes_on = has_partition_ && !active_.empty() && active_.front()->IsIn(token_, key_);
  if (!goes_on) {
    const bool start_is_due = has_partition_ && !started_ && !deletion_.live();
    if (start_is_due) active_.clear();
    if (!start_is_due && active_.empty()) return false;
    if (!start_is_due) {
      token_ = active_.front()->partition().token;
      key_ = active_.front()->partition().key;
      deletion_ = DeletionTime{};
      started_ = false;
    }
  }
  for (const MergeInput* input : active_) deletion_ = Stronger(deletion_, input->partition().deletion);
  in_partition_ = has_partition_ = true;
  run_in_batch_ = false;
  open_ = StrongestOpen();
  AnnounceCovered();
  return true;
}

void MergeSource::LeavePartition() {
  if (!started_ && !deletion_.live()) EnsureRun();
  in_partition_ = false;
  STOA_DCHECK(open_.live());
}

DeletionTime MergeSource::StrongestOpen() const {
  DeletionTime open;
  for (const MergeInput* input : active_) open = Stronger(open, input->open());
  return deletion_.Shadows(open.timestamp) ? DeletionTime{} : open;
}

/// Tells the inputs what they need not read because a deletion of another one covers it. (What an input's own
/// deletions cover was dropped when it was written.)
void MergeSource::AnnounceCovered() {
  if (open_.live() && deletion_.live()) return;
  CoveredStretch stretch{token_, key_, std::nullopt, deletion_.timestamp};
  const MergeInput* covering = nullptr;
  for (const MergeInput* input : active_) {
    if (!open_.live() && input->IsIn(token_, key_) && input->open() == open_) covering = input;
  }
  if (covering != nullptr) {
    stretch.to = covering->OpenUntil();
    stretch.timestamp = open_.timestamp;
    if (!stretch.to.has_value()) return;
  } else if (!open_.live()) {
    return;
  }
  for (const MergeInput* input : active_) {
    if (input != covering) input->source().LeaveOut(stretch);
  }
}

void MergeSource::EnsureRun() {
  if (run_in_batch_) return;
  builder_.StartRun(token_, key_, deletion_, !started_);
  run_in_batch_ = started_ = true;
}

/// Takes some elements of the current partition (or of it and partitions after it), or leaves it.
absl::StatusOr<MergeSource::Step> MergeSource::TakeNext(RowBatch* batch) {
  for (const MergeInput* input : active_) {
    if (input->lent() && input->EndsBatch()) return Step::kFlush;
  }
  size_t kept = 0;
  for (MergeInput* input : active_) {
    STOA_RETURN_IF_ERROR(input->FindHead());
    if (input->IsIn(token_, key_)) active_[kept++] = input;
  }
  active_.resize(kept);
  if (active_.empty()) {
    LeavePartition();
    return Step::kTaken;
  }
  if (kept == 1 && active_[0]->run() + 1 < active_[0]->batch().runs.size() && deletion_.live() &&
      open_.live()) {
    STOA_ASSIGN_OR_RETURN(const Step step, TakePlainRuns(active_[0], batch));
    if (step != Step::kNone) return step;
  }
  const MergeInput* limit = nullptr;  // the least of the heads that are not the least
  same_.clear();
  for (MergeInput* input : active_) {
    const int order = same_.empty() ? -1 : input->Compare(*same_[0]);
    if (order < 0) {
      if (!same_.empty()) limit = same_[0];
      same_.clear();
    } else if (order > 0) {
      if (limit == nullptr || input->Compare(*limit) < 0) limit = input;
      continue;
    }
    same_.push_back(input);
  }
  if (same_[0]->head_is_change()) {
    TakeChanges();
    return Step::kTaken;
  }
  if (same_.size() == 1) return TakeRows(same_[0], limit, batch);
  STOA_RETURN_IF_ERROR(TakeRow());
  return Step::kTaken;
}

void MergeSource::TakeChanges() {
  const std::string_view bound = same_[0]->head();
  for (MergeInput* input : same_) input->TakeChange();
  const DeletionTime open = StrongestOpen();
  if (open == open_) return;
  EnsureRun();
  builder_.AddRangeChange(bound, open);
  open_ = open;
  AnnounceCovered();
}

/// Reconciles the row at the head of all inputs in same_.
absl::Status MergeSource::TakeRow() {
  merger_.Start();
  merger_.AddCoveringDeletion(deletion_);
  merger_.AddCoveringDeletion(open_);
  const std::string_view clustering = same_[0]->head();
  for (MergeInput* input : same_) {
    STOA_RETURN_IF_ERROR(input->batch().EnsureLiveness());
    STOA_RETURN_IF_ERROR(input->batch().EnsureAllColumns());
    merger_.AddRow(input->batch(), input->row());
  }
  if (merger_.HasContent()) {
    EnsureRun();
    merger_.Emit(clustering, &builder_);
    for (MergeInput* input : same_) NoteAdded(input);
  } else {
    CountDropped(1);
  }
  for (MergeInput* input : same_) input->TakeRows(input->row() + 1);
  return absl::OkStatus();
}

/// Takes rows of `input`, the only one in same_, that come before the head of `limit`.
absl::StatusOr<MergeSource::Step> MergeSource::TakeRows(MergeInput* input, const MergeInput* limit,
                                                        RowBatch* batch) {
  STOA_ASSIGN_OR_RETURN(uint32_t end, input->RowsEnd(limit));
  const DeletionTime covering = Stronger(deletion_, open_);
  if (!covering.live() && covering.Shadows(input->batch().min_timestamp)) {
    if (covering.Shadows(input->batch().max_timestamp)) {
      CountDropped(end - input->row());
      input->TakeRows(end);
      return Step::kTaken;
    }
    while (true) {
      STOA_RETURN_IF_ERROR(TakeRow());
      if (input->row() == end || builder_.full() || builder_.row_count() == rows_wanted_) return Step::kTaken;
      STOA_RETURN_IF_ERROR(input->FindHead());
    }
  }
  STOA_ASSIGN_OR_RETURN(end, input->FirstRowDeletion(end));
  if (end == input->row()) {
    STOA_RETURN_IF_ERROR(TakeRow());
    return Step::kTaken;
  }
  if (ShouldPass(*input, end)) return Pass(input, end, 1, batch);
  end = std::min(end, input->row() + (rows_wanted_ - builder_.row_count()));
  EnsureRun();
  STOA_RETURN_IF_ERROR(builder_.AppendRows(input->batch(), input->row(), end));
  NoteAdded(input);
  input->TakeRows(end);
  return Step::kTaken;
}

/// Takes whole partitions of `input`, which is alone in the current one, when there are several that nothing
/// can change; kNone without taking any when there are not.
absl::StatusOr<MergeSource::Step> MergeSource::TakePlainRuns(MergeInput* input, RowBatch* batch) {
  const PartitionRun* limit = nullptr;
  for (const MergeInput& other : inputs_) {
    if (&other == input || !other.any()) continue;
    const PartitionRun& run = other.partition();
    if (limit == nullptr || run.token < limit->token || (run.token == limit->token && run.key < limit->key)) {
      limit = &run;
    }
  }
  STOA_ASSIGN_OR_RETURN(size_t count, input->PlainRuns(limit));
  if (count < 2) return Step::kNone;
  const std::span<const PartitionRun> runs = input->batch().runs.subspan(input->run(), count);
  uint32_t end = input->batch().RunEnd(input->run() + count - 1);
  if (ShouldPass(*input, end)) return Pass(input, end, count, batch);
  while (count > 1 && end - input->row() > rows_wanted_ - builder_.row_count()) end = runs[--count].first_row;
  if (count < 2) return Step::kNone;

  EnsureRun();
  STOA_RETURN_IF_ERROR(builder_.AppendRuns(input->batch(), input->row(), end, runs.subspan(1, count - 1)));
  NoteAdded(input);
  const PartitionRun& last = runs[count - 1];
  token_ = last.token;
  key_ = last.key;
  started_ = run_in_batch_ = true;
  input->TakeRows(end, input->run() + count - 1);
  return Step::kTaken;
}

/// Whether rows [input.row(), end) should become a batch of their own.
bool MergeSource::ShouldPass(const MergeInput& input, uint32_t end) const {
  if (end - input.row() >= kPassRowsMin) return true;
  // A whole block, which a writer may copy.
  const RowBatch& batch = input.batch();
  if (batch.origin != nullptr && batch.clean && input.row() == 0 && end == batch.end) return true;
  // The rest of a batch, behind which what was built ends anyway.
  const bool is_rest = builder_.empty() && end == batch.end;
  return is_rest && (inputs_.size() == 1 || bytes_ == BatchBuilder::Bytes::kViewed);
}

/// Hands over rows up to `end`, of `run_count` runs, as a part of the input's batch.
absl::StatusOr<MergeSource::Step> MergeSource::Pass(MergeInput* input, uint32_t end, size_t run_count,
                                                    RowBatch* batch) {
  if (!builder_.empty()) return Step::kFlush;
  STOA_ASSIGN_OR_RETURN(*batch, input->Narrowed(end));
  batch->runs = batch->runs.subspan(input->run(), run_count);
  batch->open_deletion = open_;
  batch->clean &= deletion_.live() && open_.live();
  PartitionRun first = batch->runs[0];
  first.first_row = batch->begin;
  first.starts = !started_;
  first.deletion = deletion_;
  const PartitionRun& last = batch->runs.back();
  if (run_count > 1) {
    token_ = last.token;
    key_ = last.key;
  }
  const PartitionRun& given = batch->runs[0];
  if (given.first_row != first.first_row || given.starts != first.starts ||
      given.deletion != first.deletion) {
    passed_runs_.assign(batch->runs.begin(), batch->runs.end());
    passed_runs_[0] = first;
    batch->runs = passed_runs_;
  }
  started_ = true;
  input->TakeRows(end, input->run() + run_count - 1);
  return Step::kPassed;
}

absl::Status MergeSource::SkipTo(const PositionView& position) {
  if (!error_.ok()) return error_;
  // Nothing lies between there and the current partition, whose deletion perhaps no input knows any more.
  const PositionView current{token_, key_, {}};
  if (has_partition_ && !position.SamePartition(current) && position < current) return absl::OkStatus();
  if (!has_partition_ || token_ != position.token || key_ != position.key) {
    token_ = position.token;
    key_ = position.key;
    deletion_ = DeletionTime{};
    started_ = false;
    has_partition_ = true;
  }
  in_partition_ = false;
  for (MergeInput& input : inputs_) {
    deletion_ = Stronger(deletion_, input.DeletionOf(position));
    if (absl::Status status = input.SkipTo(position); !status.ok()) return error_ = status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Position>> MergeSource::NextPossibleMatch(const ColumnBounds& bounds,
                                                                       const PositionView& from) {
  if (!error_.ok()) return error_;
  std::optional<Position> least;
  for (MergeInput& input : inputs_) {
    STOA_ASSIGN_OR_RETURN(std::optional<Position> next, input.source().NextPossibleMatch(bounds, from));
    if (!next.has_value()) continue;
    if (!least.has_value() || *next < *least) least = std::move(next);
    if (least->view() == from) break;
  }
  return least;
}

}  // namespace

std::unique_ptr<RowSource> NewMergeSource(std::vector<std::unique_ptr<RowSource>> sources,
                                          const ScanSpec& spec, uint64_t* dropped) {
  return std::make_unique<MergeSource>(std::move(sources), spec, dropped);
}

}  // namespace stoa
