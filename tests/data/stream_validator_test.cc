#include "data/stream_validator.h"

#include <deque>
#include <functional>

#include "data/batch_builder.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa {
namespace {

const Projection kProjection = {{1, 4}};
constexpr DeletionTime kDeletion{5, 5};
constexpr DeletionTime kOther{6, 6};

/// Hands over batches, each built by a function, and then ends.
class Script final : public RowSource {
 public:
  using Step = std::function<absl::StatusOr<RowBatch>(BatchBuilder*)>;
  explicit Script(std::vector<Step> steps) : steps_(std::move(steps)) {}

  absl::StatusOr<bool> Next(RowBatch* batch) override {
    if (next_ == steps_.size()) return false;
    builder_.Clear();
    absl::StatusOr<RowBatch> built = steps_[next_++](&builder_);
    if (!built.ok()) return built.status();
    *batch = *built;
    return true;
  }
  absl::Status SkipTo(const PositionView&) override { return absl::OkStatus(); }

 private:
  std::vector<Step> steps_;
  size_t next_ = 0;
  BatchBuilder builder_{&kProjection};
};

void Row(BatchBuilder* builder, std::string_view clustering) {
  builder->AddRow(clustering, row_flags::kMarker, 1, kNoExpiry, {});
}

ScanSpec Everything() {
  ScanSpec spec;
  spec.projection = &kProjection;
  return spec;
}

/// Which guarantee the validator says is broken; 0: none.
int Broken(const std::vector<Script::Step>& steps, const ScanSpec& spec = Everything()) {
  const std::unique_ptr<RowSource> source = NewStreamValidator(std::make_unique<Script>(steps), spec);
  RowBatch batch;
  while (true) {
    const absl::StatusOr<bool> more = source->Next(&batch);
    if (more.ok() && *more) continue;
    if (more.ok()) return 0;
    const std::string message(more.status().message().data(), more.status().message().size());
    const size_t at = message.find("guarantee ");
    return at == std::string::npos ? -1 : message[at + 10] - '0';
  }
}

/// One batch; `change` may damage what was built.
Script::Step Batch(
    const std::function<void(BatchBuilder*)>& build,
    const std::function<void(RowBatch*)>& change = [](RowBatch*) {}) {
  return [=](BatchBuilder* builder) -> absl::StatusOr<RowBatch> {
    build(builder);
    RowBatch batch = builder->Finish();
    change(&batch);
    return batch;
  };
}

Script::Step Rows(uint64_t token, std::vector<std::string> rows, bool starts = true,
                  const DeletionTime& deletion = {}) {
  return Batch([=](BatchBuilder* builder) {
    builder->StartRun(token, "p", deletion, starts);
    for (const std::string& row : rows) Row(builder, row);
  });
}

// The tests of other sources are worth what the validator sees: each guarantee is broken in every way it can
// be.
TEST_CASE("The validator passes what is right") {
  CHECK(Broken({}) == 0);
  CHECK(Broken({Rows(1, {"a", "b"}), Rows(1, {"c"}, false), Rows(2, {"a"})}) == 0);
  CHECK(Broken({Rows(1, {}, true, kDeletion), Rows(1, {"a"}, false, kDeletion)}) == 0);
}

TEST_CASE("The validator sees order and repeats") {
  CHECK(Broken({Rows(1, {"b", "a"})}) == 1);
  CHECK(Broken({Rows(1, {"a", "a"})}) == 1);
  CHECK(Broken({Rows(1, {"b"}), Rows(1, {"a"}, false)}) == 1);
  CHECK(Broken({Rows(2, {"a"}), Rows(1, {"a"})}) == 1);
  CHECK(Broken({Rows(1, {"a"}), Rows(1, {"b"})}) == 1);
  CHECK(Broken({Rows(1, {"a"}, false)}) == 2);
  CHECK(Broken({Rows(1, {"a"}), Rows(2, {"b"}, false)}) == 2);
  CHECK(Broken({Rows(1, {"a"}), Rows(1, {"b"}, false, kDeletion)}) == 2);
  ScanSpec reverse = Everything();
  reverse.reverse = true;
  CHECK(Broken({Rows(1, {"b", "a"})}, reverse) == 0);
  CHECK(Broken({Rows(1, {"a", "b"})}, reverse) == 1);
}

TEST_CASE("The validator follows range deletions") {
  const auto open_and_close = [](const DeletionTime& first, const DeletionTime& second) {
    return Batch([=](BatchBuilder* builder) {
      builder->StartRun(1, "p", {}, true);
      builder->AddRangeChange("b", first);
      Row(builder, "c");
      builder->AddRangeChange("d", second);
    });
  };
  CHECK(Broken({open_and_close(kDeletion, {})}) == 0);
  CHECK(Broken({open_and_close({}, kDeletion)}) == 3);
  CHECK(Broken({open_and_close(kDeletion, kDeletion)}) == 3);
  CHECK(Broken({open_and_close(kDeletion, kOther)}) == 3);                  // left open at the end
  CHECK(Broken({open_and_close(kDeletion, kOther), Rows(2, {"a"})}) == 3);  // and at the end of a partition
  const auto go_on = [](const DeletionTime& open) {
    return Batch([=](BatchBuilder* builder) {
      builder->Clear(open);
      builder->StartRun(1, "p", {}, false);
      builder->AddRangeChange("x", {});
    });
  };
  CHECK(Broken({open_and_close(kDeletion, kOther), go_on(kOther)}) == 0);
  CHECK(Broken({open_and_close(kDeletion, kOther), go_on(kDeletion)}) == 3);
}

TEST_CASE("The validator sees emptiness, size and range") {
  CHECK(Broken({Batch([](BatchBuilder*) {})}) == 4);
  CHECK(Broken({Rows(1, {})}) == 4);
  CHECK(Broken({Rows(1, {"a"}), Rows(1, {}, false)}) == 4);
  CHECK(Broken({Batch(
            [](BatchBuilder* builder) {
              builder->StartRun(1, "p", {}, true);
              Row(builder, "a");
            },
            [](RowBatch* batch) { batch->end = kBatchRowsMax + 1; })}) == 8);
  ScanSpec spec = Everything();
  spec.range.start = PositionView{1, "p", "b"};
  spec.range.end = PositionView{2, "p", "b"};
  CHECK(Broken({Rows(1, {"b"}), Rows(2, {"a"})}, spec) == 0);
  CHECK(Broken({Rows(1, {"a"})}, spec) == 5);
  CHECK(Broken({Rows(2, {"b"})}, spec) == 5);
  CHECK(Broken({Rows(0, {"c"})}, spec) == 5);
  CHECK(Broken({Rows(3, {"a"})}, spec) == 5);
}

TEST_CASE("The validator checks what a batch says of its rows") {
  const auto changed = [](const std::function<void(RowBatch*)>& change) {
    return Broken({Batch(
        [](BatchBuilder* builder) {
          builder->StartRun(1, "p", {}, true);
          Row(builder, "a");
          builder->SetCell(0, Cell{2, 100, false, false, false, false, 1, {}});
          Row(builder, "b");
        },
        change)});
  };
  CHECK(changed([](RowBatch*) {}) == 0);
  CHECK(changed([](RowBatch* batch) { batch->clean = true; }) == 6);
  CHECK(changed([](RowBatch* batch) { batch->max_timestamp = 1; }) == 6);
  CHECK(changed([](RowBatch* batch) { batch->min_timestamp = 2; }) == 6);
  CHECK(changed([](RowBatch* batch) { batch->first_clustering = "b"; }) == 1);
  CHECK(changed([](RowBatch* batch) { batch->last_clustering = "a"; }) == 1);
  CHECK(changed([](RowBatch* batch) { batch->begin = 1; }) == 1);
}

TEST_CASE("The validator sees a source that goes on after an error") {
  const Script::Step fail = [](BatchBuilder*) -> absl::StatusOr<RowBatch> {
    return absl::DataLossError("bad");
  };
  const std::unique_ptr<RowSource> source = NewStreamValidator(
      std::make_unique<Script>(std::vector<Script::Step>{fail, Rows(1, {"a"})}), Everything());
  RowBatch batch;
  CHECK(source->Next(&batch).status().code() == absl::StatusCode::kDataLoss);
  CHECK(source->Next(&batch).status().code() == absl::StatusCode::kInternal);
}

TEST_CASE("The validator knows what a skip leaves out") {
  const std::unique_ptr<RowSource> source =
      NewStreamValidator(std::make_unique<Script>(std::vector<Script::Step>{
                             Rows(1, {"a"}), Rows(1, {"c"}, false), Rows(2, {"a"})}),
                         Everything());
  RowBatch batch;
  REQUIRE(ValueOf(source->Next(&batch)));
  REQUIRE_OK(source->SkipTo(PositionView{1, "p", "c"}));
  CHECK(source->Next(&batch).ok());
  REQUIRE_OK(source->SkipTo(PositionView{2, "p", "b"}));
  CHECK(source->Next(&batch).status().code() == absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace stoa
