#include "support/row_content.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/strings.h"

namespace stoa::testing {
namespace {

bool Shadowed(const std::vector<DeletionTime>& deletions, int64_t timestamp) {
  return std::any_of(deletions.begin(), deletions.end(), [&](const DeletionTime& deletion) {
    return deletion.timestamp != kNoTimestamp && timestamp <= deletion.timestamp;
  });
}

DeletionTime Later(const DeletionTime& a, const DeletionTime& b) {
  if (a.timestamp == kNoTimestamp) return b;
  if (b.timestamp == kNoTimestamp) return a;
  return std::tie(a.timestamp, a.local_time) >= std::tie(b.timestamp, b.local_time) ? a : b;
}

/// Cassandra's order of cells as one tuple. The word is compared as serialized bytes are. A blob beats an
/// inline value with the same beginning; two blobs of one value have one reference here.
auto Strength(const ContentCell& cell) {
  const bool ends = cell.tombstone || cell.expiry != kNoExpiry;
  return std::make_tuple(cell.timestamp, ends, cell.tombstone, ends ? cell.expiry : 0, !cell.empty, cell.word,
                         cell.known_bytes(), cell.blob);
}

void MergeRow(ContentRow* into, const ContentRow& from) {
  into->deletion = Later(into->deletion, from.deletion);
  if (from.has_marker) {
    const auto strength = [](const ContentRow& row) {
      const bool ends = row.marker_expiry != kNoExpiry;
      return std::make_tuple(row.has_marker, row.marker_timestamp, ends, ends ? row.marker_expiry : 0);
    };
    if (strength(from) > strength(*into)) {
      into->has_marker = true;
      into->marker_timestamp = from.marker_timestamp;
      into->marker_expiry = from.marker_expiry;
    }
  }
  for (const auto& [column, cell] : from.cells) {
    const auto [at, added] = into->cells.emplace(column, cell);
    if (!added && Strength(cell) > Strength(at->second)) at->second = cell;
  }
}

DeletionTime OpenAt(const std::vector<ContentRange>& ranges, const std::string& at) {
  DeletionTime open;
  for (const ContentRange& range : ranges) {
    if (range.start <= at && at < range.end) open = Later(open, range.deletion);
  }
  return open;
}

/// The strongest deletion at every place, as ranges that do not overlap, of which equal neighbours are one.
std::vector<ContentRange> Flattened(const std::vector<ContentRange>& ranges, const DeletionTime& partition) {
  std::set<std::string> bounds;
  for (const ContentRange& range : ranges) {
    if (range.start >= range.end) continue;
    bounds.insert(range.start);
    bounds.insert(range.end);
  }
  std::vector<ContentRange> flat;
  for (auto bound = bounds.begin(); bound != bounds.end() && std::next(bound) != bounds.end(); ++bound) {
    const DeletionTime open = OpenAt(ranges, *bound);
    if (open.live() || Shadowed({partition}, open.timestamp)) continue;
    if (!flat.empty() && flat.back().end == *bound && flat.back().deletion == open) {
      flat.back().end = *std::next(bound);
    } else {
      flat.push_back(ContentRange{*bound, *std::next(bound), open});
    }
  }
  return flat;
}

/// Drops what deletions shadow. False when nothing is left.
bool Strip(ContentRow* row, const DeletionTime& partition, const DeletionTime& range) {
  if (Shadowed({partition, range}, row->deletion.timestamp)) row->deletion = DeletionTime{};
  const std::vector<DeletionTime> all = {partition, range, row->deletion};
  if (row->has_marker && Shadowed(all, row->marker_timestamp)) row->has_marker = false;
  if (!row->has_marker) {
    row->marker_timestamp = kNoTimestamp;
    row->marker_expiry = kNoExpiry;
  }
  std::erase_if(row->cells, [&](const auto& cell) { return Shadowed(all, cell.second.timestamp); });
  return row->has_marker || !row->cells.empty() || !row->deletion.live();
}

std::string Text(const DeletionTime& deletion) {
  return StrCat("deleted ", deletion.timestamp, "@", deletion.local_time);
}

std::string Expiry(int64_t expiry) { return expiry == kNoExpiry ? std::string() : StrCat(" until ", expiry); }

std::string Text(ColumnId column, const ContentCell& cell) {
  std::string out = StrCat("    c", column, " ", cell.timestamp, Expiry(cell.expiry));
  if (cell.tombstone) return StrCat(out, " tombstone\n");
  if (cell.empty) return StrCat(out, " empty\n");
  return StrCat(out, cell.blob ? " blob " : " ", cell.word, " ", HexDump(cell.bytes, 1000), "\n");
}

}  // namespace

std::string ContentCell::known_bytes() const {
  if (!blob) return bytes;
  // The prefix comes first, behind its length in one byte (128 values) or two (up to 256).
  const auto low = static_cast<uint8_t>(bytes[0]);
  if (low < 128) return bytes.substr(1, low);
  return bytes.substr(2, low - 128 + 128 * static_cast<size_t>(static_cast<uint8_t>(bytes[1])));
}

Content MergeContents(const std::vector<const Content*>& parts) {
  std::map<std::pair<uint64_t, std::string>, std::pair<ContentPartition, std::map<std::string, ContentRow>>>
      all;
  for (const Content* part : parts) {
    for (const ContentPartition& partition : *part) {
      auto& [merged, rows] = all[{partition.token, partition.key}];
      merged.deletion = Later(merged.deletion, partition.deletion);
      merged.ranges.insert(merged.ranges.end(), partition.ranges.begin(), partition.ranges.end());
      for (const ContentRow& row : partition.rows) {
        ContentRow& into = rows[row.clustering];
        into.clustering = row.clustering;
        MergeRow(&into, row);
      }
    }
  }
  Content content;
  for (auto& [position, merged] : all) {
    auto& [partition, rows] = merged;
    std::tie(partition.token, partition.key) = position;
    partition.ranges = Flattened(partition.ranges, partition.deletion);
    for (auto& [clustering, row] : rows) {
      if (Strip(&row, partition.deletion, OpenAt(partition.ranges, clustering)))
        partition.rows.push_back(row);
    }
    if (!partition.rows.empty() || !partition.ranges.empty() || !partition.deletion.live()) {
      content.push_back(partition);
    }
  }
  return content;
}

Content Restricted(const Content& content, const PositionRange& range) {
  Content out;
  for (const ContentPartition& partition : content) {
    const PositionView start{partition.token, partition.key, {}};
    if (range.end.has_value() && (start >= *range.end || range.start >= *range.end)) continue;
    if (start < PositionView{range.start.token, range.start.key, {}}) continue;
    ContentPartition kept = partition;
    std::erase_if(kept.rows, [&](const ContentRow& row) {
      return !range.Contains(PositionView{partition.token, partition.key, row.clustering});
    });
    for (ContentRange& deletion : kept.ranges) {
      if (start.SamePartition(range.start))
        deletion.start = std::max(deletion.start, std::string(range.start.clustering));
      if (range.end.has_value() && start.SamePartition(*range.end)) {
        deletion.end = std::min(deletion.end, std::string(range.end->clustering));
      }
    }
    std::erase_if(kept.ranges, [](const ContentRange& deletion) { return deletion.start >= deletion.end; });
    if (!kept.rows.empty() || !kept.ranges.empty() || !kept.deletion.live()) out.push_back(std::move(kept));
  }
  return out;
}

Content Projected(const Content& content, const Projection& projection) {
  std::set<ColumnId> wanted;
  for (const ProjectedColumn& column : projection) wanted.insert(column.id);
  Content out = content;
  for (ContentPartition& partition : out) {
    for (ContentRow& row : partition.rows) {
      std::erase_if(row.cells, [&](const auto& cell) { return wanted.count(cell.first) == 0; });
    }
    std::erase_if(partition.rows, [](const ContentRow& row) {
      return !row.has_marker && row.cells.empty() && row.deletion.live();
    });
  }
  std::erase_if(out, [](const ContentPartition& partition) {
    return partition.rows.empty() && partition.ranges.empty() && partition.deletion.live();
  });
  return out;
}

Content LiveAt(const Content& content, int64_t now_seconds) {
  Content out = content;
  for (ContentPartition& partition : out) {
    partition.deletion = DeletionTime{};
    partition.ranges.clear();
    for (ContentRow& row : partition.rows) {
      row.deletion = DeletionTime{};
      if (row.marker_expiry <= now_seconds) row.has_marker = false;
      std::erase_if(row.cells, [&](const auto& cell) {
        return cell.second.tombstone || cell.second.expiry <= now_seconds;
      });
    }
  }
  return Normalized(out);
}

std::string Dump(const Content& content) {
  std::string out;
  for (const ContentPartition& partition : content) {
    out += StrCat("partition ", partition.token, " ", HexDump(partition.key, 1000));
    if (!partition.deletion.live()) out += StrCat(" ", Text(partition.deletion));
    out += "\n";
    for (const ContentRange& range : partition.ranges) {
      out += StrCat("  from ", HexDump(range.start, 1000), " to ", HexDump(range.end, 1000), " ",
                    Text(range.deletion), "\n");
    }
    for (const ContentRow& row : partition.rows) {
      out += StrCat("  row ", HexDump(row.clustering, 1000));
      if (row.has_marker) out += StrCat(" marker ", row.marker_timestamp, Expiry(row.marker_expiry));
      if (!row.deletion.live()) out += StrCat(" ", Text(row.deletion));
      out += "\n";
      for (const auto& [column, cell] : row.cells) out += Text(column, cell);
    }
  }
  return out;
}

uint64_t RowCount(const Content& content) {
  uint64_t count = 0;
  for (const ContentPartition& partition : content) count += partition.rows.size();
  return count;
}

}  // namespace stoa::testing
