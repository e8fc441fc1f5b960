#include "data/row_merger.h"

#include <algorithm>

#include "data/blob_reference.h"
#include "support/catch.h"
#include "support/row_generator.h"
#include "support/row_stream.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

Cell Word(int64_t timestamp, uint64_t word, int64_t expiry = kNoExpiry) {
  return Cell{timestamp, expiry, false, false, false, false, word, {}};
}
Cell Tombstone(int64_t timestamp, int64_t local_time) {
  return Cell{timestamp, local_time, true, false, false, false, 0, {}};
}
Cell Bytes(int64_t timestamp, std::string_view bytes) {
  return Cell{timestamp, kNoExpiry, false, bytes.empty(), false, false, 0, bytes};
}

// Cassandra's order of cells, from the weakest to the strongest; each pair both ways.
TEST_CASE("Which of two cells wins") {
  const std::vector<Cell> words = {
      Cell{1, kNoExpiry, false, true, false, false, 0, {}},  // an empty value is the least
      Word(1, 0),
      Word(1, 1),
      Word(1, 0xffffffff),  // -1 as serialized
      Word(1, 0, 50),       // expiring beats plain
      Word(1, 7, 50),
      Word(1, 0, 60),  // later expiry
      Tombstone(1, 40),
      Tombstone(1, 41),
      Word(2, 0),
  };
  for (size_t i = 0; i < words.size(); ++i) {
    for (size_t j = 0; j < words.size(); ++j) {
      INFO(i << " against " << j);
      CHECK(CellWins(words[i], words[j], 4) == (i > j));
    }
  }
  const std::vector<Cell> texts = {Bytes(1, ""), Bytes(1, "a"), Bytes(1, "ab"), Bytes(1, "\xff")};
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t j = 0; j < texts.size(); ++j) CHECK(CellWins(texts[i], texts[j], 0) == (i > j));
  }
}

// Goal: which of two byte values wins a tie is a total order when some are blobs, so that merging does not
// depend on order; the order is the one that is documented. Method: all pairs and triples of values around
// the length of the prefix, inline and as blobs, some of which differ in nothing but the file.
TEST_CASE("Ties between values and blobs are broken by one total order") {
  const std::string beginning(kBlobPrefixBytes, 'm');
  const std::vector<std::string> values = {
      "",
      "a",
      "mm",
      beginning.substr(1),
      beginning,
      beginning + "a",
      beginning + "b",
      beginning + "aa",
      beginning.substr(1) + "n",
      "n",
  };
  std::vector<std::string> bytes(3 * values.size());  // inline, and as two blobs
  std::vector<Cell> cells;
  for (size_t i = 0; i < values.size(); ++i) {
    cells.push_back(Bytes(1, values[i]));
    for (uint64_t copy = 0; copy < 2 && !values[i].empty(); ++copy) {
      std::string& reference = bytes[3 * i + copy];
      AppendBlobReference(&reference, {std::string_view(values[i]).substr(0, kBlobPrefixBytes),
                                       {1 + i + 100 * copy, 5, values[i].size()},
                                       Hash128(values[i])});
      cells.push_back(Bytes(1, reference));
      cells.back().blob = true;
    }
  }
  const auto known = [](const Cell& cell) {
    return cell.blob ? PrefixOfBlob(cell.bytes) : cell.bytes.substr(0, kBlobPrefixBytes);
  };
  for (const Cell& a : cells) {
    for (const Cell& b : cells) {
      const bool same = a.blob == b.blob && a.bytes == b.bytes;
      CHECK(CellWins(a, b, 0) + CellWins(b, a, 0) == (same ? 0 : 1));
      if (known(a) != known(b)) CHECK(CellWins(a, b, 0) == (known(a) > known(b)));
      if (known(a) == known(b) && a.blob != b.blob) CHECK(CellWins(a, b, 0) == a.blob);
      for (const Cell& c : cells) {
        if (CellWins(a, b, 0) && CellWins(b, c, 0)) CHECK(CellWins(a, c, 0));
      }
    }
  }
}

/// Feeds a row to a merger, range and partition deletions as covering ones.
void Feed(const Content& write, const std::string& clustering, const Projection& projection,
          RowMerger* merger) {
  for (const ContentPartition& partition : write) {
    merger->AddCoveringDeletion(partition.deletion);
    for (const ContentRange& range : partition.ranges) {
      if (range.start <= clustering && clustering < range.end) merger->AddCoveringDeletion(range.deletion);
    }
    for (const ContentRow& row : partition.rows) {
      if (row.clustering != clustering) continue;
      merger->AddRowDeletion(row.deletion);
      if (row.has_marker) merger->AddMarker(row.marker_timestamp, row.marker_expiry);
      for (uint32_t i = 0; i < projection.size(); ++i) {
        const auto cell = row.cells.find(projection[i].id);
        if (cell != row.cells.end()) merger->AddCell(i, cell->second.view());
      }
    }
  }
}

std::string Emitted(RowMerger& merger, const std::string& clustering, const ScanSpec& spec) {
  BatchBuilder builder(spec.projection);
  builder.StartRun(1, "p", {}, true);
  ContentCollector collector(spec);
  if (merger.HasContent()) {
    merger.Emit(clustering, &builder);
    REQUIRE_OK(collector.Add(builder.Finish()));
  }
  CHECK(merger.HasContent() == (builder.row_count() == 1));
  return Dump(collector.Finish());
}

// Goal: merging is commutative, associative and idempotent, and what Cassandra says. Method: random writes to
// one row are merged in random order, with repeats, and in two steps over an emitted intermediate; compared
// with the plain list model.
TEST_CASE("Merging does not depend on order, grouping or repetition") {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    GeneratorOptions options;
    options.partitions = 1;
    options.rows_per_partition = 1;
    options.irregular_percent = 0;
    options.timestamps = 6;
    options.ttl_percent = 40;
    options.deletion_percent = 30;
    RowGenerator generator(seed, options);
    Random& random = generator.random();
    const std::string clustering = generator.RandomClustering();
    std::vector<RandomWrite> writes = generator.Writes(1 + seed % 12);
    std::vector<const Content*> parts;
    for (RandomWrite& write : writes) {
      for (ContentPartition& partition : write.content) partition.token = 1, partition.key = "p";
      parts.push_back(&write.content);
    }
    Content model = MergeContents(parts);
    ScanSpec spec;
    spec.projection = &generator.projection();
    for (ContentPartition& partition : model) {
      partition.deletion = DeletionTime{};
      partition.ranges.clear();
    }
    const std::string expected = Dump(Normalized(model));

    RowMerger merger(spec.projection);
    for (int i = 0; i < 4; ++i) {
      merger.Start();
      std::vector<const Content*> order = parts;
      order.push_back(parts[random.Uniform(parts.size())]);
      for (size_t j = order.size(); j > 1; --j) std::swap(order[j - 1], order[random.Uniform(j)]);
      for (const Content* write : order) Feed(*write, clustering, generator.projection(), &merger);
      INFO("seed " << seed);
      CHECK(Emitted(merger, clustering, spec) == expected);
    }

    // Some first, as a row of a batch; then the rest, with all covering deletions of the first part again.
    const size_t cut = random.Uniform(parts.size() + 1);
    merger.Start();
    for (size_t i = 0; i < cut; ++i) Feed(*parts[i], clustering, generator.projection(), &merger);
    BatchBuilder builder(spec.projection);
    builder.StartRun(1, "p", {}, true);
    merger.Emit(clustering, &builder);
    const RowBatch first = builder.Finish();
    merger.Start();
    if (first.row_count() != 0) merger.AddRow(first, 0);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (i >= cut) Feed(*parts[i], clustering, generator.projection(), &merger);
      for (const ContentPartition& partition : *parts[i]) {
        merger.AddCoveringDeletion(partition.deletion);
        for (const ContentRange& range : partition.ranges) {
          if (range.start <= clustering && clustering < range.end) merger.AddCoveringDeletion(range.deletion);
        }
      }
    }
    CHECK(Emitted(merger, clustering, spec) == expected);
  }
}

// The early-stop rule, case by case.
TEST_CASE("When a row is complete [rule]") {
  const Projection projection = {{1, 4}, {2, 4}};
  RowMerger merger(&projection);
  const int64_t now = 1000;
  const auto start = [&](int64_t marker, int64_t expiry, int64_t a, int64_t b) {
    merger.Start();
    if (marker != kNoTimestamp) merger.AddMarker(marker, expiry);
    if (a != kNoTimestamp) merger.AddCell(0, Word(a, 1));
    if (b != kNoTimestamp) merger.AddCell(1, Word(b, 1));
  };
  start(10, kNoExpiry, 10, 10);
  CHECK(merger.IsComplete(9, now));
  CHECK(!merger.IsComplete(10, now));
  CHECK(!merger.IsComplete(11, now));
  start(10, kNoExpiry, 10, 9);  // one cell is not newer
  CHECK(!merger.IsComplete(9, now));
  start(10, kNoExpiry, 10, kNoTimestamp);  // one cell is missing
  CHECK(!merger.IsComplete(9, now));
  start(kNoTimestamp, kNoExpiry, 10, 10);  // no marker
  CHECK(!merger.IsComplete(9, now));
  start(9, kNoExpiry, 10, 10);  // the marker is not newer
  CHECK(!merger.IsComplete(9, now));
  start(10, now, 10, 10);  // the marker has expired
  CHECK(!merger.IsComplete(9, now));
  start(10, now + 1, 10, 10);
  CHECK(merger.IsComplete(9, now));
  start(10, kNoExpiry, 10, kNoTimestamp);  // tombstones and expired cells are the newest there is, too
  merger.AddCell(1, Tombstone(10, 5));
  CHECK(merger.IsComplete(9, now));
  start(10, kNoExpiry, 10, kNoTimestamp);
  merger.AddCell(1, Word(10, 5, now - 1));
  CHECK(merger.IsComplete(9, now));
  start(kNoTimestamp, kNoExpiry, kNoTimestamp, kNoTimestamp);  // a deletion covers all that is left
  merger.AddRowDeletion(DeletionTime{9, 5});
  CHECK(merger.IsComplete(9, now));
  CHECK(!merger.IsComplete(10, now));
  merger.AddCoveringDeletion(DeletionTime{10, 5});
  CHECK(merger.IsComplete(10, now));
  start(10, kNoExpiry, 10, kNoTimestamp);  // older sources may have other parts of a complex cell
  ComplexCellBuilder builder;
  std::string content;
  builder.DeleteAt();
  builder.Finish(&content);
  Cell complex = Bytes(10, content);
  complex.complex = true;
  merger.AddComplexCell(1, complex, FragmentContext{10, now});
  CHECK(!merger.IsComplete(9, now));
  const Projection none;
  RowMerger marker_only(&none);
  marker_only.AddMarker(10, kNoExpiry);
  CHECK(marker_only.IsComplete(9, now));
}

}  // namespace
}  // namespace stoa::testing
