#include "support/row_content.h"

#include <algorithm>
#include <optional>
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

void MergeElement(const std::string& path, const ContentElement& element, ContentComplex* into) {
  const auto [at, added] = into->elements.emplace(path, element);
  const auto strength = [](const ContentElement& e) {
    const bool ends = e.tombstone || e.expiry != kNoExpiry;
    return std::make_tuple(e.timestamp, ends, e.tombstone, ends ? e.expiry : 0, e.bytes);
  };
  if (!added && strength(element) > strength(at->second)) at->second = element;
}

void MergeComplex(const ContentComplex& from, ContentComplex* into) {
  into->deletion = Later(into->deletion, from.deletion);
  for (const auto& [path, element] : from.elements) MergeElement(path, element, into);
  into->deltas.insert(into->deltas.end(), from.deltas.begin(), from.deltas.end());
  std::sort(into->deltas.begin(), into->deltas.end());
}

/// Drops what `deletions` and its own shadow. False when nothing is left.
bool StripComplex(ContentCell* cell, const std::vector<DeletionTime>& deletions) {
  ContentComplex& inside = cell->inside;
  std::vector<DeletionTime> all = deletions;
  all.push_back(inside.deletion);
  if (Shadowed(deletions, inside.deletion.timestamp)) inside.deletion = DeletionTime{};
  std::erase_if(inside.elements,
                [&](const auto& element) { return Shadowed(all, element.second.timestamp); });
  std::erase_if(inside.deltas, [&](const ContentDelta& delta) { return Shadowed(all, delta.max_timestamp); });
  if (inside.empty()) return false;
  *cell = ContentCell::Of(inside);
  return true;
}

void AppendNumber(std::string* out, uint64_t number) {
  for (; number >= 128; number /= 128) out->push_back(static_cast<char>(number % 128 + 128));
  out->push_back(static_cast<char>(number));
}

void AppendSigned(std::string* out, int64_t number) {
  AppendNumber(out, number < 0 ? 2 * ~static_cast<uint64_t>(number) + 1 : 2 * static_cast<uint64_t>(number));
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
    if (!added && cell.complex) {
      MergeComplex(cell.inside, &at->second.inside);
    } else if (!added && Strength(cell) > Strength(at->second))
      at->second = cell;
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
  for (auto at = row->cells.begin(); at != row->cells.end();) {
    ContentCell& cell = at->second;
    const bool gone = cell.complex ? !StripComplex(&cell, all) : Shadowed(all, cell.timestamp);
    at = gone ? row->cells.erase(at) : std::next(at);
  }
  return row->has_marker || !row->cells.empty() || !row->deletion.live();
}

std::string Text(const DeletionTime& deletion) {
  return StrCat("deleted ", deletion.timestamp, "@", deletion.local_time);
}

std::string Expiry(int64_t expiry) { return expiry == kNoExpiry ? std::string() : StrCat(" until ", expiry); }

std::string Text(ColumnId column, const ContentCell& cell) {
  std::string out = StrCat("    c", column, " ", cell.timestamp, Expiry(cell.expiry));
  if (cell.complex) {
    out += StrCat(" complex ", HexDump(cell.bytes, 1000), "\n");
    if (!cell.inside.deletion.live()) out += StrCat("      ", Text(cell.inside.deletion), "\n");
    for (const auto& [path, element] : cell.inside.elements) {
      out += StrCat("      ", HexDump(path, 1000), " ", element.timestamp, Expiry(element.expiry),
                    element.tombstone ? " tombstone" : " ", HexDump(element.bytes, 1000), "\n");
    }
    for (const ContentDelta& delta : cell.inside.deltas) {
      out += StrCat("      from ", delta.min_timestamp, " to ", delta.max_timestamp, " ", delta.sum, "\n");
    }
    return out;
  }
  if (cell.tombstone) return StrCat(out, " tombstone\n");
  if (cell.empty) return StrCat(out, " empty\n");
  return StrCat(out, cell.blob ? " blob " : " ", cell.word, " ", HexDump(cell.bytes, 1000), "\n");
}

}  // namespace

int64_t ContentComplex::min_timestamp() const {
  int64_t least = deletion.live() ? INT64_MAX : deletion.timestamp;
  for (const auto& [path, element] : elements) least = std::min(least, element.timestamp);
  for (const ContentDelta& delta : deltas) least = std::min(least, delta.min_timestamp);
  return least;
}

int64_t ContentComplex::max_timestamp() const {
  int64_t greatest = deletion.timestamp;
  for (const auto& [path, element] : elements) greatest = std::max(greatest, element.timestamp);
  for (const ContentDelta& delta : deltas) greatest = std::max(greatest, delta.max_timestamp);
  return greatest;
}

ContentCell ContentCell::Of(ContentComplex inside) {
  ContentCell cell;
  cell.complex = true;
  cell.timestamp = inside.max_timestamp();
  std::optional<int64_t> local_time;
  std::optional<int64_t> expiry;
  if (!inside.deletion.live()) local_time = inside.deletion.local_time;
  for (const auto& [path, element] : inside.elements) {
    if (element.tombstone && !local_time) local_time = element.expiry;
    if (!element.tombstone && !expiry && element.expiry != kNoExpiry) expiry = element.expiry;
  }
  std::string& out = cell.bytes;
  out.push_back(static_cast<char>((local_time ? 2 : 0) + (expiry ? 4 : 0) + (inside.deletion.live() ? 0 : 8) +
                                  (inside.elements.empty() ? 0 : 16) + (inside.deltas.empty() ? 0 : 32)));
  const auto age = [&](int64_t of) { AppendNumber(&out, static_cast<uint64_t>(cell.timestamp - of)); };
  if (local_time) AppendSigned(&out, *local_time);
  if (expiry) AppendSigned(&out, *expiry);
  if (!inside.deletion.live()) age(inside.deletion.timestamp);
  if (!inside.elements.empty()) AppendNumber(&out, inside.elements.size());
  for (const auto& [path, element] : inside.elements) {
    const bool timed = element.tombstone || element.expiry != kNoExpiry;
    const bool common = timed && element.expiry == (element.tombstone ? *local_time : *expiry);
    const bool aged = element.timestamp != cell.timestamp;
    out.push_back(static_cast<char>((element.tombstone ? 1 : 0) + (aged ? 2 : 0) + (common ? 4 : 0) +
                                    (timed && !common ? 8 : 0)));
    AppendNumber(&out, path.size());
    out += path;
    if (aged) age(element.timestamp);
    if (timed && !common) AppendSigned(&out, element.expiry);
    if (element.tombstone) continue;
    AppendNumber(&out, element.bytes.size());
    out += element.bytes;
  }
  if (!inside.deltas.empty()) AppendNumber(&out, inside.deltas.size());
  for (const ContentDelta& delta : inside.deltas) {
    age(delta.max_timestamp);
    AppendNumber(&out, static_cast<uint64_t>(delta.max_timestamp - delta.min_timestamp));
    AppendSigned(&out, delta.sum);
  }
  cell.inside = std::move(inside);
  return cell;
}

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
      for (auto& [column, cell] : row.cells) {
        if (!cell.complex) continue;
        ContentComplex& inside = cell.inside;
        inside.deletion = DeletionTime{};
        std::erase_if(inside.elements, [&](const auto& element) {
          return element.second.tombstone || element.second.expiry <= now_seconds;
        });
        ContentDelta sum;
        for (const ContentDelta& delta : inside.deltas) sum.sum += delta.sum;
        if (inside.deltas.empty()) continue;
        sum.min_timestamp = inside.min_timestamp();
        sum.max_timestamp = inside.max_timestamp();
        inside.deltas = {sum};
      }
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
