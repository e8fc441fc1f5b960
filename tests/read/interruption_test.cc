// Goal: a read gives up at every block, also while filters go through blocks without a row to hand over.
// Method: a clock that moves on whenever it is read, so that the deadline says how many steps there may be.
#include "read/interruption.h"

#include <limits>

#include "base/strings.h"
#include "read/live_filter.h"
#include "read/merge_support.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

constexpr int64_t kNow = 1000;

class TickingClock : public Clock {
 public:
  int64_t NowWallMicros() override { return 0; }
  int64_t NowMonotonicMicros() override { return now_++; }
  int64_t now() const { return now_; }

 private:
  int64_t now_ = 0;
};

/// Rows of which none lives, one a batch, through the filter of a query.
struct DeadRows {
  explicit DeadRows(uint32_t count) {
    ContentPartition partition;
    partition.key = "p";
    for (uint32_t i = 0; i < count; ++i) {
      ContentRow row;
      row.clustering = {static_cast<char>(i >> 8), static_cast<char>(i)};
      row.has_marker = true;
      row.marker_timestamp = 1;
      row.marker_expiry = kNow - 1;
      partition.rows.push_back(row);
    }
    content.push_back(partition);
    options.batch_rows = 1;
    spec.projection = &generator.projection();
  }

  std::unique_ptr<RowSource> Open(const Interruption* interruption) const {
    std::vector<std::unique_ptr<RowSource>> sources;
    for (int i = 0; i < 2; ++i) {
      sources.push_back(NewInterruptibleSource(NewVectorSource(content, spec, options), interruption, "t"));
    }
    return NewLiveFilter(NewMergeSource(std::move(sources), spec), spec, kNow);
  }

  RowGenerator generator{1};
  Content content;
  VectorSourceOptions options;
  ScanSpec spec;
};

TEST_CASE("a deadline ends a read that finds no rows") {
  const DeadRows rows(1000);
  TickingClock clock;
  const Interruption interruption(clock, 10, {});
  const auto source = rows.Open(&interruption);
  RowBatch batch;
  const absl::Status status = source->Next(&batch).status();
  CHECK(status.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK(FromAbsl(status.message()) == "the read of table t took longer than its timeout of 10 us");
  CHECK(clock.now() == 12);  // the beginning, ten steps in time, one that is late
  CHECK(source->Next(&batch).status() == status);
}

TEST_CASE("a stop token ends a read, which skipping and looking for matches do not escape") {
  const DeadRows rows(10);
  TickingClock clock;
  std::stop_source stop;
  const Interruption interruption(clock, 0, stop.get_token());
  const auto source =
      NewInterruptibleSource(NewVectorSource(rows.content, rows.spec, rows.options), &interruption, "t");
  RowBatch batch;
  CHECK(ValueOf(source->Next(&batch)));
  stop.request_stop();
  const absl::Status status = source->Next(&batch).status();
  CHECK(status.code() == absl::StatusCode::kCancelled);
  CHECK(FromAbsl(status.message()) == "the read of table t was stopped by its stop token");
  CHECK(source->SkipTo(PositionView{}) == status);
  CHECK(source->NextPossibleMatch(ColumnBounds{}, PositionView{}).status() == status);
  CHECK(clock.now() == 0);  // without a timeout nobody asks for the time
}

TEST_CASE("without a timeout and a token nothing interrupts, and a timeout may be as long as time") {
  TickingClock clock;
  CHECK(!Interruption().possible());
  REQUIRE_OK(Interruption().Check("t"));
  CHECK(!Interruption(clock, 0, {}).possible());
  while (clock.now() < 5) clock.NowMonotonicMicros();
  const Interruption endless(clock, std::numeric_limits<int64_t>::max(), {});
  CHECK(endless.possible());
  REQUIRE_OK(endless.Check("t"));
}

}  // namespace
}  // namespace stoa::testing
