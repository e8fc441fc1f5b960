// What a table holds, as plain lists: what tests expect of a row stream, and the simplest possible way to
// compute it. Nothing here shares code with lib/, so that both can be held against each other.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/deletion_time.h"
#include "data/position.h"
#include "data/row_batch.h"

namespace stoa::testing {

struct ContentElement {
  int64_t timestamp = 0;
  int64_t expiry = kNoExpiry;  ///< of a tombstone: its local deletion time
  bool tombstone = false;
  std::string bytes;
  friend bool operator==(const ContentElement&, const ContentElement&) = default;
};

struct ContentDelta {
  int64_t min_timestamp = 0;
  int64_t max_timestamp = 0;
  int64_t sum = 0;
  friend auto operator<=>(const ContentDelta&, const ContentDelta&) = default;
};

/// What is in a complex cell.
struct ContentComplex {
  DeletionTime deletion;
  std::map<std::string, ContentElement> elements;  ///< by path
  std::vector<ContentDelta> deltas;                ///< ascending

  bool empty() const { return deletion.live() && elements.empty() && deltas.empty(); }
  int64_t min_timestamp() const;
  int64_t max_timestamp() const;
  friend bool operator==(const ContentComplex&, const ContentComplex&) = default;
};

struct ContentCell {
  int64_t timestamp = 0;
  int64_t expiry = kNoExpiry;  ///< of a tombstone: its local deletion time
  bool tombstone = false;
  bool empty = false;
  uint64_t word = 0;
  std::string bytes;
  bool blob = false;  ///< `bytes` are a reference
  /// `bytes` are `inside`, encoded; and `timestamp` is the greatest in it.
  bool complex = false;
  ContentComplex inside = {};

  Cell view() const { return Cell{timestamp, expiry, tombstone, empty, blob, complex, word, bytes}; }
  /// The complex cell with this content, which is not empty. In the shape that everybody gives it.
  static ContentCell Of(ContentComplex inside);
  /// The value of a byte cell, as far as it is in the cell: of a blob, the prefix in the reference.
  std::string known_bytes() const;
  friend bool operator==(const ContentCell&, const ContentCell&) = default;
};

struct ContentRow {
  std::string clustering;
  bool has_marker = false;
  int64_t marker_timestamp = kNoTimestamp;
  int64_t marker_expiry = kNoExpiry;
  DeletionTime deletion;
  std::map<ColumnId, ContentCell> cells;
};

struct ContentRange {
  std::string start;  ///< included
  std::string end;    ///< excluded
  DeletionTime deletion;
};

struct ContentPartition {
  uint64_t token = 0;
  std::string key;
  DeletionTime deletion;
  std::vector<ContentRow> rows;      ///< ascending
  std::vector<ContentRange> ranges;  ///< any order, may overlap
};

/// Partitions ascending by (token, key).
using Content = std::vector<ContentPartition>;

/// Everything that the parts say, reconciled: the strongest deletions as adjacent ranges, without what they
/// shadow. Of one part: its normal form, in which equal contents are equal lists.
Content MergeContents(const std::vector<const Content*>& parts);
inline Content Normalized(const Content& content) { return MergeContents({&content}); }

/// What lies in `range`; range deletions are cut to it. The deletion of a partition is kept when anything of
/// the partition may lie in the range.
Content Restricted(const Content& content, const PositionRange& range);

/// Without the cells of columns outside the projection, and without the rows that have nothing then.
Content Projected(const Content& content, const Projection& projection);

/// What a reader sees at `now_seconds`: no deletions, no dead markers, cells or rows. `content` must be
/// normal.
Content LiveAt(const Content& content, int64_t now_seconds);

/// As text, one line per deletion, row and cell. Equal texts, equal contents.
std::string Dump(const Content& content);

uint64_t RowCount(const Content& content);

}  // namespace stoa::testing
