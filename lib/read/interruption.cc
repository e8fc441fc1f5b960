#include "read/interruption.h"

#include <limits>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "base/strings.h"

namespace stoa {
namespace {

class InterruptibleSource final : public RowSource {
 public:
  InterruptibleSource(std::unique_ptr<RowSource> source, const Interruption* interruption,
                      std::string_view table)
      : source_(std::move(source)), interruption_(interruption), table_(table) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    STOA_RETURN_IF_ERROR(interruption_->Check(table_));
    return source_->Next(batch);
  }

  absl::Status SkipTo(const PositionView& position) override {
    STOA_RETURN_IF_ERROR(interruption_->Check(table_));
    return source_->SkipTo(position);
  }

  void LeaveOut(const CoveredStretch& stretch) override { source_->LeaveOut(stretch); }

  absl::StatusOr<std::optional<Position>> NextPossibleMatch(const ColumnBounds& bounds,
                                                            const PositionView& from) override {
    STOA_RETURN_IF_ERROR(interruption_->Check(table_));
    return source_->NextPossibleMatch(bounds, from);
  }

 private:
  const std::unique_ptr<RowSource> source_;
  const Interruption* const interruption_;
  const std::string table_;
};

}  // namespace

Interruption::Interruption(Clock& clock, int64_t timeout_micros, std::stop_token stop)
    : clock_(&clock), timeout_micros_(timeout_micros), stop_(std::move(stop)) {
  if (timeout_micros <= 0) return;
  const int64_t now = clock.NowMonotonicMicros();
  const int64_t most = std::numeric_limits<int64_t>::max() - now;
  deadline_ = now + (timeout_micros < most ? timeout_micros : most);
}

absl::Status Interruption::Check(std::string_view table) const {
  if (stop_.stop_requested()) {
    return absl::CancelledError(StrCat("the read of table ", table, " was stopped by its stop token"));
  }
  if (timeout_micros_ > 0 && clock_->NowMonotonicMicros() > deadline_) {
    return absl::DeadlineExceededError(
        StrCat("the read of table ", table, " took longer than its timeout of ", timeout_micros_, " us"));
  }
  return absl::OkStatus();
}

std::unique_ptr<RowSource> NewInterruptibleSource(std::unique_ptr<RowSource> source,
                                                  const Interruption* interruption, std::string_view table) {
  return std::make_unique<InterruptibleSource>(std::move(source), interruption, table);
}

}  // namespace stoa
