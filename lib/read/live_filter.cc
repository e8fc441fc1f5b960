#include "read/live_filter.h"

#include <utility>

#include "base/status_macros.h"
#include "data/batch_builder.h"

namespace stoa {
namespace {

bool Expired(int64_t expiry, int64_t now_seconds) { return expiry <= now_seconds; }

class LiveFilter : public RowSource {
 public:
  LiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec, int64_t now_seconds)
      : merged_(std::move(merged)), now_seconds_(now_seconds), builder_(spec.projection) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    for (;;) {
      STOA_ASSIGN_OR_RETURN(const bool more, merged_->Next(&input_));
      if (!more) return false;
      const bool fresh_partition = StartsPartition();
      if (input_.clean && input_.row_count() > 0 && (fresh_partition || handed_over_)) {
        *batch = input_;
        handed_over_ = true;
        return true;
      }
      STOA_RETURN_IF_ERROR(Rebuild());
      if (!builder_.empty()) {
        *batch = builder_.Finish();
        return true;
      }
    }
  }

  absl::Status SkipTo(const PositionView& position) override { return merged_->SkipTo(position); }

 private:
  /// Notes whether the partition with which the batch begins has been handed over.
  bool StartsPartition() {
    const bool starts = input_.runs.front().starts;
    if (starts) handed_over_ = false;
    return starts;
  }

  /// Copies what is alive. A partition starts with its first live row, wherever that is.
  absl::Status Rebuild() {
    STOA_RETURN_IF_ERROR(input_.EnsureAll());
    builder_.Clear();
    for (uint32_t run = 0; run < input_.runs.size(); ++run) {
      const PartitionRun& partition = input_.runs[run];
      if (partition.starts) handed_over_ = false;
      const uint32_t end = run + 1 < input_.runs.size() ? input_.runs[run + 1].first_row : input_.end;
      bool in_batch = false;
      for (uint32_t row = run == 0 ? input_.begin : partition.first_row; row < end; ++row) {
        if (!IsLive(row)) continue;
        if (!in_batch) {
          builder_.StartRun(partition.token, partition.key, DeletionTime{}, !handed_over_);
          in_batch = true;
          handed_over_ = true;
        }
        CopyLive(row);
      }
    }
    return absl::OkStatus();
  }

  bool CellIsLive(const ColumnVector& column, uint32_t row) const {
    if (!column.Has(row)) return false;
    const Cell cell = input_.CellAt(column, row);
    return !cell.tombstone && !Expired(cell.expiry, now_seconds_);
  }

  bool MarkerIsLive(uint32_t row) const {
    return (input_.RowFlags(row) & row_flags::kMarker) != 0 && !Expired(input_.RowExpiry(row), now_seconds_);
  }

  bool IsLive(uint32_t row) const {
    if (MarkerIsLive(row)) return true;
    for (const ColumnVector& column : input_.columns) {
      if (CellIsLive(column, row)) return true;
    }
    return false;
  }

  void CopyLive(uint32_t row) {
    builder_.AddRow(input_.clustering[row], MarkerIsLive(row) ? row_flags::kMarker : 0, input_.timestamps[row],
                    input_.RowExpiry(row), DeletionTime{});
    for (const ColumnVector& column : input_.columns) {
      if (CellIsLive(column, row)) builder_.SetCell(column.index, input_.CellAt(column, row));
    }
  }

  const std::unique_ptr<RowSource> merged_;
  const int64_t now_seconds_;
  BatchBuilder builder_;
  RowBatch input_;
  /// Whether the partition being read has started in what was handed over.
  bool handed_over_ = false;
};

}  // namespace

std::unique_ptr<RowSource> NewLiveFilter(std::unique_ptr<RowSource> merged, const ScanSpec& spec,
                                         int64_t now_seconds) {
  return std::make_unique<LiveFilter>(std::move(merged), spec, now_seconds);
}

}  // namespace stoa
