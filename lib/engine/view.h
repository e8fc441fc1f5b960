// Views: what a reader sees. One immutable, database-wide list of the sources of every table.
//
// The rules, each of which has cost other engines wrong answers:
//
//  * A reader first loads the view, then takes its sequence S = min(visible sequence, View::limit_sequence).
//  Rows in
//    memtables are read up to S; SSTables need no sequences, because all that is in one was visible before
//    its view was.
//  * When a memtable is sealed, the old view's limit_sequence is set to the seal sequence and the new view is
//  published, both before
//    the first write into the new memtable. So a reader who still holds the old view, which will never see
//    the writes after the seal, does not claim to.
//  * A flush starts when the seal sequence is visible: nobody writes to the memtable any more.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/btree_map.h>

#include <stoa/write_batch.h>

#include "base/prefetch.h"
#include "engine/dead_runs.h"
#include "io/sync.h"
#include "memtable/memtable.h"
#include "sstable/sstable.h"

namespace stoa {

/// A memtable that takes no more writes.
struct SealedMemtable {
  std::shared_ptr<const Memtable> memtable;
  /// Greatest sequence that may be in it.
  uint64_t seal_sequence = 0;
  /// Sequences in it are greater than this.
  uint64_t after_sequence = 0;
};

/// The sources of one table. Immutable.
struct TableView {
  Table schema;
  std::shared_ptr<Memtable> active;
  uint64_t active_after_sequence = 0;              ///< sequences in `active` are greater
  std::vector<SealedMemtable> sealed;              ///< oldest first
  std::vector<std::shared_ptr<SSTable>> sstables;  ///< descending by greatest timestamp
  uint64_t flushed_sequence = 0;                   ///< everything up to here is in SSTables or truncated
  /// Of the table; all its views share them.
  std::shared_ptr<DeadRuns> dead_runs = std::make_shared<DeadRuns>();

  /// Sorts `sstables` into the order that reads want.
  void SortSSTables();
};

class View : public std::enable_shared_from_this<View> {
 public:
  /// Ordered: the order in which tables are flushed must not depend on addresses or hash seeds.
  using Tables = absl::btree_map<TableId, std::shared_ptr<const TableView>>;
  explicit View(Tables tables) : tables_(std::move(tables)) {}

  const Tables& tables() const { return tables_; }
  const TableView* Find(TableId id) const {
    auto it = tables_.find(id);
    return it == tables_.end() ? nullptr : it->second.get();
  }
  const TableView* FindByName(std::string_view name) const;

  /// Set once, before a view that replaces an active memtable is published.
  void LimitTo(uint64_t sequence) const;
  uint64_t limit_sequence() const { return limit_sequence_.load(std::memory_order_acquire); }

 private:
  const Tables tables_;
  mutable std::atomic<uint64_t> limit_sequence_{std::numeric_limits<uint64_t>::max()};
};

/// Holds the current view and lets readers pin it without a counter that all of them write to: a reader
/// announces the view it uses in one of a few slots (hazard pointers, M. Michael 2004); a view that was
/// replaced is let go when no slot names it.
class ViewHolder {
 public:
  ViewHolder() = default;
  ~ViewHolder();
  ViewHolder(const ViewHolder&) = delete;
  ViewHolder& operator=(const ViewHolder&) = delete;

  /// A pinned view; unpins when destroyed. For the time of one call; whoever needs a view for longer takes
  /// share().
  class Pin {
   public:
    Pin(Pin&& other) noexcept : view_(other.view_), slot_(other.slot_), owner_(std::move(other.owner_)) {
      other.slot_ = nullptr;
    }
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (slot_ != nullptr) slot_->store(nullptr, std::memory_order_release);
    }
    const View* operator->() const { return view_; }
    const View& operator*() const { return *view_; }
    std::shared_ptr<const View> share() const { return view_->shared_from_this(); }

   private:
    friend class ViewHolder;
    Pin(const View* view, std::atomic<const void*>* slot, std::shared_ptr<const View> owner)
        : view_(view), slot_(slot), owner_(std::move(owner)) {}
    const View* view_;
    std::atomic<const void*>* slot_;
    std::shared_ptr<const View> owner_;  // when all slots were taken
  };

  Pin Acquire() const;
  std::shared_ptr<const View> Get() const;

  /// Makes `view` the current one.
  void Publish(std::shared_ptr<const View> view);

  /// Lets go of replaced views that a reader still used when they were replaced.
  void Reclaim();

 private:
  static constexpr size_t kSlots = 64;
  struct alignas(kCacheLineBytes) Slot {
    std::atomic<const void*> view{nullptr};
  };

  mutable std::array<Slot, kSlots> slots_;
  std::atomic<const View*> current_{nullptr};
  mutable Mutex mutex_;
  std::shared_ptr<const View> current_owner_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const View>> retired_ ABSL_GUARDED_BY(mutex_);
};

/// What a read sees: a pinned view, and the greatest sequence that it reads.
struct ReadPoint {
  ViewHolder::Pin view;
  uint64_t sequence;
};

/// The first rule above: first the view, then `visible()`, the greatest sequence that may be seen, and last
/// the limit of the view, which may have been set in between.
template <typename Visible>
ReadPoint AcquireReadPoint(const ViewHolder& views, const Visible& visible) {
  ViewHolder::Pin view = views.Acquire();
  const uint64_t sequence = visible();
  const uint64_t limit = view->limit_sequence();
  return ReadPoint{std::move(view), std::min(sequence, limit)};
}

}  // namespace stoa
