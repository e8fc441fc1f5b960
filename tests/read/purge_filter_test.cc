#include "read/purge_filter.h"

#include <algorithm>

#include "data/row_source_conformance.h"
#include "read/merge_support.h"
#include "support/catch.h"
#include "support/status.h"

namespace stoa::testing {
namespace {

constexpr int64_t kNow = 1000;

/// The least timestamp in the partition, of writes and deletions.
int64_t MinTimestamp(const Content& content, uint64_t token, std::string_view key) {
  int64_t least = INT64_MAX;
  const auto deletion = [&](const DeletionTime& d) {
    if (!d.live()) least = std::min(least, d.timestamp);
  };
  for (const ContentPartition& partition : content) {
    if (partition.token != token || partition.key != key) continue;
    deletion(partition.deletion);
    for (const ContentRange& range : partition.ranges) deletion(range.deletion);
    for (const ContentRow& row : partition.rows) {
      deletion(row.deletion);
      if (row.has_marker) least = std::min(least, row.marker_timestamp);
      for (const auto& [column, cell] : row.cells) {
        least = std::min(least, cell.complex ? cell.inside.min_timestamp() : cell.timestamp);
      }
    }
  }
  return least;
}

/// The purge rule, applied to everything by itself.
Content Purged(const Content& content, int64_t gc_grace_seconds, const Content& outside) {
  Content out = content;
  for (ContentPartition& partition : out) {
    const int64_t min_outside = MinTimestamp(outside, partition.token, partition.key);
    const auto gone = [&](int64_t timestamp, int64_t local_time) {
      return local_time < kNow - gc_grace_seconds && timestamp < min_outside;
    };
    const auto purge = [&](DeletionTime* deletion) {
      if (!deletion->live() && gone(deletion->timestamp, deletion->local_time)) *deletion = DeletionTime{};
    };
    purge(&partition.deletion);
    for (ContentRange& range : partition.ranges) purge(&range.deletion);
    for (ContentRow& row : partition.rows) {
      purge(&row.deletion);
      if (row.marker_expiry <= kNow && gone(row.marker_timestamp, row.marker_expiry)) row.has_marker = false;
      for (auto& [column, cell] : row.cells) {
        for (auto& [path, element] : cell.inside.elements) {
          if (!element.tombstone && element.expiry <= kNow) element.bytes.clear();
        }
        std::erase_if(cell.inside.elements, [&](const auto& entry) {
          const ContentElement& element = entry.second;
          return (element.tombstone || element.expiry <= kNow) && gone(element.timestamp, element.expiry);
        });
        purge(&cell.inside.deletion);
        if (cell.complex || cell.tombstone || cell.expiry > kNow) continue;
        cell = ContentCell{cell.timestamp, cell.expiry, false, true, 0, {}};
      }
      std::erase_if(row.cells, [&](const auto& entry) {
        const ContentCell& cell = entry.second;
        return (cell.tombstone || cell.expiry <= kNow) && gone(cell.timestamp, cell.expiry);
      });
    }
  }
  return Normalized(out);
}

struct PurgeCase {
  explicit PurgeCase(uint64_t seed) : generator(seed) {
    const std::vector<RandomWrite> writes = generator.Writes(static_cast<uint32_t>(30 + seed * 2));
    std::vector<Content> contents = Split(writes, 2 + seed % 3, &generator.random());
    outside = contents.back();
    contents.pop_back();
    if (seed % 4 == 0) outside.clear();
    inside = std::move(contents);
    rules.now_seconds = kNow;
    rules.gc_grace_seconds = seed % 2 == 0 ? 0 : 20;
    rules.min_timestamp_outside = [this](uint64_t token, std::string_view key) {
      return MinTimestamp(outside, token, key);
    };
  }

  RowGenerator generator;
  std::vector<Content> inside;
  Content outside;
  PurgeRules rules;
};

// Goal: what the rule allows to drop is dropped, nothing else. Method: random histories against the rule
// applied to each deletion by itself; the filtered stream is held to the conformance suite.
TEST_CASE("The purge filter drops what it may [rule]") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    PurgeCase purge(seed);
    VectorSourceOptions options;
    options.batch_rows = static_cast<uint32_t>(1 + seed % 9);
    options.seed = seed;
    int64_t calls_left = -1;
    options.calls_left = &calls_left;
    RowSourceCase test;
    test.schema = &purge.generator.schema();
    test.expected = Purged(MergeOf(purge.inside), purge.rules.gc_grace_seconds, purge.outside);
    test.open = [&](const ScanSpec& spec) {
      return NewPurgeFilter(NewMergeOf(purge.inside, spec, options), spec, purge.rules);
    };
    test.fail_read = [&](int64_t n) { calls_left = n; };
    test.is_merge = true;
    test.scans = 5;
    CheckRowSource(test, seed);
  }
}

// Goal: whether a merge has purged cannot be seen by a reader, now or later. Method: random histories of
// which a part is merged and purged, the rest is outside; read before and after.
TEST_CASE("Purging never changes what a reader sees [rule]") {
  uint64_t dropped = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    PurgeCase purge(seed);
    ScanSpec spec;
    spec.projection = &purge.generator.projection();
    const Content merged = MergeOf(purge.inside);
    const std::unique_ptr<RowSource> source =
        NewPurgeFilter(NewMergeOf(purge.inside, spec, VectorSourceOptions{}), spec, purge.rules);
    const Content purged = ValueOf(ReadContent(source.get(), spec));
    dropped += Dump(purged).size() < Dump(merged).size() ? 1 : 0;
    for (const int64_t now : {kNow, kNow + 17, kNow + 1000}) {
      INFO("seed " << seed << " now " << now);
      CHECK(Dump(LiveAt(MergeOf(std::vector<Content>{purged, purge.outside}), now)) ==
            Dump(LiveAt(MergeOf(std::vector<Content>{merged, purge.outside}), now)));
    }
  }
  CHECK(dropped > 300);
}

TEST_CASE("A purge filter that may drop nothing, or meets clean batches, loads nothing") {
  CheckCleanBatchesPassUnloaded([](std::unique_ptr<RowSource> source, const ScanSpec& spec) {
    PurgeRules rules;
    rules.min_timestamp_outside = [](uint64_t, std::string_view) { return INT64_MAX; };
    return NewPurgeFilter(std::move(source), spec, rules);
  });

  RowGenerator other(2);
  const Content with_deletions = other.NextContent(100);
  ScanSpec spec;
  spec.projection = &other.projection();
  const std::unique_ptr<RowSource> kept =
      NewPurgeFilter(NewVectorSource(with_deletions, spec), spec, PurgeRules::KeepAll());
  CHECK(Dump(ValueOf(ReadContent(kept.get(), spec))) == Dump(with_deletions));
}

}  // namespace
}  // namespace stoa::testing
