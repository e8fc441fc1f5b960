#include "read/live_filter.h"

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
  LiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec, int64_t now_seconds)
      : merged_(std::move(merged)),
        now_seconds_(now_seconds),
        builder_(spec.projection, spec.budget),
        merger_(spec.projection) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (!error_.ok()) return error_;
    absl::StatusOr<bool> more = FindLive(batch);
    if (!more.ok()) error_ = more.status();
    return more;
  }

  absl::Status SkipTo(const PositionView& position) override {
    return error_.ok() ? merged_->SkipTo(position) : error_;
  }

 private:
  absl::StatusOr<bool> FindLive(RowBatch* batch) {
    while (true) {
      STOA_ASSIGN_OR_RETURN(const bool more, merged_->Next(batch));
      if (!more) return false;
      if (batch->clean) {
        start_.Pass(batch);
        return true;
      }
      STOA_RETURN_IF_ERROR(states_.Compute(batch, now_seconds_));
      if (batch->row_count() != 0 && states_.AllPlain()) {
        PassRows(batch);
        return true;
      }
      STOA_RETURN_IF_ERROR(Rebuild(batch));
      if (!builder_.empty()) {
        *batch = builder_.Finish();
        return true;
      }
    }
  }

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

  absl::Status Rebuild(RowBatch* batch) {
    builder_.Clear();
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
      builder_.StartRun(run.token, run.key, DeletionTime{}, start_.Take());
    if (state == row_state::kLive) return builder_.AppendRows(*batch, begin, end);
    STOA_RETURN_IF_ERROR(batch->EnsureKeys());
    for (uint32_t row = begin; row < end; ++row) {
      merger_.Start();
      merger_.AddRow(*batch, row);
      merger_.EmitLive(batch->clustering[row], now_seconds_, &builder_);
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<RowSource> merged_;
  const int64_t now_seconds_;
  BatchBuilder builder_;
  RowMerger merger_;
  RowStates states_;
  PartitionStart start_;
  bool run_in_batch_ = false;
  absl::Status error_;
};

}  // namespace

std::unique_ptr<RowSource> NewLiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec,
                                         int64_t now_seconds) {
  return std::make_unique<LiveFilter>(std::move(merged), spec, now_seconds);
}

}  // namespace stoa
