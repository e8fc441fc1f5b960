#include "read/predicate_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "read/live_filter.h"
#include "read/merge_support.h"
#include "support/catch.h"
#include "support/status.h"
#include "types/value_codec.h"

namespace stoa::testing {
namespace {

constexpr int64_t kNow = 1000;

TypeKind KindOf(const RowGenerator& generator, uint32_t index) {
  return generator.schema().FindColumn(generator.projection()[index].id)->type.kind();
}

template <typename T>
bool Holds(Comparison comparison, const T& a, const T& b) {
  switch (comparison) {
    case Comparison::kEqual:
      return a == b;
    case Comparison::kLess:
      return a < b;
    case Comparison::kLessOrEqual:
      return a <= b;
    case Comparison::kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

bool Matches(const Predicate& predicate, const ContentCell& cell) {
  if (predicate.kind == TypeKind::kText || predicate.kind == TypeKind::kBlob) {
    return Holds(predicate.comparison, cell.known_bytes(), predicate.bytes);
  }
  if (cell.empty) return false;
  if (predicate.kind == TypeKind::kDouble) {
    return Holds(predicate.comparison, std::bit_cast<double>(cell.word),
                 std::bit_cast<double>(predicate.word));
  }
  return Holds(predicate.comparison, WordToOrdered(predicate.kind, cell.word),
               WordToOrdered(predicate.kind, predicate.word));
}

/// The rows that satisfy all predicates, one by one.
Content Filtered(const Content& live, const Projection& projection,
                 const std::vector<Predicate>& predicates) {
  Content out = live;
  for (ContentPartition& partition : out) {
    std::erase_if(partition.rows, [&](const ContentRow& row) {
      return !std::all_of(predicates.begin(), predicates.end(), [&](const Predicate& predicate) {
        const auto cell = row.cells.find(projection[predicate.index].id);
        return cell != row.cells.end() && Matches(predicate, cell->second);
      });
    });
  }
  return Normalized(out);
}

/// The sharpest zone map there can be: of a single version of a single row.
bool MayMatch(const RowGenerator& generator, const ColumnBounds& bounds, const ContentRow& row) {
  const auto found = row.cells.find(generator.projection()[bounds.index].id);
  if (found == row.cells.end() || found->second.tombstone) return false;
  const ContentCell& cell = found->second;
  const TypeKind kind = KindOf(generator, bounds.index);
  if (!bounds.is_word) {
    const std::string value = cell.known_bytes();
    return value >= bounds.bytes_low && (!bounds.bytes_high.has_value() || value <= *bounds.bytes_high);
  }
  if (cell.empty) return false;
  if (kind == TypeKind::kDouble) {
    const double value = std::bit_cast<double>(cell.word);
    return value >= std::bit_cast<double>(bounds.word_low) &&
           value <= std::bit_cast<double>(bounds.word_high);
  }
  const int64_t value = WordToOrdered(kind, cell.word);
  return value >= bounds.word_low && value <= bounds.word_high;
}

Predicate RandomPredicate(const RowGenerator& generator, const Content& content, Random* random) {
  Predicate predicate;
  predicate.index = static_cast<uint32_t>(random->Uniform(5));
  predicate.kind = KindOf(generator, predicate.index);
  predicate.comparison = static_cast<Comparison>(random->Uniform(5));
  std::vector<const ContentCell*> cells;
  for (const ContentPartition& partition : content) {
    for (const ContentRow& row : partition.rows) {
      const auto cell = row.cells.find(generator.projection()[predicate.index].id);
      if (cell != row.cells.end()) cells.push_back(&cell->second);
    }
  }
  if (cells.empty()) return predicate;
  const ContentCell& cell = *cells[random->Uniform(cells.size())];
  predicate.word = cell.word;
  predicate.bytes = cell.bytes;
  return predicate;
}

Content Read(const std::vector<Content>& contents, const ScanSpec& spec, const VectorSourceOptions& options,
             const std::vector<Predicate>& predicates) {
  std::unique_ptr<RowSource> merged = NewMergeOf(contents, spec, options);
  RowSource* const unfiltered = merged.get();
  const std::unique_ptr<RowSource> filtered = NewStreamValidator(
      NewPredicateFilter(NewLiveFilter(std::move(merged), spec, kNow), unfiltered, spec, predicates), spec);
  return ValueOf(ReadContent(filtered.get(), spec));
}

// Goal: conditions hold of the reconciled row and skipping loses none. Method: random histories over several
// sources with the sharpest possible zone maps, one to three random conditions, against filtering everything.
TEST_CASE("Conditions are evaluated on reconciled rows, skipping loses none [rule]") {
  uint64_t found = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    RowGenerator generator(seed);
    Random& random = generator.random();
    const std::vector<RandomWrite> writes = generator.Writes(80);
    const std::vector<Content> contents = Split(writes, 1 + seed % 4, &random);
    const Content all = MergeOf(writes);
    VectorSourceOptions options;
    options.batch_rows = static_cast<uint32_t>(1 + random.Uniform(6));
    if (seed % 5 != 0) {
      options.may_match = [&](const ColumnBounds& bounds, const PositionView&, const ContentRow& row) {
        return MayMatch(generator, bounds, row);
      };
    }
    for (int i = 0; i < 10; ++i) {
      std::vector<Predicate> predicates;
      for (uint64_t n = 1 + random.Uniform(3); n > 0; --n)
        predicates.push_back(RandomPredicate(generator, all, &random));
      const OwnedRange range = RandomRange(generator.schema(), all, &random);
      ScanSpec spec;
      spec.range = range.view();
      spec.projection = &generator.projection();
      const Content expected =
          Filtered(LiveAt(Restricted(all, spec.range), kNow), generator.projection(), predicates);
      INFO("seed " << seed << " conditions on " << predicates.front().index << " and "
                   << predicates.size() - 1 << " more");
      CHECK(Dump(Read(contents, spec, options, predicates)) == Dump(expected));
      found += RowCount(expected);
    }
  }
  CHECK(found > 1000);
}

// Where nothing can match, nothing is read.
TEST_CASE("What no source can match is not read") {
  RowGenerator generator(3);
  ScanSpec spec;
  spec.projection = &generator.projection();
  const Content content = generator.NextContent(200);
  LoadCounts counts;
  VectorSourceOptions options;
  options.counts = &counts;
  options.may_match = [](const ColumnBounds&, const PositionView&, const ContentRow&) { return false; };
  Predicate predicate;
  predicate.index = 0;
  predicate.kind = KindOf(generator, 0);
  CHECK(Read({content}, spec, options, {predicate}).empty());
  CHECK(counts.batches == 0);
}

// One row per number; which rows are returned for each comparison with a number.
TEST_CASE("Floating point is compared as numbers, a NaN satisfies nothing") {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> numbers = {-infinity, -1.5, -0.0, 0.0, 2.5, infinity, nan, -nan};
  RowGenerator generator(3);
  ContentPartition partition;
  partition.key = "p";
  for (size_t i = 0; i < numbers.size(); ++i) {
    ContentRow row;
    row.clustering = {'\x40', static_cast<char>(i + 1), '\x38'};
    row.has_marker = true;
    row.marker_timestamp = 1;
    row.cells[generator.projection()[2].id] =
        ContentCell{1, kNoExpiry, false, false, std::bit_cast<uint64_t>(numbers[i]), {}};
    partition.rows.push_back(row);
  }
  REQUIRE(KindOf(generator, 2) == TypeKind::kDouble);
  ScanSpec spec;
  spec.projection = &generator.projection();
  VectorSourceOptions options;
  options.may_match = [&](const ColumnBounds& bounds, const PositionView&, const ContentRow& row) {
    return MayMatch(generator, bounds, row);
  };
  const auto rows = [&](Comparison comparison, double number) {
    Predicate predicate{2, TypeKind::kDouble, comparison, std::bit_cast<uint64_t>(number), {}};
    return RowCount(Read({{partition}}, spec, options, {predicate}));
  };
  CHECK(rows(Comparison::kEqual, 0.0) == 2);
  CHECK(rows(Comparison::kEqual, -0.0) == 2);
  CHECK(rows(Comparison::kLess, 0.0) == 2);
  CHECK(rows(Comparison::kLessOrEqual, 0.0) == 4);
  CHECK(rows(Comparison::kGreater, -1.5) == 4);
  CHECK(rows(Comparison::kGreaterOrEqual, -infinity) == 6);
  CHECK(rows(Comparison::kGreaterOrEqual, nan) == 0);
  CHECK(rows(Comparison::kLess, nan) == 0);
  CHECK(rows(Comparison::kEqual, nan) == 0);
}

}  // namespace
}  // namespace stoa::testing
