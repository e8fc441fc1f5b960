// The live snapshots of a database, and how flushing gives back the memory that they pin.
//
// A snapshot is a view kept. When a memtable in it is flushed, the flush cuts its output at the sequences of
// the snapshots (SequencesBetween): so many SSTables, of which each snapshot can see a whole number. Those
// take the memtable's place in the snapshot's view (ReplaceMemtables), and the memtable goes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/view.h"
#include "io/sync.h"

namespace stoa {

/// What a snapshot sees. Thread-safe.
class SnapshotPoint {
 public:
  SnapshotPoint(std::shared_ptr<const View> view, uint64_t sequence, int64_t now_seconds)
      : sequence_(sequence), now_seconds_(now_seconds), view_(std::move(view)) {}

  uint64_t sequence() const { return sequence_; }
  int64_t now_seconds() const { return now_seconds_; }
  std::shared_ptr<const View> view() const {
    MutexLock lock(&mutex_);
    return view_;
  }

 private:
  friend class SnapshotList;

  const uint64_t sequence_;
  const int64_t now_seconds_;
  mutable Mutex mutex_;
  std::shared_ptr<const View> view_ ABSL_GUARDED_BY(mutex_);
};

/// What of flushed memtables has sequences greater than `after` and at most `up_to`.
struct FlushedPart {
  uint64_t after = 0;
  uint64_t up_to = 0;
  std::shared_ptr<SSTable> sstable;  ///< null: there is nothing
};

/// Thread-safe.
class SnapshotList {
 public:
  /// A list is empty when it is made, and its snapshots take themselves off by going.
  std::shared_ptr<const SnapshotPoint> Add(std::shared_ptr<const View> view, uint64_t sequence,
                                           int64_t now_seconds);

  bool empty() const { return Live().empty(); }

  /// The sequences of the snapshots that lie between the two, without them; ascending, each once.
  std::vector<uint64_t> SequencesBetween(uint64_t after, uint64_t before) const;

  /// In the views of all snapshots puts `parts` (ascending, without gaps: all there is of the memtables) in
  /// the place of `memtables`; each view gets those up to its snapshot's sequence. A snapshot whose sequence
  /// lies inside a part keeps the memtables. `empty` takes the place of a memtable that was active.
  void ReplaceMemtables(TableId table, std::span<const SealedMemtable> memtables,
                        std::span<const FlushedPart> parts, const std::shared_ptr<Memtable>& empty);

 private:
  std::vector<std::shared_ptr<SnapshotPoint>> Live() const;

  mutable Mutex mutex_;
  std::vector<std::weak_ptr<SnapshotPoint>> points_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace stoa
