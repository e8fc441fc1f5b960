// Goal: a counter is the sum of its increments since its last deletion, however its history is spread over
// memtables and SSTables, folded and merged. Method: random histories of increments and deletions of every
// kind, whose timestamps grow as the engine's do, against a sum by hand.
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/hash.h"
#include "data/complex_cell.h"
#include "data/mutation.h"
#include "memtable/memtable.h"
#include "read/live_filter.h"
#include "read/merge_source.h"
#include "read/merge_support.h"
#include "read/purge_filter.h"
#include "support/catch.h"
#include "support/status.h"
#include "types/byte_comparable.h"

namespace stoa::testing {
namespace {

constexpr TableId kTable = 1;
constexpr ColumnId kColumn = 3;
const Projection kProjection = {{kColumn, 0}};

std::string RowKey(uint64_t row) {
  return std::string(1, kComponentMarker) + static_cast<char>(row) + kRowEnd;
}

/// One commit, with the timestamp that is its place in the history.
struct Commit {
  enum class Kind { kIncrement, kDeleteColumn, kDeleteRow, kDeleteRange, kDeletePartition } kind;
  int64_t timestamp = 0;
  std::string partition;
  uint64_t row = 0;
  int64_t by = 0;

  Mutation AsMutation(std::string* fragment) const;
};

Mutation Commit::AsMutation(std::string* fragment) const {
  Mutation mutation;
  mutation.table = kTable;
  mutation.key = partition;
  mutation.token = OrderedToken(PartitionToken(partition));
  mutation.deletion = DeletionTime{timestamp, timestamp};
  mutation.kind = mutation_op::kRow;
  static thread_local std::string start;
  static thread_local std::string end;
  start = end = RowKey(row);
  mutation.clustering = start;
  ComplexCellBuilder builder;
  std::string cell;
  switch (kind) {
    case Kind::kDeletePartition:
      mutation.kind = mutation_op::kDeletePartition;
      return mutation;
    case Kind::kDeleteRange:
      start.back() = kBoundBefore;
      end.back() = kBoundAfter;
      mutation.kind = mutation_op::kDeleteRange;
      mutation.clustering = start;
      mutation.end = end;
      return mutation;
    case Kind::kDeleteRow:
      *fragment = {static_cast<char>(fragment_flags::kDeletion), 0};
      break;
    default:
      kind == Kind::kIncrement ? builder.Increment(by) : builder.DeleteAt();
      builder.Finish(&cell);
      *fragment = {0, 1};
      AppendComplexCell(fragment, kColumn, cell);
  }
  mutation.fragment = *fragment;
  return mutation;
}

std::vector<Commit> History(uint64_t count, uint64_t deletions_in_100, Random* random) {
  std::vector<Commit> commits;
  for (uint64_t i = 0; i < count; ++i) {
    Commit commit;
    commit.timestamp = 1 + static_cast<int64_t>(i);
    commit.partition = std::string(1, static_cast<char>('p' + random->Uniform(2)));
    commit.row = random->OneIn(2) ? 0 : random->Uniform(3);
    commit.by = static_cast<int64_t>(random->Uniform(1000)) - 300;
    commit.kind = Commit::Kind::kIncrement;
    if (random->Uniform(100) < deletions_in_100) {
      commit.kind = static_cast<Commit::Kind>(1 + random->Uniform(4));
    }
    commits.push_back(commit);
  }
  return commits;
}

using Sums = std::map<std::pair<std::string, std::string>, int64_t>;

/// By hand.
Sums SumsAfter(const std::vector<Commit>& commits, int64_t timestamp) {
  Sums sums;
  for (const Commit& commit : commits) {
    if (commit.timestamp > timestamp) break;
    if (commit.kind == Commit::Kind::kIncrement) {
      sums[{commit.partition, RowKey(commit.row)}] += commit.by;
    } else if (commit.kind == Commit::Kind::kDeletePartition) {
      std::erase_if(sums, [&](const auto& sum) { return sum.first.first == commit.partition; });
    } else {
      sums.erase({commit.partition, RowKey(commit.row)});
    }
  }
  return sums;
}

/// What a reader of all `sources` sees.
Sums Read(std::vector<std::unique_ptr<RowSource>> sources, const ScanSpec& spec) {
  const std::unique_ptr<RowSource> live =
      NewLiveFilter(NewMergeSource(std::move(sources), spec), spec, /*now_seconds=*/1'000'000);
  Sums sums;
  for (const ContentPartition& partition : ValueOf(ReadContent(live.get(), spec))) {
    for (const ContentRow& row : partition.rows) {
      sums[{partition.key, row.clustering}] = CounterValue(row.cells.at(kColumn).view());
    }
  }
  return sums;
}

Sums ReadRows(const Memtable& memtable, uint64_t sequence) {
  Sums sums;
  RowMerger merger(&kProjection);
  BatchBuilder builder(&kProjection);
  for (const char* partition : {"p", "q"}) {
    for (uint64_t row = 0; row < 3; ++row) {
      merger.Start();
      memtable.GetRow(OrderedToken(PartitionToken(partition)), partition, RowKey(row), sequence, &merger);
      builder.Clear();
      builder.StartRun(0, partition, {}, true);
      if (!merger.EmitLive(RowKey(row), 0, &builder)) continue;
      const RowBatch batch = builder.Finish();
      sums[{partition, RowKey(row)}] = CounterValue(batch.CellAt(batch.columns[0], 0));
    }
  }
  return sums;
}

ScanSpec SpecOfAll() {
  ScanSpec spec;
  spec.projection = &kProjection;
  return spec;
}

/// Applies commits side by side: up to `in_flight` in any order.
void Apply(const std::vector<Commit>& commits, size_t in_flight, Random* random, Memtable* memtable) {
  std::set<size_t> waiting;
  size_t next = 0;
  while (next < commits.size() || !waiting.empty()) {
    while (next < commits.size() && waiting.size() < in_flight) waiting.insert(next++);
    const auto pick = std::next(waiting.begin(), static_cast<ptrdiff_t>(random->Uniform(waiting.size())));
    const Commit& commit = commits[*pick];
    std::string fragment;
    const Mutation mutation = commit.AsMutation(&fragment);
    memtable->Apply(mutation, FragmentContext{commit.timestamp, commit.timestamp},
                    static_cast<uint64_t>(commit.timestamp), commits[*waiting.begin()].timestamp - 1);
    waiting.erase(pick);
  }
}

TEST_CASE("Counters in a memtable are the sums of their increments, as of every sequence [rule]") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const std::vector<Commit> commits = History(200, seed % 5 * 8, &random);
    Memtable memtable(kTable, nullptr);
    Apply(commits, 1 + seed % 8, &random, &memtable);
    for (int i = 0; i < 12; ++i) {
      const int64_t sequence = i == 0 ? 200 : static_cast<int64_t>(1 + random.Uniform(200));
      const Sums expected = SumsAfter(commits, sequence);
      std::vector<std::unique_ptr<RowSource>> sources;
      // As one, and cut as snapshots cut it.
      const uint64_t cut = i % 2 == 0 ? 0 : random.Uniform(static_cast<uint64_t>(sequence));
      if (cut != 0) sources.push_back(memtable.NewSource(SpecOfAll(), cut));
      sources.push_back(memtable.NewSource(SpecOfAll(), static_cast<uint64_t>(sequence), cut));
      INFO("sequence " << sequence << " cut " << cut);
      CHECK(Read(std::move(sources), SpecOfAll()) == expected);
      CHECK(ReadRows(memtable, static_cast<uint64_t>(sequence)) == expected);
    }
  }
}

// Goal: a fold does not put an increment behind a deletion that came after it. Method: a row of so many
// counters that its first fold, which has the deletion, is larger than what comes on top and stays below the
// second one; and there, late, an increment from before the deletion.
TEST_CASE("Increments are not folded across a deletion that was applied before them [rule]") {
  constexpr char kCounters = 40;
  constexpr int64_t kDeletion = 10;
  constexpr int64_t kLate = 9;
  Memtable memtable(kTable, nullptr);
  const auto apply = [&](int64_t timestamp, char counters, int64_t by, int64_t settled) {
    ComplexCellBuilder builder;
    timestamp == kDeletion ? builder.DeleteAt() : builder.Increment(by);
    std::string cell;
    builder.Finish(&cell);
    std::string fragment = {0, counters};
    for (char i = 0; i < counters; ++i) AppendComplexCell(&fragment, i == 0 ? kColumn : 1, cell);
    std::string unused;
    const Commit commit{Commit::Kind::kIncrement, timestamp, "p", 0, by};
    Mutation mutation = commit.AsMutation(&unused);
    mutation.fragment = fragment;
    memtable.Apply(mutation, FragmentContext{timestamp, timestamp}, static_cast<uint64_t>(timestamp),
                   settled);
  };
  for (int64_t timestamp = 1; timestamp <= 7; ++timestamp) apply(timestamp, kCounters, 1, timestamp);
  apply(kDeletion, 1, 0, kLate - 1);
  apply(kLate, 1, 1000, kDeletion);
  for (int64_t timestamp = 11; timestamp <= 17; ++timestamp) apply(timestamp, 1, 1, timestamp);
  const Sums expected = {{{"p", RowKey(0)}, 7}};
  CHECK(ReadRows(memtable, UINT64_MAX) == expected);
}

struct File {
  Content content;
  TimeBounds times;
};

File FileOf(Content content) {
  File file;
  for (const ContentPartition& partition : content) {
    file.times.AddDeletion(partition.deletion);
    for (const ContentRange& range : partition.ranges) file.times.AddDeletion(range.deletion);
    for (const ContentRow& row : partition.rows) {
      file.times.AddDeletion(row.deletion);
      for (const auto& [column, cell] : row.cells) {
        file.times.AddDeletion(cell.inside.deletion);
        for (const ContentDelta& delta : cell.inside.deltas) {
          file.times.AddWrite(delta.min_timestamp, kNoExpiry);
          file.times.AddWrite(delta.max_timestamp, kNoExpiry);
        }
      }
    }
  }
  file.content = std::move(content);
  return file;
}

PurgeRules RulesOutside(const std::vector<File>& outside) {
  PurgeRules rules;
  rules.now_seconds = 1'000'000;
  rules.min_timestamp_outside = [&outside](uint64_t, std::string_view) {
    int64_t least = INT64_MAX;
    for (const File& file : outside) least = std::min(least, file.times.min_timestamp);
    return least;
  };
  rules.can_fold = [&outside](uint64_t, std::string_view, int64_t from, int64_t to) {
    return std::none_of(outside.begin(), outside.end(), [&](const File& file) {
      return file.times.has_tombstones && file.times.max_timestamp >= from && file.times.min_timestamp < to;
    });
  };
  return rules;
}

size_t DeltaCount(const Content& content) {
  size_t count = 0;
  for (const ContentPartition& partition : content) {
    for (const ContentRow& row : partition.rows) {
      for (const auto& [column, cell] : row.cells) count += cell.inside.deltas.size();
    }
  }
  return count;
}

TEST_CASE("Counters survive flushes and merges of any files in any order [rule]") {
  size_t folded = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    const std::vector<Commit> commits = History(120, seed % 4 * 6, &random);
    std::vector<File> files;
    for (size_t begin = 0; begin < commits.size();) {
      const size_t end = std::min(commits.size(), begin + 1 + random.Uniform(25));
      Memtable memtable(kTable, nullptr);
      Apply({commits.begin() + static_cast<ptrdiff_t>(begin), commits.begin() + static_cast<ptrdiff_t>(end)},
            3, &random, &memtable);
      const std::unique_ptr<RowSource> source = memtable.NewSource(SpecOfAll(), UINT64_MAX);
      files.push_back(FileOf(ValueOf(ReadContent(source.get(), SpecOfAll()))));
      for (const ContentPartition& partition : files.back().content) {
        for (const ContentRow& row : partition.rows) {
          for (const auto& [column, cell] : row.cells) REQUIRE(cell.inside.deltas.size() <= 1);
        }
      }
      begin = end;
    }
    const Sums expected = SumsAfter(commits, INT64_MAX);
    while (true) {
      std::vector<std::unique_ptr<RowSource>> all;
      for (const File& file : files) all.push_back(NewVectorSource(file.content, SpecOfAll()));
      REQUIRE(Read(std::move(all), SpecOfAll()) == expected);
      if (files.size() == 1) break;

      std::vector<std::unique_ptr<RowSource>> inputs;
      std::vector<File> outside;
      size_t before = 0;
      for (const File& file : files) {
        if (inputs.size() < 2 ? files.size() == 2 || random.OneIn(2) : random.OneIn(4)) {
          inputs.push_back(NewVectorSource(file.content, SpecOfAll()));
          before += DeltaCount(file.content);
        } else {
          outside.push_back(file);
        }
      }
      const std::unique_ptr<RowSource> merged =
          NewPurgeFilter(NewMergeSource(std::move(inputs), SpecOfAll()), SpecOfAll(), RulesOutside(outside));
      Content content = ValueOf(ReadContent(merged.get(), SpecOfAll()));
      folded += before - DeltaCount(content);
      if (outside.empty()) {
        for (const ContentPartition& partition : content) {
          for (const ContentRow& row : partition.rows) CHECK(row.cells.at(kColumn).inside.deltas.size() == 1);
        }
      }
      files = std::move(outside);
      files.push_back(FileOf(std::move(content)));
    }
  }
  CHECK(folded > 1000);
}

// Goal: a counter that is incremented without end stays cheap to read, other counters of its partition being
// deleted meanwhile. Method: the size of what its row is read from.
TEST_CASE("A hot counter stays small in a memtable") {
  Memtable memtable(kTable, nullptr);
  std::string fragment;
  Random random(1);
  std::vector<Commit> commits;
  for (int64_t i = 1; i <= 20'000; ++i) {
    Commit commit{Commit::Kind::kIncrement, i, "p", 0, 1};
    if (i % 9 == 0) {
      commit.row = 1 + static_cast<uint64_t>(i % 2);
      commit.kind = i % 2 == 0 ? Commit::Kind::kDeleteRow : Commit::Kind::kDeleteRange;
    }
    commits.push_back(commit);
  }
  Apply(commits, 1, &random, &memtable);
  CHECK(ReadRows(memtable, UINT64_MAX) == SumsAfter(commits, INT64_MAX));
  // 20,000 fragments of some 50 bytes, and a fold of 100 for every seventh; copying what was there before,
  // folds would take megabytes more.
  CHECK(memtable.memory_bytes() < 3u << 20);
}

}  // namespace
}  // namespace stoa::testing
