#include "read/predicate_filter.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "data/batch_builder.h"
#include "read/column_predicate.h"
#include "read/partition_start.h"

namespace stoa {
namespace {

class PredicateFilter final : public RowSource {
 public:
  PredicateFilter(std::unique_ptr<RowSource> live, RowSource* merged, const ScanSpec& spec,
                  const std::vector<Predicate>& predicates, Directory* directory)
      : live_(std::move(live)),
        merged_(spec.reverse ? nullptr : merged),
        builder_(spec.projection, spec.budget),
        at_(spec.range.start) {
    tests_.reserve(predicates.size());  // tests view themselves: they must not move
    for (const Predicate& predicate : predicates) tests_.emplace_back(predicate, directory);
  }

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (!error_.ok()) return error_;
    absl::StatusOr<bool> more = FindMatches(batch);
    if (!more.ok()) error_ = more.status();
    return more;
  }

  absl::Status SkipTo(const PositionView& position) override {
    if (!error_.ok()) return error_;
    if (merged_ != nullptr) at_ = Position(position);
    return live_->SkipTo(position);
  }

 private:
  absl::StatusOr<bool> FindMatches(RowBatch* batch) {
    while (!ended_) {
      if (merged_ != nullptr) STOA_RETURN_IF_ERROR(SkipImpossible());
      if (ended_) break;
      STOA_ASSIGN_OR_RETURN(const bool more, live_->Next(batch));
      if (!more) break;
      if (merged_ != nullptr) at_ = EndOf(*batch);
      STOA_ASSIGN_OR_RETURN(const uint32_t matches, Match(batch));
      for (const PartitionRun& run : batch->runs) {
        if (matches == 0) start_.Enter(run);
      }
      if (matches == 0) continue;
      if (matches == batch->row_count()) {
        start_.Pass(batch);
        return true;
      }
      STOA_RETURN_IF_ERROR(Rebuild(batch));
      *batch = builder_.Finish();
      return true;
    }
    ended_ = true;
    return false;
  }

  /// Moves to the first place where all conditions may hold at once. A condition may hold where any source
  /// that overlaps has a value for it, be it of a version that another source's hides: so each condition is
  /// asked of the merge, and a place is skipped only if one of them is impossible in all sources.
  absl::Status SkipImpossible() {
    Position to = at_;
    for (bool moved = true; moved;) {
      moved = false;
      for (const ColumnTest& test : tests_) {
        STOA_ASSIGN_OR_RETURN(std::optional<Position> next, merged_->NextPossibleMatch(test.bounds(), to));
        if (!next.has_value()) {
          ended_ = true;
          return absl::OkStatus();
        }
        if (*next <= to) continue;
        to = *std::move(next);
        moved = tests_.size() > 1;
      }
    }
    if (to <= at_) return absl::OkStatus();
    at_ = std::move(to);
    return live_->SkipTo(at_);
  }

  /// Just after the last row of a batch.
  static Position EndOf(const RowBatch& batch) {
    const PartitionRun& run = batch.runs.back();
    Position end(PositionView{run.token, run.key, batch.last_clustering});
    end.clustering.push_back('\0');
    return end;
  }

  /// Finds out which rows match: keep_, and how many they are.
  absl::StatusOr<uint32_t> Match(RowBatch* batch) {
    STOA_RETURN_IF_ERROR(batch->EnsureColumns());
    keep_.assign(batch->row_count(), 1);
    for (ColumnTest& test : tests_) {
      const auto column =
          std::lower_bound(batch->columns.begin(), batch->columns.end(), test.index(),
                           [](const ColumnVector& vector, uint32_t index) { return vector.index < index; });
      if (column == batch->columns.end() || column->index != test.index()) return 0;
      STOA_RETURN_IF_ERROR(test.Apply(*column, batch->begin, batch->end, keep_.data()));
    }
    return static_cast<uint32_t>(std::count(keep_.begin(), keep_.end(), 1));
  }

  /// Copies the rows in keep_, of which there are some but not all.
  absl::Status Rebuild(RowBatch* batch) {
    const auto first = std::find(keep_.begin(), keep_.end(), 1);
    const auto last = std::find(keep_.rbegin(), keep_.rend(), 1).base();
    RowBatch matches = *batch;  // narrowed, so that no other keys are loaded
    matches.begin = batch->begin + static_cast<uint32_t>(first - keep_.begin());
    matches.end = batch->begin + static_cast<uint32_t>(last - keep_.begin());
    builder_.Clear();
    for (size_t i = 0; i < batch->runs.size(); ++i) {
      const PartitionRun& run = batch->runs[i];
      start_.Enter(run);
      const uint32_t run_end = batch->RunEnd(i);
      bool in_batch = false;
      for (uint32_t row = run.first_row; row < run_end;) {
        const uint32_t begin = FirstWith(1, row, run_end, batch->begin);
        if (begin == run_end) break;
        row = FirstWith(0, begin, run_end, batch->begin);
        if (!std::exchange(in_batch, true))
          builder_.StartRun(run.token, run.key, DeletionTime{}, start_.Take());
        STOA_RETURN_IF_ERROR(builder_.AppendRows(matches, begin, row));
      }
    }
    return absl::OkStatus();
  }

  uint32_t FirstWith(uint8_t keep, uint32_t row, uint32_t end, uint32_t batch_begin) const {
    while (row < end && keep_[row - batch_begin] != keep) ++row;
    return row;
  }

  const std::unique_ptr<RowSource> live_;
  RowSource* const merged_;  // null: nothing to ask
  std::vector<ColumnTest> tests_;
  BatchBuilder builder_;
  PartitionStart start_;
  std::vector<uint8_t> keep_;  // by row of the batch
  Position at_;                // everything before was seen or skipped; kept only if merged_ is
  bool ended_ = false;
  absl::Status error_;
};

}  // namespace

std::unique_ptr<RowSource> NewPredicateFilter(std::unique_ptr<RowSource> live, RowSource* merged,
                                              const ScanSpec& spec, const std::vector<Predicate>& predicates,
                                              Directory* directory) {
  return std::make_unique<PredicateFilter>(std::move(live), merged, spec, predicates, directory);
}

}  // namespace stoa
