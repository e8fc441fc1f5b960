// The live rows of a partition come in runs of batches. The join follows the partitions: where one begins it
// takes the static row out of the stream, or reads it, and keeps a copy. The rows of a run are handed on as a
// batch that shares everything with the one they came in but has further columns, in which one value stands
// for every row: to copy the rows themselves would cost more than to read them.
#include "read/static_join.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "data/growing_array.h"
#include "data/static_row.h"

namespace stoa {
namespace {

/// A column of a batch in which every row has the same cell. Its arrays are kept from batch to batch.
class RepeatedColumn {
 public:
  RepeatedColumn(uint32_t index, bool is_word) : index_(index), is_word_(is_word) {}

  uint32_t index() const { return index_; }
  bool has_cell() const { return has_cell_; }
  void Clear() { has_cell_ = false; }
  /// What `cell` views must live as long as what is handed over.
  void Set(const Cell& cell, uint8_t flags) {
    has_cell_ = true;
    cell_ = cell;
    flags_ = flags;
    begin_ = end_ = 0;
  }

  /// REQUIRES: has_cell.
  ColumnVector ForRows(uint32_t begin, uint32_t end) {
    if (begin < begin_ || end > end_) Fill(begin, end);
    ColumnVector vector;
    vector.index = index_;
    if (is_word_) {
      vector.words = words_.data();
    } else {
      vector.bytes = bytes_.data();
    }
    vector.timestamps = timestamps_.data();
    vector.expiries = expiries_.data();
    if (flags_ != 0) vector.flags = flag_bits_.data();
    return vector;
  }

 private:
  void Fill(uint32_t begin, uint32_t end) {
    const auto fill = [&](auto& array, const auto& value) {
      array.Reserve(end, 0);
      std::fill(array.data() + begin, array.data() + end, value);
    };
    if (is_word_) {
      fill(words_, cell_.word);
    } else {
      fill(bytes_, cell_.bytes);
    }
    fill(timestamps_, cell_.timestamp);
    fill(expiries_, cell_.expiry);
    if (flags_ != 0) fill(flag_bits_, flags_);
    begin_ = begin;
    end_ = end;
  }

  uint32_t index_;
  bool is_word_;
  bool has_cell_ = false;
  Cell cell_;
  uint8_t flags_ = 0;
  uint32_t begin_ = 0;  // the rows that are filled in
  uint32_t end_ = 0;
  GrowingArray<uint64_t> words_;
  GrowingArray<std::string_view> bytes_;
  GrowingArray<int64_t> timestamps_;
  GrowingArray<int64_t> expiries_;
  GrowingArray<uint8_t> flag_bits_;
};

class StaticJoin final : public RowSource {
 public:
  StaticJoin(std::unique_ptr<RowSource> live, const ScanSpec& spec, StaticJoinRules rules)
      : live_(std::move(live)),
        reverse_(spec.reverse),
        rules_(std::move(rules)),
        builder_(spec.projection, spec.budget),
        entry_(reverse_ ? PositionView{spec.range.start.token, spec.range.start.key, {}} : spec.range.start) {
    for (uint32_t i = 0; i < spec.projection->size(); ++i) {
      const ProjectedColumn& column = (*spec.projection)[i];
      if (rules_.is_static[i] && column.wanted) columns_.emplace_back(i, column.word_bytes != 0);
    }
  }

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (!error_.ok()) return error_;
    absl::StatusOr<bool> more = FindRows(batch);
    if (!more.ok()) error_ = more.status();
    return more;
  }

  absl::Status SkipTo(const PositionView& position) override {
    if (!error_.ok()) return error_;
    error_ = Skip(position);
    return error_;
  }

 private:
  absl::StatusOr<bool> FindRows(RowBatch* batch) {
    while (true) {
      if (run_ == batch_.runs.size()) {
        if (ended_) return false;
        STOA_ASSIGN_OR_RETURN(const bool more, live_->Next(&batch_));
        run_ = 0;
        entered_ = false;
        if (!more) {
          batch_ = RowBatch{};
          return End(batch);
        }
        continue;
      }
      const PartitionRun& run = batch_.runs[run_];
      if (!entered_) {
        if (run.starts && TakeRowOfStatics(batch)) return true;  // of the partition before
        STOA_RETURN_IF_ERROR(Enter(run));
      }
      const uint32_t begin = next_row_;
      const uint32_t end = batch_.RunEnd(run_);
      entered_ = false;
      ++run_;
      if (begin == end) continue;
      has_rows_ = true;
      STOA_RETURN_IF_ERROR(Join(run, begin, end, batch));
      return true;
    }
  }

  absl::StatusOr<bool> End(RowBatch* batch) {
    ended_ = true;
    // Read backwards, a partition without rows has shown nothing of itself yet.
    if (reverse_ && !in_partition_ && rules_.rows_of_statics) {
      StartPartition(entry_.token, entry_.key, /*has_rows=*/false);
      STOA_RETURN_IF_ERROR(ReadStatics());
    }
    return TakeRowOfStatics(batch);
  }

  /// Comes to a run: finds out where its rows begin and what the statics of its partition are.
  absl::Status Enter(const PartitionRun& run) {
    entered_ = true;
    next_row_ = run.first_row;
    if (!run.starts) return absl::OkStatus();
    const bool behind_statics =
        !entry_.clustering.empty() && entry_.view().SamePartition(PositionView{run.token, run.key, {}});
    StartPartition(run.token, run.key, behind_statics);
    if (!rules_.in_stream || behind_statics) return ReadStatics();
    STOA_ASSIGN_OR_RETURN(const std::string_view first, KeyOf(run.first_row));
    if (!IsStaticRow(first)) return absl::OkStatus();
    builder_.StartRun(run.token, run.key, DeletionTime{}, /*starts=*/true);
    STOA_RETURN_IF_ERROR(builder_.AppendRows(batch_, run.first_row, run.first_row + 1));
    ++next_row_;
    TakeStatics();
    return absl::OkStatus();
  }

  void StartPartition(uint64_t token, std::string_view key, bool has_rows) {
    in_partition_ = true;
    starts_ = true;
    has_rows_ = has_rows;
    partition_.token = token;
    partition_.key = key;
    builder_.Clear();
    statics_ = RowBatch{};
    for (RepeatedColumn& column : columns_) column.Clear();
  }

  absl::Status ReadStatics() {
    STOA_RETURN_IF_ERROR(rules_.read(partition_.view(), &builder_));
    if (!builder_.empty()) TakeStatics();
    return absl::OkStatus();
  }

  void TakeStatics() {
    statics_ = builder_.Finish();
    auto column = columns_.begin();
    for (const ColumnVector& vector : statics_.columns) {
      while (column != columns_.end() && column->index() < vector.index) ++column;
      if (column == columns_.end()) break;
      if (column->index() == vector.index) column->Set(statics_.CellAt(vector, 0), vector.Flags(0));
    }
  }

  /// If the partition has nothing but statics, hands them over as its one row.
  bool TakeRowOfStatics(RowBatch* batch) {
    if (!in_partition_ || has_rows_ || !rules_.rows_of_statics || statics_.row_count() == 0) return false;
    has_rows_ = true;
    *batch = statics_;
    return true;
  }

  absl::StatusOr<std::string_view> KeyOf(uint32_t row) {
    if (row == batch_.begin) return batch_.first_clustering;
    STOA_RETURN_IF_ERROR(batch_.EnsureKeys());
    return batch_.clustering[row];
  }

  /// Rows [begin, end) of `run`, with the statics.
  absl::Status Join(const PartitionRun& run, uint32_t begin, uint32_t end, RowBatch* batch) {
    if (begin != batch_.begin || end != batch_.end) STOA_RETURN_IF_ERROR(batch_.EnsureKeys());
    *batch = batch_;
    batch->begin = begin;
    batch->end = end;
    if (batch_.clustering != nullptr) {
      batch->first_clustering = batch_.clustering[begin];
      batch->last_clustering = batch_.clustering[end - 1];
    }
    run_of_rows_ = run;
    run_of_rows_.first_row = begin;
    run_of_rows_.starts = std::exchange(starts_, false);
    batch->runs = std::span<const PartitionRun>(&run_of_rows_, 1);
    STOA_RETURN_IF_ERROR(batch->EnsureColumns());
    vectors_.clear();
    for (const ColumnVector& vector : batch->columns) {
      if (!rules_.is_static[vector.index]) vectors_.push_back(vector);
    }
    const size_t own = vectors_.size();
    for (RepeatedColumn& column : columns_) {
      if (column.has_cell()) vectors_.push_back(column.ForRows(begin, end));
    }
    if (vectors_.size() != own) {
      const auto by_index = [](const ColumnVector& a, const ColumnVector& b) { return a.index < b.index; };
      std::inplace_merge(vectors_.begin(), vectors_.begin() + static_cast<ptrdiff_t>(own), vectors_.end(),
                         by_index);
      batch->clean = false;
      batch->min_timestamp = std::min(batch->min_timestamp, statics_.min_timestamp);
      batch->max_timestamp = std::max(batch->max_timestamp, statics_.max_timestamp);
    }
    batch->columns = vectors_;
    return absl::OkStatus();
  }

  absl::Status Skip(const PositionView& position) {
    const bool into_rows = position.clustering > StaticRowKey();
    if (in_partition_ && !partition_.view().SamePartition(position)) in_partition_ = false;
    if (in_partition_ && into_rows) has_rows_ = true;
    if (!in_partition_ && !reverse_) {
      entry_ = Position(position);
      if (!into_rows) entry_.clustering.clear();
    }
    // What is left of the batch may lie before and behind the place.
    for (; run_ < batch_.runs.size(); ++run_, entered_ = false) {
      const PartitionRun& run = batch_.runs[run_];
      const PositionView partition{run.token, run.key, {}};
      if (!partition.SamePartition(position)) {
        if (partition < position) continue;
        return absl::OkStatus();
      }
      if (!into_rows) return absl::OkStatus();
      if (!entered_) STOA_RETURN_IF_ERROR(Enter(run));
      STOA_RETURN_IF_ERROR(batch_.EnsureKeys());
      const uint32_t end = batch_.RunEnd(run_);
      while (next_row_ < end && (reverse_ ? batch_.clustering[next_row_] > position.clustering
                                          : batch_.clustering[next_row_] < position.clustering)) {
        ++next_row_;
      }
      if (next_row_ < end) return absl::OkStatus();
    }
    return live_->SkipTo(position);
  }

  const std::unique_ptr<RowSource> live_;
  const bool reverse_;
  const StaticJoinRules rules_;

  RowBatch batch_;         // of live_
  size_t run_ = 0;         // the run that comes next
  bool entered_ = false;   // Enter was called for it
  uint32_t next_row_ = 0;  // then: where the rows of the run begin that are to be handed over
  bool ended_ = false;

  bool in_partition_ = false;
  Position partition_;
  bool starts_ = false;    // its START is still to be handed over
  bool has_rows_ = false;  // or may have some that are not of this stream
  BatchBuilder builder_;
  RowBatch statics_;  // of the partition, with no or one row; in builder_
  std::vector<RepeatedColumn> columns_;
  Position entry_;  // where the stream begins or was skipped to; with a clustering key: within a partition

  PartitionRun run_of_rows_;
  std::vector<ColumnVector> vectors_;
  absl::Status error_;
};

}  // namespace

std::unique_ptr<RowSource> NewStaticJoin(std::unique_ptr<RowSource> live, const ScanSpec& spec,
                                         StaticJoinRules rules) {
  return std::make_unique<StaticJoin>(std::move(live), spec, std::move(rules));
}

}  // namespace stoa
