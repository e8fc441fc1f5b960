#include "data/stream_validator.h"

#include <string>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"
#include "data/complex_merge.h"

namespace stoa {
namespace {

template <typename... Args>
absl::Status Broken(int guarantee, const Args&... what) {
  return absl::InternalError(StrCat("row stream breaks guarantee ", guarantee, ": ", StrCat(what...)));
}

/// Follows a stream element by element and holds what is needed to judge the next one.
class StreamValidator final : public RowSource {
 public:
  StreamValidator(std::unique_ptr<RowSource> source, const ScanSpec& spec)
      : source_(std::move(source)),
        spec_(spec),
        has_end_(spec.range.end.has_value()),
        start_(spec.range.start) {
    if (has_end_) end_ = Position(*spec.range.end);
  }

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    absl::StatusOr<bool> more = source_->Next(batch);
    if (!error_.ok() && (more.ok() || more.status() != error_)) {
      return Broken(9, "after ", error_.ToString(), " the source went on");
    }
    if (!more.ok()) return error_ = more.status();
    const absl::Status status = *more ? Check(*batch) : CheckEnd();
    if (!status.ok()) return error_ = status;
    return more;
  }

  absl::Status SkipTo(const PositionView& position) override {
    absl::Status status = source_->SkipTo(position);
    if (!status.ok()) return error_ = status;
    skipped_ = true;
    if (!in_partition_ || !position.SamePartition(partition_.view())) {
      in_partition_ = false;
      partition_.clustering.clear();
    }
    skip_ = Position(position);
    has_skip_ = true;
    return status;
  }

  void LeaveOut(const CoveredStretch& stretch) override {
    source_->LeaveOut(stretch);
    may_leave_out_ = true;
  }

  absl::StatusOr<std::optional<Position>> NextPossibleMatch(const ColumnBounds& bounds,
                                                            const PositionView& from) override {
    return source_->NextPossibleMatch(bounds, from);
  }

 private:
  absl::Status Check(RowBatch batch) {
    if (batch.runs.empty()) return Broken(4, "a batch without runs");
    if (batch.begin > batch.end || batch.row_count() > kBatchRowsMax) {
      return Broken(8, batch.row_count(), " rows in a batch");
    }
    if (batch.row_count() != 0) {
      STOA_RETURN_IF_ERROR(batch.EnsureAll());
      STOA_RETURN_IF_ERROR(CheckBatchSummary(batch, *spec_.projection));
    }
    if (skipped_ || may_leave_out_) {
      open_ = batch.open_deletion;
    } else if (batch.open_deletion != open_) {
      return Broken(3, "the open deletion at the beginning of a batch is not the one left open");
    }
    size_t change = 0;
    for (size_t run = 0; run < batch.runs.size(); ++run) {
      if (batch.runs[run].first_row != (run == 0 ? batch.begin : batch.RunEnd(run - 1))) {
        return Broken(1, "the rows of a run do not follow those of the run before");
      }
      STOA_RETURN_IF_ERROR(CheckRun(batch, run, &change));
      skipped_ = false;
    }
    return change == batch.changes.size() ? absl::OkStatus() : Broken(1, "a range-change outside its run");
  }

  absl::Status CheckRun(const RowBatch& batch, size_t index, size_t* change) {
    const PartitionRun& run = batch.runs[index];
    STOA_RETURN_IF_ERROR(CheckPartition(run, index == 0));
    bool empty = !run.starts || run.deletion.live();
    uint32_t row = run.first_row;
    const uint32_t end = batch.RunEnd(index);
    while (true) {
      const bool has_change = *change < batch.changes.size() && batch.changes[*change].run == index;
      if (has_change && batch.changes[*change].row <= row) {
        const RangeChange& at = batch.changes[(*change)++];
        if (at.row != row) return Broken(1, "range-changes are out of order");
        STOA_RETURN_IF_ERROR(CheckPlace(at.bound, true));
        if (at.deletion == open_) return Broken(3, "consecutive range-changes are equal");
        open_ = at.deletion;
      } else if (row < end) {
        STOA_RETURN_IF_ERROR(CheckPlace(batch.clustering[row++], false));
      } else {
        break;
      }
      empty = false;
    }
    return empty ? Broken(4, "a run with nothing in it") : absl::OkStatus();
  }

  absl::Status CheckPartition(const PartitionRun& run, bool first) {
    const PositionView partition{run.token, run.key, {}};
    if (!run.starts) {
      if (!first) return Broken(2, "a run inside a batch does not START");
      if (has_partition_ && !partition.SamePartition(partition_.view())) {
        return Broken(2, "a partition continues that is not the one before");
      }
      if (!has_partition_) return Broken(2, "the first partition does not START");
      if (run.deletion != deletion_) return Broken(2, "a run that continues has another partition deletion");
      in_partition_ = true;
      return absl::OkStatus();
    }
    if (!skipped_ && !may_leave_out_ && !open_.live()) {
      return Broken(3, "a deletion is open at the end of a partition");
    }
    if (has_partition_ && partition <= PositionView{partition_.token, partition_.key, {}}) {
      return Broken(1, "partitions do not ascend");
    }
    if (has_end_ && (partition >= end_.view())) return Broken(5, "a partition after the range");
    if (partition < PositionView{start_.token, start_.key, {}})
      return Broken(5, "a partition before the range");
    partition_ = Position(partition);
    has_partition_ = in_partition_ = true;
    deletion_ = run.deletion;
    return absl::OkStatus();
  }

  /// Checks the place of a row or range-change in the partition and moves there.
  absl::Status CheckPlace(std::string_view clustering, bool is_change) {
    if (clustering.empty()) return Broken(1, "an empty clustering key");
    if (!partition_.clustering.empty()) {
      const int order = clustering.compare(partition_.clustering);
      // A slice may be cut at a row's own key: then the range-change made by the cut has the place of the
      // row.
      const bool cut =
          order == 0 && (spec_.reverse ? is_change && !after_change_ : after_change_ && !is_change);
      if (!cut && (spec_.reverse ? order >= 0 : order <= 0)) {
        return Broken(1, "rows or range-changes are out of order");
      }
    }
    after_change_ = is_change;
    partition_.clustering = clustering;
    const PositionView here = partition_.view();
    // A range-change may stand at either bound of the range.
    if (here < start_.view() || (has_end_ && (is_change ? here > end_.view() : here >= end_.view()))) {
      return Broken(5, "a row or range-change outside the range");
    }
    if (has_skip_ && (spec_.reverse ? here > skip_.view() : here < skip_.view())) {
      return Broken(5, "a row or range-change that was to be skipped");
    }
    return absl::OkStatus();
  }

  absl::Status CheckEnd() const {
    return skipped_ || may_leave_out_ || open_.live() ? absl::OkStatus()
                                                      : Broken(3, "a deletion is open at the end");
  }

  std::unique_ptr<RowSource> source_;
  const ScanSpec spec_;
  const bool has_end_;
  const Position start_;
  Position end_;

  absl::Status error_;
  bool has_partition_ = false;  // partition_ is the last that STARTed
  bool in_partition_ = false;   // and nothing of a later one was skipped to
  Position partition_;          // with the last row or range-change handed over
  bool after_change_ = false;   // that was a range-change
  DeletionTime deletion_;
  DeletionTime open_;
  bool skipped_ = false;  // SkipTo since the last batch
  bool may_leave_out_ = false;
  bool has_skip_ = false;
  Position skip_;
};

}  // namespace

absl::Status CheckBatchSummary(const RowBatch& batch, const Projection& projection) {
  if (batch.first_clustering != batch.clustering[batch.begin] ||
      batch.last_clustering != batch.clustering[batch.end - 1]) {
    return Broken(1, "first or last clustering key of a batch is wrong");
  }
  bool clean = batch.changes.empty() && batch.open_deletion.live();
  for (const PartitionRun& run : batch.runs) clean &= run.deletion.live();
  bool in_bounds = true;
  const auto bound = [&](int64_t timestamp) {
    in_bounds &= timestamp >= batch.min_timestamp && timestamp <= batch.max_timestamp;
  };
  for (uint32_t row = batch.begin; row < batch.end; ++row) {
    clean &= batch.RowFlags(row) == row_flags::kMarker && batch.RowExpiry(row) == kNoExpiry;
    bound(batch.timestamps[row]);
    if (!batch.RowDeletion(row).live()) bound(batch.deletions[row].timestamp);
  }
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const ColumnVector& column = batch.columns[i];
    if (column.index >= projection.size() || (i > 0 && column.index <= batch.columns[i - 1].index)) {
      return Broken(1, "columns do not ascend within the projection");
    }
    for (uint32_t row = batch.begin; row < batch.end; ++row) {
      if (!column.Has(row)) continue;
      const Cell cell = batch.CellAt(column, row);
      bound(cell.timestamp);
      clean &= !cell.tombstone && cell.expiry == kNoExpiry;
      if (!cell.complex) continue;
      const ComplexSummary summary = SummaryOf(cell);
      if (!IsValidComplexCell(cell, /*in_context=*/false) || cell.expiry != kNoExpiry ||
          cell.timestamp != summary.times.max_timestamp) {
        return Broken(10, "a complex cell that is not resolved");
      }
      bound(summary.times.min_timestamp);
      clean &= summary.clean();
    }
  }
  if (!in_bounds) return Broken(6, "a timestamp outside the bounds of its batch");
  return batch.clean && !clean ? Broken(6, "a batch called clean is not") : absl::OkStatus();
}

std::unique_ptr<RowSource> NewStreamValidator(std::unique_ptr<RowSource> source, const ScanSpec& spec) {
  return std::make_unique<StreamValidator>(std::move(source), spec);
}

}  // namespace stoa
