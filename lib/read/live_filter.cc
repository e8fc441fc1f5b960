#include "read/live_filter.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status_macros.h"
#include "data/batch_builder.h"
#include "data/row_merger.h"
#include "read/partition_start.h"
#include "read/row_states.h"

namespace stoa {
namespace {

class LiveFilter final : public RowSource {
 public:
  LiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec, int64_t now_seconds,
             DeadRunGuide* guide, uint64_t* dead)
      : merged_(std::move(merged)),
        now_seconds_(now_seconds),
        guide_(guide),
        dead_count_(dead),
        partition_{spec.range.start.token, spec.range.start.key, {}},
        projection_(spec.projection),
        budget_(spec.budget) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (!error_.ok()) return error_;
    absl::StatusOr<bool> more = FindLive(batch);
    if (!more.ok()) error_ = more.status();
    return more;
  }

  absl::Status SkipTo(const PositionView& position) override {
    guide_ = nullptr;  // what lies before is not known to be dead
    return error_.ok() ? merged_->SkipTo(position) : error_;
  }

 private:
  absl::StatusOr<bool> FindLive(RowBatch* batch) {
    if (guide_ != nullptr && std::exchange(ask_, false)) STOA_RETURN_IF_ERROR(SkipDead(last_live_));
    while (true) {
      STOA_ASSIGN_OR_RETURN(const bool more, merged_->Next(batch));
      if (!more) {
        if (guide_ != nullptr) EndDeadRun(std::nullopt);
        guide_ = nullptr;
        return false;
      }
      if (batch->clean) {
        start_.Pass(batch);
        if (guide_ != nullptr) PassLive(*batch);
        return true;
      }
      STOA_RETURN_IF_ERROR(states_.Compute(batch, now_seconds_));
      if (batch->row_count() != 0 && states_.AllPlain()) {
        PassRows(batch);
        if (guide_ != nullptr) PassLive(*batch);
        return true;
      }
      STOA_RETURN_IF_ERROR(Rebuild(batch));
      if (dead_count_ != nullptr) {
        *dead_count_ += batch->row_count() - rebuilder_->builder.row_count() + batch->changes.size();
      }
      if (!rebuilder_->builder.empty()) {
        if (guide_ != nullptr) dead_ += states_.FirstLive(batch->row_count());
        *batch = rebuilder_->builder.Finish();
        if (guide_ != nullptr) PassLive(*batch);
        return true;
      }
      if (guide_ != nullptr) STOA_RETURN_IF_ERROR(PassDead(*batch));
    }
  }

  std::optional<std::string_view> last_live() const {
    return any_live_ ? std::optional<std::string_view>(last_live_) : std::nullopt;
  }

  /// Skips what is known to be dead behind `here`.
  absl::Status SkipDead(std::string_view here) {
    const std::optional<std::string_view> end = guide_->KnownEnd(here);
    if (!end.has_value()) return absl::OkStatus();
    ask_at_ = dead_rows() + kDeadRunRowsMin;
    return merged_->SkipTo(PositionView{partition_.token, partition_.key, *end});
  }

  /// Nothing in the batch is alive.
  absl::Status PassDead(const RowBatch& batch) {
    dead_ += batch.row_count() + batch.changes.size();
    if (batch.row_count() == 0 || dead_rows() < ask_at_) return absl::OkStatus();
    ask_at_ = dead_rows() * 2;  // so that asking costs little where nothing is known
    return SkipDead(batch.last_clustering);
  }

  void PassLive(const RowBatch& batch) {
    EndDeadRun(batch.first_clustering);
    any_live_ = ask_ = true;
    last_live_ = batch.last_clustering;
  }

  void EndDeadRun(std::optional<std::string_view> next_live) {
    if (dead_rows() >= kDeadRunRowsMin) guide_->Learn(last_live(), next_live);
    dead_ = 0;
    dropped_before_ = guide_->rows_dropped;
    ask_at_ = kDeadRunRowsMin;
  }

  /// Rows and range-changes without life that were read since the last living row, about: sources drop rows
  /// ahead.
  uint64_t dead_rows() const { return dead_ + guide_->rows_dropped - dropped_before_; }

  /// Every row is as it should be; what is dead lies beside them.
  void PassRows(RowBatch* batch) {
    std::vector<PartitionRun>& runs = start_.Own(batch);
    size_t kept = 0;
    for (size_t i = 0; i < runs.size(); ++i) {
      start_.Enter(runs[i]);
      if (runs[i].first_row == batch->RunEnd(i)) continue;
      PartitionRun run = runs[i];
      run.deletion = DeletionTime{};
      run.starts = start_.Take();
      runs[kept++] = run;
    }
    batch->runs = std::span<const PartitionRun>(runs.data(), kept);
    batch->changes = {};
    batch->open_deletion = DeletionTime{};
  }

  struct Rebuilder {
    Rebuilder(const Projection* projection, MemoryBudget* budget)
        : builder(projection, budget, BatchBuilder::Bytes::kViewed), merger(projection) {}
    BatchBuilder builder;
    RowMerger merger;
  };

  absl::Status Rebuild(RowBatch* batch) {
    if (!rebuilder_.has_value()) rebuilder_.emplace(projection_, budget_);
    rebuilder_->builder.Clear();
    for (size_t i = 0; i < batch->runs.size(); ++i) {
      const PartitionRun& run = batch->runs[i];
      start_.Enter(run);
      run_in_batch_ = false;
      const uint32_t run_end = batch->RunEnd(i);
      for (uint32_t row = run.first_row; row < run_end;) {
        const uint8_t state = states_[row];
        const uint32_t end = states_.EndOf(state, row, run_end);
        if ((state & row_state::kLive) != 0) STOA_RETURN_IF_ERROR(AddRows(batch, run, row, end, state));
        row = end;
      }
    }
    return absl::OkStatus();
  }

  absl::Status AddRows(RowBatch* batch, const PartitionRun& run, uint32_t begin, uint32_t end,
                       uint8_t state) {
    if (!std::exchange(run_in_batch_, true))
      rebuilder_->builder.StartRun(run.token, run.key, DeletionTime{}, start_.Take());
    if (state == row_state::kLive) return rebuilder_->builder.AppendRows(*batch, begin, end);
    STOA_RETURN_IF_ERROR(batch->EnsureKeys());
    for (uint32_t row = begin; row < end; ++row) {
      rebuilder_->merger.Start();
      rebuilder_->merger.AddRow(*batch, row);
      rebuilder_->merger.EmitLive(batch->clustering[row], now_seconds_, &rebuilder_->builder);
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<RowSource> merged_;
  const int64_t now_seconds_;
  DeadRunGuide* guide_;
  uint64_t* const dead_count_;
  const PositionView partition_;  // with a guide
  uint64_t dead_ = 0;             // seen here since the last living row
  uint64_t dropped_before_ = 0;
  uint64_t ask_at_ = kDeadRunRowsMin;
  bool ask_ = false;  // once, behind a living row
  bool any_live_ = false;
  std::string last_live_;  // clustering key
  const Projection* const projection_;
  MemoryBudget* const budget_;
  std::optional<Rebuilder> rebuilder_;  // many reads never need one
  RowStates states_;
  PartitionStart start_;
  bool run_in_batch_ = false;
  absl::Status error_;
};

}  // namespace

std::unique_ptr<RowSource> NewLiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec,
                                         int64_t now_seconds, DeadRunGuide* guide, uint64_t* dead) {
  return std::make_unique<LiveFilter>(std::move(merged), spec, now_seconds, guide, dead);
}

}  // namespace stoa
