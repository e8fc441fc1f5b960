#include "read/purge_filter.h"

#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "data/batch_builder.h"
#include "data/row_merger.h"
#include "data/source_bounds.h"
#include "read/partition_start.h"
#include "read/row_states.h"

namespace stoa {
namespace {

class PurgeFilter final : public RowSource {
 public:
  PurgeFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec, PurgeRules rules)
      : merged_(std::move(merged)),
        rules_(std::move(rules)),
        builder_(spec.projection, spec.budget, BatchBuilder::Bytes::kViewed),
        merger_(spec.projection),
        keep_([this](Cell* cell) { return Keep(cell); }),
        can_fold_([this](int64_t from, int64_t to) {
          return rules_.can_fold && rules_.can_fold(run_->token, run_->key, from, to);
        }) {
    ComplexRules complex;
    complex.keep = &keep_;
    complex.can_fold = &can_fold_;
    merger_.SetComplexRules(complex);
  }

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (!error_.ok()) return error_;
    absl::StatusOr<bool> more = FindKept(batch);
    if (!more.ok()) error_ = more.status();
    return more;
  }

  absl::Status SkipTo(const PositionView& position) override {
    skipped_ = true;
    return error_.ok() ? merged_->SkipTo(position) : error_;
  }

 private:
  absl::StatusOr<bool> FindKept(RowBatch* batch) {
    while (true) {
      STOA_ASSIGN_OR_RETURN(const bool more, merged_->Next(batch));
      if (!more) return false;
      if (skipped_) open_ = Kept(batch->runs.front(), batch->open_deletion);
      skipped_ = false;
      if (!batch->clean) {
        STOA_RETURN_IF_ERROR(states_.Compute(batch, rules_.now_seconds));
      }
      if (batch->clean || (states_.AllPlain() && HasOnlyRows(*batch))) {
        Enter(batch->runs.front());
        start_.Pass(batch);
        return true;
      }
      STOA_RETURN_IF_ERROR(Rebuild(batch));
      if (!builder_.empty()) {
        *batch = builder_.Finish();
        return true;
      }
    }
  }

  static bool HasOnlyRows(const RowBatch& batch) {
    bool only_rows = batch.row_count() != 0 && batch.changes.empty() && batch.open_deletion.live();
    for (const PartitionRun& run : batch.runs) only_rows &= run.deletion.live();
    return only_rows;
  }

  /// The rows of the partition are asked about when the first of them wants to know.
  void Enter(const PartitionRun& run) {
    start_.Enter(run);
    if (run.starts) min_timestamp_outside_.reset();
  }

  bool CanDrop(const PartitionRun& run, int64_t timestamp, int64_t local_time) {
    if (!rules_.min_timestamp_outside) return false;
    if (!min_timestamp_outside_.has_value()) {
      min_timestamp_outside_ = rules_.min_timestamp_outside(run.token, run.key);
    }
    return CanPurge(timestamp, local_time, rules_.now_seconds, rules_.gc_grace_seconds,
                    *min_timestamp_outside_);
  }

  /// The same for what stands in the row that is being added.
  bool CanDropInRow(int64_t timestamp, int64_t local_time) {
    if (CanDrop(*run_, timestamp, local_time)) return true;
    if (!rules_.min_timestamp_outside_row) return false;
    if (!min_timestamp_outside_row_.has_value()) {
      min_timestamp_outside_row_ = rules_.min_timestamp_outside_row({run_->token, run_->key, clustering_});
    }
    return CanPurge(timestamp, local_time, rules_.now_seconds, rules_.gc_grace_seconds,
                    *min_timestamp_outside_row_);
  }

  DeletionTime Kept(const PartitionRun& run, const DeletionTime& deletion) {
    const bool drop = !deletion.live() && CanDrop(run, deletion.timestamp, deletion.local_time);
    return drop ? DeletionTime{} : deletion;
  }

  absl::Status Rebuild(RowBatch* batch) {
    builder_.Clear(open_);
    size_t change = 0;
    for (size_t i = 0; i < batch->runs.size(); ++i) {
      const PartitionRun& run = batch->runs[i];
      Enter(run);
      run_in_batch_ = false;
      deletion_ = Kept(run, run.deletion);
      if (run.starts && !deletion_.live()) EnsureRun(run);
      uint32_t row = run.first_row;
      for (; change < batch->changes.size() && batch->changes[change].run == i; ++change) {
        STOA_RETURN_IF_ERROR(AddRows(batch, run, row, batch->changes[change].row));
        row = batch->changes[change].row;
        AddChange(run, batch->changes[change]);
      }
      STOA_RETURN_IF_ERROR(AddRows(batch, run, row, batch->RunEnd(i)));
    }
    return absl::OkStatus();
  }

  void EnsureRun(const PartitionRun& run) {
    if (!std::exchange(run_in_batch_, true)) builder_.StartRun(run.token, run.key, deletion_, start_.Take());
  }

  void AddChange(const PartitionRun& run, const RangeChange& change) {
    const DeletionTime open = Kept(run, change.deletion);
    if (open == open_) return;
    EnsureRun(run);
    builder_.AddRangeChange(change.bound, open);
    open_ = open;
  }

  absl::Status AddRows(RowBatch* batch, const PartitionRun& run, uint32_t begin, uint32_t end) {
    while (begin < end) {
      const uint32_t plain_end = states_.EndOf(row_state::kLive, begin, end);
      if (plain_end != begin) {
        EnsureRun(run);
        STOA_RETURN_IF_ERROR(builder_.AppendRows(*batch, begin, plain_end));
        begin = plain_end;
        continue;
      }
      STOA_RETURN_IF_ERROR(batch->EnsureKeys());
      AddRow(*batch, run, begin++);
    }
    return absl::OkStatus();
  }

  void AddRow(const RowBatch& batch, const PartitionRun& run, uint32_t row) {
    run_ = &run;
    clustering_ = batch.clustering[row];
    min_timestamp_outside_row_.reset();
    merger_.Start();
    const DeletionTime deletion = batch.RowDeletion(row);
    if (!deletion.live() && !CanDropInRow(deletion.timestamp, deletion.local_time))
      merger_.AddRowDeletion(deletion);
    if ((batch.RowFlags(row) & row_flags::kMarker) != 0) {
      const int64_t timestamp = batch.timestamps[row];
      const int64_t expiry = batch.RowExpiry(row);
      const bool drop = IsExpired(expiry, rules_.now_seconds) && CanDropInRow(timestamp, expiry);
      if (!drop) merger_.AddMarker(timestamp, expiry);
    }
    for (const ColumnVector& column : batch.columns) {
      if (column.Has(row)) AddCell(column.index, batch.CellAt(column, row));
    }
    if (!merger_.HasContent()) return;
    EnsureRun(run);
    merger_.Emit(batch.clustering[row], &builder_);
  }

  void AddCell(uint32_t column_index, Cell cell) {
    if (cell.complex || Keep(&cell)) merger_.AddCell(column_index, cell);
  }

  /// An expired cell that must stay loses its value but stays an expiring cell. Made a tombstone, as
  /// Cassandra does, it would win over a cell of the same timestamp that expires later and won before: what a
  /// reader sees would depend on whether a merge had come by.
  bool Keep(Cell* cell) {
    if (!cell->tombstone && !IsExpired(cell->expiry, rules_.now_seconds)) return true;
    if (CanDropInRow(cell->timestamp, cell->expiry)) return false;
    if (!cell->tombstone) {
      cell->empty = true;
      cell->blob = false;
      cell->word = 0;
      cell->bytes = {};
    }
    return true;
  }

  const std::unique_ptr<RowSource> merged_;
  const PurgeRules rules_;
  BatchBuilder builder_;
  RowMerger merger_;
  // The row in merger_.
  const PartitionRun* run_ = nullptr;
  std::string_view clustering_;
  std::optional<int64_t> min_timestamp_outside_row_;  // once asked for
  const std::function<bool(Cell*)> keep_;
  const CanFold can_fold_;
  RowStates states_;
  PartitionStart start_;
  std::optional<int64_t> min_timestamp_outside_;  // of the partition, once asked for
  DeletionTime deletion_;                         // of the partition, as kept
  DeletionTime open_;                             // as handed over
  bool run_in_batch_ = false;
  bool skipped_ = false;
  absl::Status error_;
};

}  // namespace

std::unique_ptr<RowSource> NewPurgeFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec,
                                          PurgeRules rules) {
  if (!rules.min_timestamp_outside && !rules.can_fold) return merged;
  return std::make_unique<PurgeFilter>(std::move(merged), spec, std::move(rules));
}

}  // namespace stoa
