#include "data/row_source_conformance.h"

#include <algorithm>

#include "base/strings.h"
#include "data/stream_validator.h"
#include "support/catch.h"
#include "types/byte_comparable.h"

namespace stoa::testing {
namespace {

std::string Text(const Position& position) {
  return StrCat("(", position.token, ", ", HexDump(position.key), ", ", HexDump(position.clustering, 100),
                ")");
}

/// A scan with what its views point to.
struct Scan {
  OwnedRange range;
  Projection projection;
  ScanSpec spec;

  Scan(const OwnedRange& scan_range, const Projection& columns, bool reverse, uint32_t rows_hint)
      : range(scan_range), projection(columns) {
    spec.range = range.view();
    spec.reverse = reverse;
    spec.projection = &projection;
    spec.rows_hint = rows_hint;
  }
  Scan(const Scan&) = delete;
  Scan& operator=(const Scan&) = delete;

  std::string ToString() const {
    return StrCat(spec.reverse ? "reverse " : "", "from ", Text(range.start), " to ",
                  range.end.has_value() ? Text(*range.end) : "the end", ", ", projection.size(),
                  " columns, hint ", spec.rows_hint);
  }
};

std::unique_ptr<RowSource> Open(const RowSourceCase& test, const Scan& scan) {
  std::unique_ptr<RowSource> source = test.open(scan.spec);
  REQUIRE(source != nullptr);
  return NewStreamValidator(std::move(source), scan.spec);
}

/// Where the range touches so little of a partition that nothing can be there, its deletion may or may not be
/// handed over.
void DropDoubtfulPartitions(Content* content, const PositionRange& range) {
  std::erase_if(*content, [&](const ContentPartition& partition) {
    if (!partition.rows.empty() || !partition.ranges.empty()) return false;
    const PositionView start{partition.token, partition.key, {}};
    const bool cut_low = start.SamePartition(range.start) && !range.start.clustering.empty() &&
                         range.start.clustering >= std::string_view(&kBoundAfter, 1);
    const bool cut_high = range.end.has_value() && start.SamePartition(*range.end) &&
                          range.end->clustering <= std::string_view(&kBoundBefore, 1);
    return cut_low || cut_high;
  });
}

void CheckContent(const RowSourceCase& test, Content actual, const PositionRange& range, const Scan& scan) {
  Content expected = Projected(Restricted(test.expected, range), scan.projection);
  if (test.is_merge) {
    CHECK(Dump(Projected(actual, scan.projection)) == Dump(Projected(Normalized(actual), scan.projection)));
  }
  actual = Projected(Restricted(Normalized(actual), range), scan.projection);
  DropDoubtfulPartitions(&expected, range);
  DropDoubtfulPartitions(&actual, range);
  CHECK(Dump(actual) == Dump(expected));
}

void CheckScan(const RowSourceCase& test, const Scan& scan) {
  INFO(scan.ToString());
  const std::unique_ptr<RowSource> source = Open(test, scan);
  const absl::StatusOr<Content> actual = ReadContent(source.get(), scan.spec);
  INFO(actual.status().ToString());
  REQUIRE(actual.ok());
  CheckContent(test, *actual, scan.spec.range, scan);
  RowBatch batch;
  const absl::StatusOr<bool> more = source->Next(&batch);
  CHECK((more.ok() && !*more));
}

/// What is left of `rest` after `last` was handed over and `to` skipped to.
OwnedRange Remaining(OwnedRange rest, bool reverse, const std::optional<Position>& last, const Position& to) {
  const auto just_after = [](Position position) {
    position.clustering.push_back('\0');
    return position;
  };
  if (!reverse) {
    if (last.has_value()) rest.start = std::max(rest.start, just_after(*last));
    rest.start = std::max(rest.start, to);
    return rest;
  }
  if (last.has_value() && !last->clustering.empty()) rest.end = std::min(*rest.end, *last);
  rest.end = std::min(*rest.end, just_after(to));
  return rest;
}

/// Reads some batches, skips, reads on, maybe skips again; compares what comes after each skip.
void CheckSkips(const RowSourceCase& test, const Scan& scan, Random* random) {
  INFO("with skips, " << scan.ToString());
  const std::unique_ptr<RowSource> source = Open(test, scan);
  std::optional<Position> last;
  const auto read = [&](ContentCollector* collector, uint64_t batches) {
    RowBatch batch;
    for (uint64_t i = 0; i < batches; ++i) {
      const absl::StatusOr<bool> more = source->Next(&batch);
      INFO(more.status().ToString());
      REQUIRE(more.ok());
      if (!*more) return;
      REQUIRE(collector->Add(batch).ok());
      last = collector->last();
    }
  };
  OwnedRange rest = scan.range;
  ContentCollector before(scan.spec);
  read(&before, random->Uniform(3));
  for (uint64_t skips = 1 + random->Uniform(3); skips > 0; --skips) {
    Position to = RandomPosition(*test.schema, test.expected, random);
    if (scan.spec.reverse) {
      to.token = scan.range.start.token;
      to.key = scan.range.start.key;
      to = std::min(to, *rest.end);
    } else {
      to = std::max(to, rest.start);
    }
    // Not before what was handed over.
    if (last.has_value() && !scan.spec.reverse) to = std::max(to, *last);
    if (last.has_value() && scan.spec.reverse && !last->clustering.empty()) to = std::min(to, *last);
    INFO("skip to " << Text(to) << " after " << (last.has_value() ? Text(*last) : "nothing"));
    REQUIRE(source->SkipTo(to).ok());
    rest = Remaining(rest, scan.spec.reverse, last, to);
    const std::optional<Position> last_before = last;
    ContentCollector after(scan.spec);
    after.SkippedTo(scan.spec.reverse ? rest.end->view() : rest.start.view());
    if (skips > 1) {
      read(&after, 1 + random->Uniform(2));
      if (!after.any()) return;
      continue;
    }
    read(&after, UINT64_MAX);
    // Of the partition in which the skip ends, START was handed over before, or not at all if nothing
    // follows. (The end of a range deletion at the place itself follows, and is nothing.)
    Content actual = test.is_merge ? after.Finish() : Normalized(after.Finish());
    RowSourceCase rest_of_test = test;
    const auto handed_over = [&](const ContentPartition& partition) {
      return last_before.has_value() && partition.rows.empty() && partition.ranges.empty() &&
             last_before->view().SamePartition(PositionView{partition.token, partition.key, {}});
    };
    rest_of_test.expected = Projected(Restricted(test.expected, rest.view()), scan.projection);
    std::erase_if(rest_of_test.expected, handed_over);
    std::erase_if(actual, handed_over);
    CheckContent(rest_of_test, std::move(actual), rest.view(), scan);
  }
}

/// Guarantee 9, for every read of one scan.
void CheckErrors(const RowSourceCase& test, const Scan& scan) {
  INFO("failing reads, " << scan.ToString());
  for (int64_t n = 0;; ++n) {
    REQUIRE(n < 100000);
    test.fail_read(n);
    const std::unique_ptr<RowSource> source = test.open(scan.spec);
    if (source == nullptr) continue;
    const absl::StatusOr<Content> content = ReadContent(source.get(), scan.spec);
    if (content.ok()) {
      test.fail_read(-1);
      CheckContent(test, *content, scan.spec.range, scan);
      return;
    }
    test.fail_read(-1);
    RowBatch batch;
    // A load that failed does not spend the source; a Next that failed does.
    const absl::StatusOr<bool> first = source->Next(&batch);
    if (first.ok()) continue;
    for (int i = 0; i < 2; ++i) {
      CHECK(source->Next(&batch).status() == first.status());
      CHECK(source->SkipTo(scan.spec.range.start) == first.status());
    }
  }
}

}  // namespace

void CheckRowSource(const RowSourceCase& test, uint64_t seed) {
  INFO("conformance of a row source, seed " << seed);
  Random random(seed ^ 0x5eed);
  const Projection all = FullProjection(*test.schema);
  const auto hint = [&] { return static_cast<uint32_t>(random.OneIn(2) ? 0 : 1 + random.Uniform(20)); };
  const auto range = [&](bool slice) {
    return slice ? RandomSlice(*test.schema, test.expected, &random)
                 : RandomRange(*test.schema, test.expected, &random);
  };
  CheckScan(test, Scan(OwnedRange{}, all, false, 0));
  CheckScan(test, Scan(OwnedRange{}, Projection{}, false, 0));
  for (uint32_t i = 0; i < test.scans; ++i) {
    CheckScan(test, Scan(range(false), all, false, hint()));
    CheckScan(test, Scan(range(true), all, false, hint()));
    CheckScan(test, Scan(range(true), all, true, hint()));
    const bool slice = random.OneIn(2);
    CheckScan(test,
              Scan(range(slice), RandomProjection(*test.schema, &random), slice && random.OneIn(2), hint()));
    CheckSkips(test, Scan(range(random.OneIn(3)), all, false, hint()), &random);
    CheckSkips(test, Scan(OwnedRange{}, all, false, hint()), &random);
    CheckSkips(test, Scan(range(true), all, true, hint()), &random);
  }
  if (!test.fail_read) return;
  CheckErrors(test, Scan(OwnedRange{}, all, false, 0));
  CheckErrors(test, Scan(range(true), all, true, 0));
}

}  // namespace stoa::testing
