// What reads have found out about dead runs of a table, for the reads after them.
//
// A queue is the case: rows are written at one end of a partition and deleted at the other, so that a read
// for the first living row has to go through all the dead ones - row deletions in memtables and SSTables, and
// below them the rows that they hide, until a merge has come by. What it went through stays dead unless
// something new is written there. So it leaves a note, from where to where nothing was alive, at which
// sequence; and a later read begins behind it, wherever the memtables have got nothing new in that stretch.
// dead_runs.cc says why that is exact.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "data/position.h"
#include "io/sync.h"
#include "memtable/memtable.h"
#include "read/dead_run_guide.h"

namespace stoa {

struct TableView;

/// Of a partition nothing with a clustering key from `begin` (included) to `end` (excluded) is alive at
/// `now_seconds` or later for who reads up to `sequence`, and nothing came alive there after it until the
/// watch of `memtable` began.
struct DeadRun {
  uint64_t token = 0;
  std::string key;
  std::string begin;
  std::string end;
  uint64_t sequence = 0;
  int64_t now_seconds = 0;
  std::weak_ptr<const Memtable> memtable;
  uint32_t watch = 0;
};

/// The dead runs of a table, at most kRunsMax and for each at most kRunBytesMax bytes of keys: of a partition
/// at most one for each direction of reading, the last one learned. Thread-safe.
class DeadRuns {
 public:
  static constexpr size_t kRunsMax = 512;
  static constexpr size_t kRunBytesMax = 2 << 10;

  bool any() const { return any_.load(std::memory_order_acquire); }
  /// Null if there is none.
  std::shared_ptr<const DeadRun> Find(uint64_t token, std::string_view key, bool reverse) const;
  void Put(DeadRun run, bool reverse);

 private:
  static size_t SlotOf(uint64_t token, bool reverse);

  std::atomic<bool> any_{false};  // so that tables without cost nothing
  mutable Mutex mutex_;
  std::unique_ptr<std::array<std::shared_ptr<const DeadRun>, kRunsMax>> slots_ ABSL_GUARDED_BY(mutex_);
};

/// One read's use of the dead runs of its table, for one range after another. Not thread-safe.
class DeadRunReader final : public DeadRunGuide {
 public:
  /// `table` outlives it. Learns nothing unless `may_learn`, which must be false for the view of a snapshot.
  DeadRunReader(const TableView& table, uint64_t sequence, int64_t now_seconds, bool reverse, bool may_learn)
      : table_(table),
        sequence_(sequence),
        now_seconds_(now_seconds),
        reverse_(reverse),
        may_learn_(may_learn) {}

  /// Turns to a range of one partition, whose ends outlive its use. Returns to where its beginning, in the
  /// direction of reading, may be moved because all before is known to be dead; null: nowhere. Valid until
  /// the next call of Enter.
  const std::string* Enter(const Position& start, const Position& end);

  std::optional<std::string_view> KnownEnd(std::string_view here) override;
  void Learn(std::optional<std::string_view> last_live, std::optional<std::string_view> next_live) override;

 private:
  /// Clustering keys from `begin` (included) to `end` (excluded).
  struct Slice {
    std::string begin;
    std::string end;
    bool empty() const { return begin >= end; }
  };
  enum class Found : uint8_t {
    kNothing,
    kSomething,  ///< and the slice was shortened
    kVoid,       ///< the note does not tell any more
  };

  Slice range() const { return Slice{start_->clustering, end_->clustering}; }
  bool MayLearn() const;
  bool FindKnown(Slice* slice);
  Found CutAtWrites(const DeadRun* run, uint64_t after_sequence, Slice* slice) const;
  void CutAt(std::string_view key, Slice* slice) const;

  const TableView& table_;
  const uint64_t sequence_;
  const int64_t now_seconds_;
  const bool reverse_;
  const bool may_learn_;

  const Position* start_ = nullptr;
  const Position* end_ = nullptr;
  std::shared_ptr<const DeadRun> run_;  // made use of
  std::string known_begin_;             // what Enter said
  std::string known_end_;               // what KnownEnd said
};

}  // namespace stoa
