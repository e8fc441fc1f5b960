#include "read/static_join.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/strings.h"
#include "data/static_row.h"
#include "read/live_filter.h"
#include "read/merge_support.h"
#include "schema/cell_columns.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

constexpr int64_t kNow = 1000;

bool HasStatics(const ContentPartition& partition) {
  return !partition.rows.empty() && IsStaticRow(partition.rows.front().clustering);
}

/// The definition of the join, for a content that is alive.
Content Joined(const Content& live, const PositionRange& range, bool rows_of_statics) {
  Content out;
  for (ContentPartition partition : live) {
    const std::optional<ContentRow> statics =
        HasStatics(partition) ? std::optional<ContentRow>(partition.rows.front()) : std::nullopt;
    if (statics.has_value()) partition.rows.erase(partition.rows.begin());
    const bool has_rows = !partition.rows.empty();
    for (ContentRow& row : partition.rows) {
      if (statics.has_value()) row.cells.insert(statics->cells.begin(), statics->cells.end());
    }
    if (statics.has_value() && !has_rows && rows_of_statics) partition.rows.push_back(*statics);
    out.push_back(std::move(partition));
  }
  return Normalized(Restricted(Normalized(out), range));
}

/// A content with statics, what is alive of it, and how a query would read it.
class JoinCase {
 public:
  explicit JoinCase(uint64_t seed) : generator_(seed, Options(seed)) {
    const std::vector<RandomWrite> writes = generator_.Writes(static_cast<uint32_t>(20 + seed % 80));
    contents_ = Split(writes, 1 + seed % 3, &random());
    live_ = LiveAt(MergeOf(writes), kNow);
    source_options_.batch_rows = static_cast<uint32_t>(1 + random().Uniform(9));
    source_options_.seed = random().OneIn(2) ? seed : 0;
    source_options_.calls_left = &calls_left;
    for (const ProjectedColumn& column : generator_.projection()) {
      is_static_.push_back(FindById(generator_.schema().static_columns(), column.id) != nullptr);
    }
  }

  Random& random() { return generator_.random(); }
  const Content& live() const { return live_; }
  const Projection& projection() const { return generator_.projection(); }
  int64_t calls_left = -1;

  /// The join of what is alive in `spec`; static rows are in the stream, or read one by one.
  std::unique_ptr<RowSource> Open(const ScanSpec& spec, bool in_stream, bool rows_of_statics) {
    StaticJoinRules rules;
    rules.is_static = is_static_;
    rules.in_stream = in_stream;
    rules.rows_of_statics = rows_of_statics;
    rules.read = [this](const PositionView& partition, BatchBuilder* builder) {
      return ReadStatics(partition, builder);
    };
    std::vector<Content> contents = contents_;
    for (Content& content : contents) {
      for (ContentPartition& partition : content) {
        if (!in_stream && HasStatics(partition)) partition.rows.erase(partition.rows.begin());
      }
    }
    // Read backwards, a row of statics comes from beyond the range of rows.
    ScanSpec wide = spec;
    if (spec.reverse) wide.range.start.clustering = {};
    return NewStreamValidator(
        NewStaticJoin(NewLiveFilter(NewMergeOf(contents, spec, source_options_), spec, kNow), spec,
                      std::move(rules)),
        wide);
  }

 private:
  static GeneratorOptions Options(uint64_t seed) {
    GeneratorOptions options;
    options.static_percent = seed % 3 == 0 ? 60 : 25;
    options.partitions = seed % 2 == 0 ? 4 : 40;
    return options;
  }

  absl::Status ReadStatics(const PositionView& partition, BatchBuilder* builder) {
    const std::string behind = std::string(StaticRowKey()) + '\0';
    ScanSpec spec;
    spec.projection = &projection();
    spec.range.start = PositionView{partition.token, partition.key, StaticRowKey()};
    spec.range.end = PositionView{partition.token, partition.key, behind};
    const std::unique_ptr<RowSource> source = NewVectorSource(live_, spec, source_options_);
    RowBatch batch;
    const absl::StatusOr<bool> found = source->Next(&batch);
    if (!found.ok() || !*found) return found.status();
    builder->StartRun(partition.token, partition.key, DeletionTime{}, true);
    return builder->AppendRows(batch, batch.begin, batch.end);
  }

  RowGenerator generator_;
  std::vector<Content> contents_;
  Content live_;
  VectorSourceOptions source_options_;
  std::vector<bool> is_static_;
};

/// The ways in which queries read: what is read, in which direction, and what that means for statics.
struct Scan {
  OwnedRange range;
  bool reverse = false;
  bool in_stream = true;
  bool rows_of_statics = true;

  ScanSpec Spec(const Projection& projection) const {
    ScanSpec spec;
    spec.range = range.view();
    spec.reverse = reverse;
    spec.projection = &projection;
    return spec;
  }
};

Position StartOf(const ContentPartition& partition, std::string_view clustering) {
  return Position(PositionView{partition.token, partition.key, clustering});
}

/// Of consecutive partitions, or from within one of them, as after a page.
Scan RandomScan(JoinCase& test) {
  Scan scan;
  Random& random = test.random();
  const Content& live = test.live();
  scan.rows_of_statics = !random.OneIn(4);
  scan.in_stream = !random.OneIn(4);
  if (live.empty()) return scan;
  const uint64_t first = random.Uniform(live.size());
  if (!random.OneIn(3)) scan.range.start = StartOf(live[first], {});
  if (!random.OneIn(3)) scan.range.end = StartOf(live[first + random.Uniform(live.size() - first)], {});
  if (scan.range.end.has_value() && random.OneIn(2)) scan.range.end->key.push_back('\0');
  if (random.OneIn(2)) {
    const std::vector<ContentRow>& rows = live[first].rows;
    scan.range.start = StartOf(live[first], rows[random.Uniform(rows.size())].clustering + '\0');
    if (scan.range.end.has_value()) scan.range.end = std::max(*scan.range.end, scan.range.start);
  }
  // Without static rows in the stream a partition without rows is not seen.
  if (!scan.in_stream) scan.rows_of_statics = false;
  return scan;
}

/// A slice, or all, of one partition.
Scan RandomSliceScan(JoinCase& test) {
  Scan scan;
  Random& random = test.random();
  scan.in_stream = false;
  scan.reverse = random.OneIn(2);
  const ContentPartition none;
  const ContentPartition& partition =
      test.live().empty() ? none : test.live()[random.Uniform(test.live().size())];
  scan.range.start = StartOf(partition, std::string(1, kBoundBefore));
  scan.range.end = StartOf(partition, std::string(1, kBoundAfter));
  scan.rows_of_statics = scan.reverse && random.OneIn(2);
  if (scan.rows_of_statics || partition.rows.empty()) return scan;
  const auto cut = [&](Position* position) {
    const std::string& key = partition.rows[random.Uniform(partition.rows.size())].clustering;
    if (random.OneIn(2) && !IsStaticRow(key))
      position->clustering = key + std::string(random.Uniform(2), '\0');
  };
  cut(&scan.range.start);
  cut(&*scan.range.end);
  if (*scan.range.end < scan.range.start) std::swap(*scan.range.end, scan.range.start);
  return scan;
}

/// What the scan should give.
Content Expected(const JoinCase& test, const Scan& scan) {
  OwnedRange range = scan.range;
  if (scan.reverse && scan.rows_of_statics) range.start.clustering.clear();
  return Joined(test.live(), range.view(), scan.rows_of_statics);
}

void CheckScan(JoinCase& test, const Scan& scan) {
  INFO((scan.reverse ? "reverse" : "forward")
       << (scan.in_stream ? ", statics in the stream" : "")
       << (scan.rows_of_statics ? ", rows of statics" : "") << ", from " << scan.range.start.token << " "
       << HexDump(scan.range.start.clustering));
  const ScanSpec spec = scan.Spec(test.projection());
  const std::unique_ptr<RowSource> source = test.Open(spec, scan.in_stream, scan.rows_of_statics);
  CHECK(Dump(Normalized(ValueOf(ReadContent(source.get(), spec)))) == Dump(Expected(test, scan)));
  RowBatch batch;
  CHECK_FALSE(ValueOf(source->Next(&batch)));
}

// Goal: every row has its partition's statics, in whatever way it is read. Method: random histories, read as
// queries do: all partitions, some, from within one, slices and all of one in both directions, with static
// rows in the stream and read apart; against the definition.
TEST_CASE("Rows are joined with the statics of their partition [rule]") {
  uint64_t rows = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    JoinCase test(seed);
    INFO("seed " << seed);
    CheckScan(test, Scan{});
    for (int i = 0; i < 10; ++i) {
      CheckScan(test, RandomScan(test));
      CheckScan(test, RandomSliceScan(test));
    }
    rows += RowCount(test.live());
  }
  CHECK(rows > 2000);
}

// Goal: what is skipped to is what would have come. Method: some batches, then a skip to a partition, or into
// one, after what was handed over; against the definition.
TEST_CASE("A join can be skipped") {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    JoinCase test(seed);
    Random& random = test.random();
    if (test.live().empty()) continue;
    INFO("seed " << seed);
    const Scan scan;
    const ScanSpec spec = scan.Spec(test.projection());
    const std::unique_ptr<RowSource> source = test.Open(spec, true, true);
    RowBatch batch;
    Position after;
    for (uint64_t n = random.Uniform(4); n > 0 && ValueOf(source->Next(&batch)); --n) {
      const PartitionRun& run = batch.runs.back();
      after = Position(PositionView{run.token, run.key, batch.last_clustering});
    }
    const ContentPartition& partition = test.live()[random.Uniform(test.live().size())];
    Position to = StartOf(partition, random.OneIn(2) ? std::string_view() : partition.rows.back().clustering);
    if (to <= after) {
      to = after;
      to.clustering.push_back('\0');
    }
    REQUIRE_OK(source->SkipTo(to));
    ContentCollector rest(spec);
    rest.SkippedTo(to);
    while (ValueOf(source->Next(&batch))) REQUIRE_OK(rest.Add(batch));
    OwnedRange range;
    range.start = to;
    CHECK(Dump(Normalized(rest.Finish())) == Dump(Joined(test.live(), range.view(), true)));
  }
}

// Goal: an error ends the stream. Method: every call below the join fails once, that for statics included.
TEST_CASE("Errors below a join are final") {
  for (uint64_t seed : {1, 2, 3, 6}) {
    JoinCase test(seed);
    for (const bool in_stream : {true, false}) {
      const Scan scan;
      const ScanSpec spec = scan.Spec(test.projection());
      for (int64_t n = 0;; ++n) {
        test.calls_left = n;
        const std::unique_ptr<RowSource> source = test.Open(spec, in_stream, in_stream);
        const absl::StatusOr<Content> content = ReadContent(source.get(), spec);
        test.calls_left = -1;
        if (content.ok()) break;
        RowBatch batch;
        const absl::StatusOr<bool> next = source->Next(&batch);
        if (next.ok()) continue;  // a load failed, of a batch handed over
        CHECK(source->SkipTo(spec.range.start) == next.status());
      }
    }
  }
}

}  // namespace
}  // namespace stoa::testing
