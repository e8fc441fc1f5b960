// Merging the versions of a complex cell.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "data/complex_cell.h"
#include "data/fragment.h"
#include "data/source_bounds.h"

namespace stoa {

/// Whether deltas of a counter between `from` and `to` may become one. They may if no deletion which the
/// merge does not know of can have a timestamp of `from` or later and before `to`: such a one would have to
/// remove a part of the sum. (One at `to` or later removes all of it, one before `from` nothing.)
using CanFold = std::function<bool(int64_t from, int64_t to)>;

/// What a merge leaves of the cells it merges. The functions must outlive the call they are given to.
struct ComplexRules {
  static constexpr int64_t kDeadToo = kNoTimestamp;

  /// Of the strongest deletion of row, range and partition: what is at or before it is gone.
  int64_t covering = kNoTimestamp;
  /// Other than kDeadToo: a reader's second. Leaves what is alive then, elements and the sum of a counter,
  /// and nothing else.
  int64_t live_at = kDeadToo;
  /// Asked of each element and, as of a tombstone, of the deletion: false if it is to go; may change what it
  /// is asked of. Null: all stay.
  const std::function<bool(Cell* cell)>* keep = nullptr;
  /// Null: deltas stay as they are, but for those of one timestamp.
  const CanFold* can_fold = nullptr;
};

/// Merges cells of one column. One that nothing is taken from passes through as it is, several take
/// O(n log k) for n elements in k cells. Reused without allocating once grown. Not thread-safe.
///
/// Of any bytes it makes a resolved, well-formed cell, or none; malformed ones are read as far as they are
/// well formed.
class ComplexMerger {
 public:
  /// Forgets the cells before.
  void Start() { inputs_.clear(); }
  /// What the cell views must live until Merge. `context`: of a fragment's cell.
  void Add(const Cell& cell, const FragmentContext& context) { inputs_.push_back(Input{cell, context}); }

  /// False when nothing remains. Otherwise `*result` is a resolved cell, whose bytes are in `*buffer`, which
  /// is overwritten, or those of an added cell.
  bool Merge(const ComplexRules& rules, std::string* buffer, Cell* result);

 private:
  struct Input {
    Cell cell;
    FragmentContext context;
  };
  /// A place in the elements of an input.
  struct Cursor {
    ComplexCellReader reader;
    FragmentContext context;
    ComplexElement element;
  };

  bool PassesUntouched(const ComplexRules& rules) const;
  bool Remains(const ComplexRules& rules, Cell* cell) const;
  bool Next(Cursor* cursor);
  void MergeElements();
  void TakeElement(const ComplexElement& element);
  void OrderPendingPaths();
  void MergeDeltas(const ComplexRules& rules);
  int64_t GreatestTimestamp() const;
  void Encode(int64_t timestamp, std::string* out) const;
  void EncodeElement(const ComplexElement& element, int64_t timestamp, int64_t local_time, int64_t expiry,
                     std::string* out) const;

  std::vector<Input> inputs_;
  std::vector<Cursor> cursors_;
  std::vector<uint32_t> heap_;
  Arena arena_;  // list paths
  bool has_pending_ = false;
  int64_t shadow_ = kNoTimestamp;

  // What remains.
  DeletionTime deletion_;
  std::vector<ComplexElement> elements_;
  std::vector<CounterDelta> deltas_;
};

/// What others need to know of a complex cell.
struct ComplexSummary {
  TimeBounds times;              ///< of everything inside
  uint64_t tombstone_count = 0;  ///< of elements, and the deletion
  /// Whether all of it is plainly live.
  bool clean() const { return !times.has_tombstones && !times.has_expiring; }
};
ComplexSummary SummaryOf(const Cell& cell, const FragmentContext& context = {});

/// Of a resolved cell at `now_seconds`: whether something is alive in it, whether something is not, and
/// whether it is a counter in several parts.
struct ComplexLiveness {
  bool live = false;
  bool dead = false;
  bool split = false;
};
ComplexLiveness LivenessOf(const Cell& cell, int64_t now_seconds);

}  // namespace stoa
