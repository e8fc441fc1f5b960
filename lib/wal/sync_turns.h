// Who syncs the log, and who waits for it.
#pragma once

#include <atomic>
#include <cstdint>

#include "io/clock.h"
#include "io/sync.h"

namespace stoa {

/// Threads that want to sync take turns: the kernel would tell only one of several that sync at once of an
/// error. Who waits is told, each by himself, that what he wants is durable, or that the turn may be his.
/// (Eight writers of synced rows reach a fifth more than when all were woken by one condition variable, each
/// to take its mutex: 1.9 switches of threads a write instead of 2.5.)
///
/// Threads that sync what they have written, again and again, all wait for the same sync; but when it ends,
/// who came too late for it would take the next turn at once, before the others are back: each sync would do
/// for half of them. So the first waits until as many are here as were when the last sync ended, half as long
/// as that took at most; and when they do not come, nobody does for 1, 2, 4 ... turns. The last to come takes
/// the turn himself: he is awake, while the first would have to be woken.
///
/// Thread-safe.
class SyncTurns {
 public:
  /// `durable` is the sequence up to which everything is durable. Without a clock nobody waits for others.
  SyncTurns(const std::atomic<uint64_t>& durable, Clock* clock) : durable_(durable), clock_(clock) {}

  /// A turn, which ends with it.
  class Turn {
   public:
    /// Waits for the turn; takes none if meanwhile everything up to `target` has become durable.
    Turn(SyncTurns* turns, uint64_t target) : turns_(*turns), taken_(turns->Take(target)) {}
    ~Turn() {
      if (taken_) turns_.End();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    bool taken() const { return taken_; }

   private:
    SyncTurns& turns_;
    const bool taken_;
  };

  /// From now on nobody waits for others: there is nothing to sync any more.
  void StopGathering() { gathers_.store(false, std::memory_order_relaxed); }

 private:
  struct Waiter;

  static constexpr unsigned kTurnsAloneMax = 64;

  bool Take(uint64_t target) ABSL_LOCKS_EXCLUDED(mutex_);
  void End() ABSL_LOCKS_EXCLUDED(mutex_);
  void Begin() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MustGather() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(const Waiter* waiter) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::atomic<uint64_t>& durable_;
  Clock* const clock_;
  std::atomic<bool> gathers_{true};

  Mutex mutex_;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;
  Waiter* waiting_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Waiter* gatherer_ ABSL_GUARDED_BY(mutex_) = nullptr;  // who waits for others; one of `waiting_`
  unsigned present_ ABSL_GUARDED_BY(mutex_) = 0;        // in a turn or waiting for one
  unsigned expected_ ABSL_GUARDED_BY(mutex_) = 0;
  unsigned turns_alone_ ABSL_GUARDED_BY(mutex_) = 0;  // as many follow in which nobody waits
  unsigned last_turns_alone_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t began_at_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t last_micros_ ABSL_GUARDED_BY(mutex_) = 0;  // that the last turn took
};

}  // namespace stoa
