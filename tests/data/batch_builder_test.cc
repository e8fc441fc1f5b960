#include "data/batch_builder.h"

#include <algorithm>

#include "data/bits.h"
#include "data/stream_validator.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/row_stream.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

/// All batches of a source, each row given back by one call of `add`.
template <typename Add>
void ForEachBatch(RowSource* source, const Add& add) {
  RowBatch batch;
  while (ValueOf(source->Next(&batch))) add(batch);
}

/// Hands over batches given to it.
class OneBatch final : public RowSource {
 public:
  explicit OneBatch(const RowBatch& batch) : batch_(batch) {}
  absl::StatusOr<bool> Next(RowBatch* batch) override {
    *batch = batch_;
    return !std::exchange(done_, true);
  }
  absl::Status SkipTo(const PositionView&) override { return absl::OkStatus(); }

 private:
  RowBatch batch_;
  bool done_ = false;
};

Content ContentOf(const RowBatch& batch, const ScanSpec& spec) {
  const std::unique_ptr<RowSource> valid = NewStreamValidator(std::make_unique<OneBatch>(batch), spec);
  return ValueOf(ReadContent(valid.get(), spec));
}

// Goal: copying ranges of rows loses and invents nothing, whatever the columns are like where the ranges
// meet. Method: the rows of random batches are copied in pieces of random size, some cell by cell, into one
// batch.
TEST_CASE("Rows copied in pieces are the same rows") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    GeneratorOptions options;
    options.partitions = 1 + seed % 3;
    options.rows_per_partition = 400;
    options.deletion_percent = seed % 4 == 0 ? 0 : 20;
    options.ttl_percent = seed % 3 == 0 ? 0 : 20;
    options.marker_percent = seed % 5 == 0 ? 100 : 70;
    RowGenerator generator(seed, options);
    Random& random = generator.random();
    Content content = generator.NextContent(300);
    for (ContentPartition& partition : content) partition.ranges.clear();
    content = Normalized(content);
    ScanSpec spec;
    spec.projection = &generator.projection();
    VectorSourceOptions source_options;
    source_options.batch_rows = 150;
    source_options.seed = seed;
    const std::unique_ptr<RowSource> source = NewVectorSource(content, spec, source_options);
    BatchBuilder builder(spec.projection);
    builder.Clear();
    bool any_dirty = false;
    ForEachBatch(source.get(), [&](RowBatch& batch) {
      any_dirty |= !batch.clean;
      for (size_t run = 0; run < batch.runs.size(); ++run) {
        const PartitionRun& partition = batch.runs[run];
        if (partition.starts) builder.StartRun(partition.token, partition.key, partition.deletion, true);
        for (uint32_t row = partition.first_row; row < batch.RunEnd(run);) {
          const uint32_t end =
              std::min<uint32_t>(batch.RunEnd(run), row + 1 + static_cast<uint32_t>(random.Uniform(100)));
          if (random.OneIn(3)) {
            REQUIRE_OK(batch.EnsureAll());
            for (; row < end; ++row) {
              builder.AddRow(batch.clustering[row], batch.RowFlags(row), batch.timestamps[row],
                             batch.RowExpiry(row), batch.RowDeletion(row));
              for (const ColumnVector& column : batch.columns) {
                if (column.Has(row)) builder.SetCell(column.index, batch.CellAt(column, row));
              }
            }
          } else {
            REQUIRE_OK(builder.AppendRows(batch, row, end));
            row = end;
          }
        }
      }
    });
    INFO("seed " << seed);
    const RowBatch built = builder.Finish();
    REQUIRE(Dump(ContentOf(built, spec)) == Dump(content));
    CHECK((built.clean || any_dirty));
  }
}

TEST_CASE("Runs of partitions are copied together") {
  GeneratorOptions options;
  options.partitions = 500;
  options.rows_per_partition = 2;
  options.deletion_percent = 0;
  RowGenerator generator(5, options);
  const Content content = generator.NextContent(600);
  ScanSpec spec;
  spec.projection = &generator.projection();
  VectorSourceOptions source_options;
  source_options.batch_rows = 2000;
  const std::unique_ptr<RowSource> source = NewVectorSource(content, spec, source_options);
  RowBatch batch;
  REQUIRE(ValueOf(source->Next(&batch)));
  REQUIRE(batch.runs.size() > 100);
  BatchBuilder builder(spec.projection);
  builder.StartRun(batch.runs[0].token, batch.runs[0].key, {}, true);
  REQUIRE_OK(builder.AppendRuns(batch, 0, batch.runs[50].first_row, batch.runs.subspan(1, 49)));
  REQUIRE_OK(builder.AppendRuns(batch, batch.runs[50].first_row, batch.end, batch.runs.subspan(50)));
  CHECK(Dump(ContentOf(builder.Finish(), spec)) == Dump(content));
}

// Goal: a builder that views copies nothing but what its caller may take away: keys of runs that are started.
TEST_CASE("Builders that view do not copy values") {
  const Projection projection = {{1, 0}, {2, 0}};
  const std::string key = "partition";
  const std::string clustering = "row";
  const std::string value = "value";
  const auto cell_of = [](const std::string& bytes) {
    Cell cell;
    cell.timestamp = 5;
    cell.bytes = bytes;
    return cell;
  };
  for (const BatchBuilder::Bytes bytes : {BatchBuilder::Bytes::kCopied, BatchBuilder::Bytes::kViewed}) {
    const bool viewed = bytes == BatchBuilder::Bytes::kViewed;
    BatchBuilder builder(&projection, nullptr, bytes);
    builder.StartRun(1, key, {}, true);
    builder.AddRow(clustering, row_flags::kMarker, 5, kNoExpiry, {});
    builder.SetCell(0, cell_of(value));
    RowBatch batch = builder.Finish();
    CHECK(batch.runs[0].key.data() != key.data());
    CHECK((batch.clustering[0].data() == clustering.data()) == viewed);
    CHECK((batch.columns[0].bytes[0].data() == value.data()) == viewed);
    CHECK(builder.byte_count() >= key.size() + clustering.size() + value.size());

    BatchBuilder again(&projection, nullptr, bytes);
    again.StartRun(0, "before", {}, true);
    REQUIRE_OK(again.AppendRuns(batch, 0, 1, batch.runs));
    const RowBatch appended = again.Finish();
    REQUIRE(appended.runs.size() == 2);
    CHECK((appended.runs[1].key.data() == batch.runs[0].key.data()) == viewed);
    CHECK((appended.clustering[0].data() == batch.clustering[0].data()) == viewed);
    CHECK((appended.columns[0].bytes[0].data() == batch.columns[0].bytes[0].data()) == viewed);
    CHECK(appended.columns[0].bytes[0] == value);
  }
}

TEST_CASE("Optional arrays exist only where a row needs them") {
  const Projection projection = {{1, 4}, {2, 0}, {3, 8}};
  BatchBuilder builder(&projection);
  builder.StartRun(1, "p", {}, true);
  for (int i = 0; i < 100; ++i) {
    builder.AddRow(std::string(1, static_cast<char>(i)), row_flags::kMarker, 5, kNoExpiry, {});
    builder.SetCell(0, Cell{5, kNoExpiry, false, false, false, false, 9, {}});
  }
  RowBatch batch = builder.Finish();
  CHECK(batch.clean);
  CHECK((batch.flags == nullptr && batch.expiries == nullptr && batch.deletions == nullptr));
  CHECK((batch.min_timestamp == 5 && batch.max_timestamp == 5));
  REQUIRE(batch.columns.size() == 1);
  const ColumnVector& plain = batch.columns[0];
  CHECK((plain.present == nullptr && plain.timestamps == nullptr && plain.expiries == nullptr &&
         plain.flags == nullptr));

  builder.AddRow("z", 0, 6, kNoExpiry, {});
  builder.SetCell(2, Cell{7, 100, true, false, false, false, 0, {}});
  batch = builder.Finish();
  CHECK(!batch.clean);
  REQUIRE(batch.columns.size() == 2);
  CHECK(batch.columns[0].present != nullptr);
  CHECK(!batch.columns[0].Has(100));
  CHECK(batch.columns[1].index == 2);
  CHECK((batch.columns[1].Has(100) && !batch.columns[1].Has(99)));
  CHECK(batch.CellAt(batch.columns[1], 100).tombstone);
  CHECK(batch.CellAt(batch.columns[1], 100).timestamp == 7);
  CHECK(batch.CellAt(batch.columns[1], 100).expiry == 100);
  CHECK(batch.max_timestamp == 7);

  builder.Clear();
  CHECK(builder.empty());
  CHECK(builder.Finish().columns.empty());
}

// What a builder takes is charged when a batch is finished, and released with the builder.
TEST_CASE("A builder's memory is charged") {
  const Projection projection = {{1, 8}, {2, 0}};
  MemoryBudget budget(0);
  {
    BatchBuilder builder(&projection, &budget);
    CHECK(budget.used() == 0);
    builder.StartRun(1, "p", {}, true);
    const std::string text(1000, 'x');
    for (uint64_t row = 0; row < 100; ++row) {
      builder.AddRow("r" + std::to_string(100 + row), row_flags::kMarker, 5, kNoExpiry, {});
      Cell cell;
      cell.timestamp = 5;
      cell.word = row;
      builder.SetCell(0, cell);
      cell.bytes = text;
      builder.SetCell(1, cell);
    }
    builder.Finish();
    CHECK(budget.used() >= builder.byte_count());
    CHECK(budget.used() < 4 * builder.byte_count());
  }
  CHECK(budget.used() == 0);
}

// A projection of thousands of columns, each row with one of them: batches are finished before the arrays,
// which are as long as the batch, fill the memory.
TEST_CASE("Thousands of sparse columns") {
  Projection projection;
  for (ColumnId id = 1; id <= 5000; ++id) projection.push_back({id, 8});
  BatchBuilder builder(&projection);
  builder.StartRun(1, "p", {}, true);
  uint32_t rows = 0;
  for (; !builder.full(); ++rows) {
    builder.AddRow("r" + std::to_string(1000000 + rows), row_flags::kMarker, 5, kNoExpiry, {});
    builder.SetCell(4999 - rows % 5000, Cell{5, kNoExpiry, false, false, false, false, rows, {}});
  }
  CHECK(rows > 200);
  CHECK(builder.byte_count() < 1 << 20);
  const RowBatch batch = builder.Finish();
  CHECK(batch.columns.size() == rows);
  for (uint32_t i = 0; i < batch.columns.size(); ++i) {
    const uint32_t row = batch.row_count() - 1 - i;
    CHECK((batch.columns[i].Has(row) && batch.columns[i].words[row] == row));
  }
}

TEST_CASE("Ranges of bits") {
  Random random(3);
  std::vector<uint64_t> from(8);
  for (uint64_t& word : from) word = random.Next();
  for (int i = 0; i < 2000; ++i) {
    const size_t begin = random.Uniform(500);
    const size_t end = begin + random.Uniform(512 - begin);
    const size_t to = random.Uniform(130);
    std::vector<uint64_t> copy(12);
    ForEachBitWord(from.data(), begin, end, [&](size_t at, uint64_t bits) {
      OrBits(copy.data(), to + at - begin, std::min<size_t>(end - at, 64), bits);
    });
    bool any = false;
    std::vector<size_t> set;
    for (size_t bit = 0; bit < 12 * 64; ++bit) {
      const bool inside = bit >= to && bit < to + end - begin;
      const size_t source = bit - to + begin;
      const bool expected = inside && ((from[source / 64] >> (source % 64)) & 1) != 0;
      REQUIRE((((copy[bit / 64] >> (bit % 64)) & 1) != 0) == expected);
      any |= expected;
      if (expected) set.push_back(source);
    }
    CHECK(AnyBit(from.data(), begin, end) == any);
    std::vector<size_t> visited;
    ForEachBit(from.data(), begin, end, [&](size_t bit) { visited.push_back(bit); });
    CHECK(visited == set);
    std::vector<uint64_t> filled(12);
    SetBits(filled.data(), begin, end);
    for (size_t bit = 0; bit < 12 * 64; ++bit) {
      REQUIRE((((filled[bit / 64] >> (bit % 64)) & 1) != 0) == (bit >= begin && bit < end));
    }
  }
}

}  // namespace
}  // namespace stoa::testing
