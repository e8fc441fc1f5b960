#include "read/point_read.h"

#include <algorithm>

#include "read/merge_support.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

/// What a point read sees of an SSTable.
struct Table {
  explicit Table(const Content& table_content) : content(table_content) {
    for (const ContentPartition& partition : content) {
      source_bounds.times.AddDeletion(partition.deletion);
      for (const ContentRange& range : partition.ranges) source_bounds.times.AddDeletion(range.deletion);
      for (const ContentRow& row : partition.rows) {
        source_bounds.times.AddDeletion(row.deletion);
        if (row.has_marker) source_bounds.times.AddWrite(row.marker_timestamp, row.marker_expiry);
        for (const auto& [column, cell] : row.cells) {
          if (cell.tombstone) source_bounds.times.AddDeletion(DeletionTime{cell.timestamp, cell.expiry});
          if (!cell.tombstone) source_bounds.times.AddWrite(cell.timestamp, cell.expiry);
        }
      }
    }
  }
  const SourceBounds& bounds() const { return source_bounds; }

  void GetRow(const PositionView& position, const Projection& projection, RowMerger* merger) const {
    for (const ContentPartition& partition : content) {
      if (!position.SamePartition(PositionView{partition.token, partition.key, {}})) continue;
      merger->AddCoveringDeletion(partition.deletion);
      for (const ContentRange& range : partition.ranges) {
        if (range.start <= position.clustering && position.clustering < range.end) {
          merger->AddCoveringDeletion(range.deletion);
        }
      }
      for (const ContentRow& row : partition.rows) {
        if (row.clustering != position.clustering) continue;
        merger->AddRowDeletion(row.deletion);
        if (row.has_marker) merger->AddMarker(row.marker_timestamp, row.marker_expiry);
        for (uint32_t i = 0; i < projection.size(); ++i) {
          const auto cell = row.cells.find(projection[i].id);
          if (cell != row.cells.end()) merger->AddCell(i, cell->second.view());
        }
      }
    }
  }

  Content content;
  SourceBounds source_bounds;
};

// Goal: stopping early is never seen in the result, and happens. Method: random histories cut into tables by
// timestamp, with a little overlap; every row is read at several times and compared with reading everything.
TEST_CASE("A point read that stops early reads the same row [rule]") {
  uint64_t tables_read = 0;
  uint64_t tables_skipped = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    GeneratorOptions options;
    options.partitions = 2;
    options.rows_per_partition = 4;
    options.sparse_columns = 0;
    options.ttl_percent = 30;
    RowGenerator generator(seed, options);
    Random& random = generator.random();
    std::vector<RandomWrite> writes = generator.Writes(60);
    std::sort(writes.begin(), writes.end(), [](const RandomWrite& a, const RandomWrite& b) {
      return a.context.timestamp > b.context.timestamp;
    });
    for (int i = 0; i < 5; ++i) std::swap(writes[random.Uniform(60)], writes[random.Uniform(60)]);
    std::vector<std::unique_ptr<Table>> tables;
    for (size_t i = 0; i < writes.size(); i += 12) {
      tables.push_back(std::make_unique<Table>(
          MergeOf(std::vector<RandomWrite>(writes.begin() + static_cast<std::ptrdiff_t>(i),
                                           writes.begin() + static_cast<std::ptrdiff_t>(i) + 12))));
    }
    std::sort(tables.begin(), tables.end(), [](const auto& a, const auto& b) {
      return a->bounds().times.max_timestamp > b->bounds().times.max_timestamp;
    });
    const Content all = MergeOf(writes);
    Projection projection = RandomProjection(generator.schema(), &random);
    projection.resize(std::min<size_t>(projection.size(), 2));
    RowMerger merger(&projection);
    BatchBuilder builder(&projection);
    ScanSpec spec;
    spec.projection = &projection;
    for (const ContentPartition& partition : all) {
      for (int i = 0; i < 6; ++i) {
        const std::string clustering = generator.RandomClustering();
        const PositionView position{partition.token, partition.key, clustering};
        const int64_t now = 960 + static_cast<int64_t>(random.Uniform(120));
        merger.Start();
        uint64_t read = 0;
        REQUIRE_OK(ReadRowFromTables(tables, now, &merger, [&](const Table& table) {
          ++read;
          table.GetRow(position, projection, &merger);
          return absl::OkStatus();
        }));
        tables_read += read;
        tables_skipped += tables.size() - read;
        builder.Clear();
        builder.StartRun(partition.token, partition.key, DeletionTime{}, true);
        ContentCollector collector(spec);
        const bool found = merger.EmitLive(clustering, now, &builder);
        if (found) REQUIRE_OK(collector.Add(builder.Finish()));
        const std::string end = clustering + std::string(1, '\0');
        PositionRange range;
        range.start = position;
        range.end = PositionView{partition.token, partition.key, end};
        INFO("seed " << seed << " now " << now);
        CHECK(Dump(collector.Finish()) == Dump(LiveAt(Projected(Restricted(all, range), projection), now)));
      }
    }
  }
  CHECK(tables_skipped > tables_read / 20);
}

}  // namespace
}  // namespace stoa::testing
