#include "memtable/memtable.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "data/row_source_conformance.h"
#include "io/random.h"
#include "support/catch.h"
#include "support/row_content.h"
#include "support/row_generator.h"
#include "support/row_stream.h"
#include "support/status.h"
#include "types/byte_comparable.h"

namespace stoa {
namespace {

using testing::Content;
using testing::RandomWrite;
using testing::RowGenerator;

constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();

void Apply(const RandomWrite& write, uint64_t sequence, Memtable* memtable) {
  MutationReader reader(write.mutations, write.context);
  Mutation mutation;
  while (reader.Next(&mutation)) memtable->Apply(mutation, write.context, sequence);
  REQUIRE(reader.ok());
}

/// Random writes in a memtable under random sequences, ascending but for neighbours.
struct Filled {
  explicit Filled(uint64_t seed, const testing::GeneratorOptions& options, uint32_t count)
      : generator(seed, options),
        memtable(generator.schema().id(), nullptr),
        writes(generator.Writes(count)) {
    for (uint64_t i = 0; i < writes.size(); ++i) {
      sequences.push_back(1 + i + generator.random().Uniform(5));
      Apply(writes[i], sequences[i], &memtable);
    }
  }

  /// What a reader of `max_sequence` should see.
  Content Expected(uint64_t max_sequence) const {
    std::vector<const Content*> parts;
    for (size_t i = 0; i < writes.size(); ++i) {
      if (sequences[i] <= max_sequence) parts.push_back(&writes[i].content);
    }
    return testing::MergeContents(parts);
  }

  RowGenerator generator;
  Memtable memtable;
  std::vector<RandomWrite> writes;
  std::vector<uint64_t> sequences;
};

testing::GeneratorOptions RandomOptions(uint64_t seed) {
  Random random(seed);
  testing::GeneratorOptions options;
  options.partitions = 1 + static_cast<uint32_t>(random.Uniform(random.OneIn(2) ? 4 : 60));
  options.rows_per_partition = 1 + static_cast<uint32_t>(random.Uniform(random.OneIn(2) ? 8 : 200));
  options.deletion_percent = static_cast<uint32_t>(random.Uniform(60));
  return options;
}

TEST_CASE("memtable: sources conform, at every snapshot", "[memtable]") {
  // Goal: all guarantees of the row stream, and the right content for any sequence. Method: the conformance
  // suite over random mutations of all kinds, against their reconciliation in plain lists.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const uint32_t count = 1 + static_cast<uint32_t>(random.Uniform(seed % 10 == 0 ? 3000 : 300));
    Filled filled(seed, RandomOptions(seed), count);
    for (int snapshot = 0; snapshot < 3; ++snapshot) {
      const uint64_t max_sequence = snapshot == 0 ? kAll : random.Uniform(count + 5);
      testing::RowSourceCase test;
      test.schema = &filled.generator.schema();
      test.expected = filled.Expected(max_sequence);
      test.open = [&](const ScanSpec& spec) { return filled.memtable.NewSource(spec, max_sequence); };
      test.scans = 6;
      testing::CheckRowSource(test, seed);
    }
  }
}

/// What GetRow says of a row, as content.
Content GetRow(const Filled& filled, const std::string& key, const std::string& clustering,
               uint64_t max_sequence, const Projection& projection) {
  RowMerger merger(&projection);
  const uint64_t token = OrderedToken(PartitionToken(key));
  filled.memtable.GetRow(token, key, clustering, max_sequence, &merger);
  if (!merger.HasContent()) return Content();
  BatchBuilder builder(&projection);
  builder.StartRun(token, key, DeletionTime{}, true);
  merger.Emit(clustering, &builder);
  ScanSpec spec;
  spec.projection = &projection;
  testing::ContentCollector collector(spec);
  REQUIRE(collector.Add(builder.Finish()).ok());
  return collector.Finish();
}

TEST_CASE("memtable: GetRow finds fragments and what covers them", "[memtable]") {
  // Goal: point reads agree with scans for every row there is and for others, with any columns, at any
  // sequence. Method: the row in the reconciled writes.
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("seed " << seed);
    Filled filled(seed, RandomOptions(seed), 200);
    Random random(seed);
    for (int i = 0; i < 200; ++i) {
      const uint64_t max_sequence = random.OneIn(2) ? kAll : random.Uniform(210);
      const Projection projection = random.OneIn(2)
                                        ? filled.generator.projection()
                                        : testing::RandomProjection(filled.generator.schema(), &random);
      const std::string key = filled.generator.RandomPartitionKey();
      const std::string clustering = filled.generator.RandomClustering();
      Content expected = testing::Projected(filled.Expected(max_sequence), projection);
      std::erase_if(expected, [&](const auto& partition) { return partition.key != key; });
      for (auto& partition : expected) {
        partition.deletion = DeletionTime{};
        partition.ranges.clear();
        std::erase_if(partition.rows, [&](const auto& row) { return row.clustering != clustering; });
      }
      expected = testing::Normalized(expected);
      REQUIRE(testing::Dump(GetRow(filled, key, clustering, max_sequence, projection)) ==
              testing::Dump(expected));
    }
  }
}

TEST_CASE("memtable: parts by sequence add up", "[memtable][rule]") {
  // Goal: cut anywhere, the parts up to a sequence hold what a reader of that sequence sees. Method: random
  // cuts; the contents of the parts, reconciled, against the reconciled writes.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const uint32_t count = 1 + static_cast<uint32_t>(random.Uniform(400));
    Filled filled(seed, RandomOptions(seed), count);
    ScanSpec spec;
    spec.projection = &filled.generator.projection();
    std::vector<Content> parts;
    for (uint64_t after = 0; after < count + 10;) {
      const uint64_t up_to = after + 1 + random.Uniform(count);
      const std::unique_ptr<RowSource> source = filled.memtable.NewSource(spec, up_to, after);
      testing::ContentCollector collector(spec);
      RowBatch batch;
      while (ValueOf(source->Next(&batch))) REQUIRE_OK(collector.Add(batch));
      parts.push_back(collector.Finish());
      std::vector<const Content*> until_here;
      for (const Content& part : parts) until_here.push_back(&part);
      REQUIRE(testing::Dump(testing::MergeContents(until_here)) == testing::Dump(filled.Expected(up_to)));
      after = up_to;
    }
  }
}

TEST_CASE("memtable: counts, times and bounds say what it holds", "[memtable]") {
  // Goal: what is known without reading is right. Method: computed from the writes, one by one.
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Filled filled(seed, RandomOptions(seed), static_cast<uint32_t>(random.Uniform(seed % 2 == 0 ? 4 : 100)));
    std::set<std::pair<std::string, std::string>> rows;
    std::set<std::string> partitions;
    TimeBounds times;
    std::vector<Position> places;
    for (const RandomWrite& write : filled.writes) {
      const auto& partition = write.content.at(0);
      const auto add_place = [&](const std::string& clustering) {
        places.emplace_back(PositionView{partition.token, partition.key, clustering});
        partitions.insert(partition.key);
      };
      times.AddDeletion(partition.deletion);
      if (!partition.deletion.live()) {
        add_place("");
        add_place(std::string(1, kBoundAfter));
      }
      for (const auto& range : partition.ranges) {
        times.AddDeletion(range.deletion);
        add_place(range.start);
        add_place(range.end);
      }
      for (const auto& row : partition.rows) {
        rows.emplace(partition.key, row.clustering);
        add_place(row.clustering);
        times.AddDeletion(row.deletion);
        if (row.has_marker) times.AddWrite(row.marker_timestamp, row.marker_expiry);
        for (const auto& [column, cell] : row.cells) {
          if (cell.tombstone) {
            times.AddDeletion(DeletionTime{cell.timestamp, cell.expiry});
          } else if (cell.complex) {
            times.AddDeletion(cell.inside.deletion);
            for (const auto& [path, element] : cell.inside.elements) {
              if (element.tombstone) {
                times.AddDeletion(DeletionTime{element.timestamp, element.expiry});
              } else {
                times.AddWrite(element.timestamp, element.expiry);
              }
            }
          } else {
            times.AddWrite(cell.timestamp, cell.expiry);
          }
        }
      }
    }
    CHECK(filled.memtable.empty() == places.empty());
    CHECK(filled.memtable.row_count() == rows.size());
    CHECK(filled.memtable.partition_count() == partitions.size());
    CHECK(filled.memtable.times() == times);
    SourceBounds bounds;
    REQUIRE(filled.memtable.Bounds(&bounds) == !places.empty());
    if (places.empty()) continue;
    const auto before = [](const Position& a, const Position& b) { return a.view() < b.view(); };
    CHECK(bounds.first.view() == std::min_element(places.begin(), places.end(), before)->view());
    CHECK(bounds.last.view() == std::max_element(places.begin(), places.end(), before)->view());
    CHECK(bounds.times == times);
  }
}

TEST_CASE("memtable: memory is charged as it is taken and given back", "[memtable]") {
  // Goal: accounting. Method: the budget against memory_bytes() after every write; what many writes of known
  // size need at least; zero at the end.
  MemoryBudget budget(1);
  RowGenerator generator(1);
  {
    Memtable memtable(generator.schema().id(), &budget);
    CHECK(memtable.memory_bytes() == 0);
    CHECK(budget.used() == 0);
    Mutation mutation;
    mutation.table = memtable.table();
    mutation.kind = mutation_op::kRow;
    const std::string fragment = std::string("\x01\x01\x02\x05\xe8\x07", 6) + std::string(1000, 'v');
    REQUIRE(IsValidFragment(fragment));
    mutation.fragment = fragment;
    for (uint64_t i = 0; i < 10'000; ++i) {
      const std::string key = std::to_string(i);
      mutation.token = Hash64(key);
      mutation.key = mutation.clustering = key;
      memtable.Apply(mutation, FragmentContext{1, 1}, i);
      REQUIRE(budget.used() == memtable.memory_bytes());
      if (i == 0) CHECK(memtable.memory_bytes() < 4096);
    }
    CHECK(memtable.memory_bytes() > 10'000 * 1000);
    CHECK(memtable.memory_bytes() < 10'000 * 1000 * 3 / 2);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("memtable: large batches come in pieces", "[memtable]") {
  // Goal: neither rows of many kilobytes nor a long run of range deletions or deleted partitions make one
  // huge batch; a hint makes the first one small. Method: the sizes of all batches of such a memtable.
  RowGenerator generator(1);
  Memtable memtable(generator.schema().id(), nullptr);
  Mutation mutation;
  mutation.table = memtable.table();
  mutation.deletion = DeletionTime{5, 5};
  const std::string fragment = std::string("\x01\x01\x04\x05\xa0\x8d\x06", 7) + std::string(100'000, 'v');
  REQUIRE(IsValidFragment(fragment));
  mutation.fragment = fragment;
  for (uint64_t i = 0; i < 6000; ++i) {
    const std::string key = std::to_string(100'000 + i);
    mutation.key = key;
    mutation.token = 1000 + i;
    mutation.kind = mutation_op::kDeletePartition;
    memtable.Apply(mutation, FragmentContext{1, 1}, 1);
    mutation.key = "one";
    mutation.token = 7;
    const std::string end = key + "+";
    mutation.clustering = key;
    mutation.end = end;
    mutation.kind = mutation_op::kDeleteRange;
    memtable.Apply(mutation, FragmentContext{1, 1}, 1);
    mutation.token = 8;
    mutation.kind = mutation_op::kRow;
    if (i < 100) memtable.Apply(mutation, FragmentContext{1, 1}, 1);
  }
  for (const uint32_t hint : {0U, 3U, 100'000U}) {
    ScanSpec spec;
    spec.projection = &generator.projection();
    spec.rows_hint = hint;
    const std::unique_ptr<RowSource> source = memtable.NewSource(spec, kAll);
    RowBatch batch;
    uint64_t rows = 0;
    uint64_t changes = 0;
    uint64_t runs = 0;
    while (source->Next(&batch).value()) {
      CHECK(batch.row_count() <= 16);
      CHECK(batch.changes.size() <= kBatchRowsMax);
      CHECK(batch.runs.size() <= kBatchRowsMax);
      if (hint == 3 && rows == 0) CHECK(batch.row_count() <= 3);
      rows += batch.row_count();
      changes += batch.changes.size();
      for (const PartitionRun& run : batch.runs) runs += run.starts ? 1 : 0;
    }
    CHECK(rows == 100);
    CHECK(changes == 12'000);
    CHECK(runs == 6002);
  }
}

}  // namespace
}  // namespace stoa
